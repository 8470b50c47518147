import { pendingPartitionOf, problemPartitionOf } from '../../lib/core/delivery.ts'

const campaignSeconds = 600
/** After sending; until then its mail is in the index of pending deliveries. */
const deliveredAfterSeconds = 4
const startMs = Date.parse('2026-11-20T02:00:00Z')

/** DynamoDB's bound for one partition (developer guide, "Burst and adaptive capacity"). */
const writesOfPartition = 1_000

/** The message and recipient of one mail of the campaign. */
export function mailOfCampaign(index: number, mails: number): { message: string; recipient: string } {
  const sentMs = startMs + 1_000 * Math.floor((index / mails) * campaignSeconds)
  // The message shows UTC+8.
  const digits = new Date(sentMs + 28_800_000).toISOString().replace(/\D/g, '').slice(0, 14)
  return {
    message: `qcloudses-30-251200670-date-${digits}-${index.toString(36).padStart(13, 'x')}`,
    recipient: `recipient-${index}@example.com`,
  }
}

/** How many writes one second brings to one key at most. */
class Peak {
  readonly #writes = new Map<string, number>()
  most = 0

  add(second: number, key: string): void {
    const name = `${second} ${key}`
    const writes = (this.#writes.get(name) ?? 0) + 1
    this.#writes.set(name, writes)
    if (writes > this.most) this.most = writes
  }
}

/**
 * Lines about the writes that a campaign of so many mails in ten minutes brings to one partition key of an index in one second,
 * with sends recorded: as the indexes are, and as they would be by the day alone.
 */
export function benchCampaign(mails: number): readonly string[] {
  const peaks = {
    pending: new Peak(),
    pendingByDay: new Peak(),
    problems: new Peak(),
    problemsByDay: new Peak(),
  }
  for (let index = 0; index < mails; index += 1) {
    const mail = mailOfCampaign(index, mails)
    const second = Math.floor((index / mails) * campaignSeconds)
    // A mail enters the index when its sending is recorded, and leaves it when it is delivered or bounces.
    for (const at of [second, second + deliveredAfterSeconds]) {
      peaks.pending.add(at, pendingPartitionOf(mail.message))
      peaks.pendingByDay.add(at, 'day')
    }
    if (index % 20 !== 0) continue
    peaks.problems.add(second + deliveredAfterSeconds, problemPartitionOf(mail))
    peaks.problemsByDay.add(second + deliveredAfterSeconds, 'day')
  }
  const line = (name: string, sharded: Peak, byDay: Peak) =>
    `  ${name.padEnd(40)} ${sharded.most.toLocaleString('en-US')} writes a second to one key at most; by the day alone ${byDay.most.toLocaleString('en-US')}. A partition takes ${writesOfPartition.toLocaleString('en-US')}`
  return [
    line('pending, in 16 shards', peaks.pending, peaks.pendingByDay),
    line('problems, in 8, one mail in 20 bounced', peaks.problems, peaks.problemsByDay),
  ]
}
