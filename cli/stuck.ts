import type { Command } from 'commander'
import type { DeliveryKey } from '../lib/core/delivery.ts'
import { dayMs, formatInstant, requestDateOf } from '../lib/core/instant.ts'
import { lookAgesMs } from '../lib/core/schedule.ts'
import type { Status } from '../lib/core/delivery.ts'
import { datedOf, inBatches } from '../lib/reconcile/survey.ts'
import { deliveryReader } from '../lib/table/delivery-reader.ts'
import { ageIn } from './age.ts'
import { colored } from './colors.ts'
import { inColumns } from './columns.ts'
import { counted } from './counted.ts'
import { numberIn } from './day-range.ts'
import { FirstOf } from './first-of.ts'
import { localTimes, timeZoneOption, type LocalTimes, type TimeZoneOption } from './local-time.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import { printJson } from './print-json.ts'

interface StuckOptions extends TimeZoneOption {
  readonly olderThan: number
  readonly limit: number
  readonly json?: boolean
}

/** Declares `ledger stuck`. */
export function registerStuck(program: Command): void {
  program
    .command('stuck')
    .description(
      'mails of which the outcome is not known yet, the oldest first, and when they are looked up next',
    )
    .option('--older-than <age>', 'only those sent so long ago, such as 30m, 24h or 3d', ageIn, dayMs)
    .option('--limit <number>', 'mails shown; all are counted', numberIn(1, 10_000), 20)
    .addOption(timeZoneOption())
    .option('--json', 'print the mails as JSON')
    .action(stuck)
}

interface StuckMail extends DeliveryKey {
  readonly provider: string
  readonly status: Status
  readonly sentAtMs: number
}

interface Found {
  mails: number
  readonly byDay: Map<string, number>
  /** As many as are shown. */
  readonly oldest: FirstOf<StuckMail>
}

async function stuck({ olderThan, limit, tz, json = false }: StuckOptions): Promise<void> {
  await withLedger(async (ledger) => {
    const nowMs = ledger.clock.now()
    const found = await find(ledger, nowMs - olderThan, limit)
    const shown = found.oldest.inOrder().map((mail) => ({ mail, nextMs: nextLookMs(mail, nowMs) }))
    if (json) {
      printJson({
        mails: found.mails,
        byDay: Object.fromEntries([...found.byDay].sort()),
        oldest: shown.map(({ mail: { sentAtMs, ...mail }, nextMs }) => ({
          ...mail,
          sentAt: formatInstant(sentAtMs),
          ...(nextMs !== undefined && { nextLookUp: formatInstant(nextMs) }),
        })),
      })
    } else process.stdout.write(`${linesOf(found, shown, localTimes({ tz })).join('\n')}\n`)
  })
}

/** Goes once through the pending index, and holds what is shown. */
async function find(
  { client, tables, clock, log }: OpenLedger,
  sentUntilMs: number,
  limit: number,
): Promise<Found> {
  const reader = deliveryReader({ client, table: tables.deliveries, clock, log })
  const found: Found = { mails: 0, byDay: new Map(), oldest: new FirstOf(limit, byAge) }
  for await (const batch of inBatches(reader.pending())) {
    for (const { delivery, sentAtMs } of await datedOf(reader, batch)) {
      if (sentAtMs > sentUntilMs) continue
      found.mails += 1
      const day = requestDateOf(sentAtMs)
      found.byDay.set(day, (found.byDay.get(day) ?? 0) + 1)
      found.oldest.add({ ...delivery, sentAtMs })
    }
  }
  return found
}

function byAge(one: StuckMail, other: StuckMail): number {
  return one.sentAtMs - other.sentAtMs || (one.recipient < other.recipient ? -1 : 1)
}

/** When the schedule looks it up next; `undefined` where it does not any more. */
function nextLookMs({ status, sentAtMs }: StuckMail, nowMs: number): number | undefined {
  return lookAgesMs(status)
    .map((ageMs) => sentAtMs + ageMs)
    .find((lookMs) => lookMs > nowMs)
}

function linesOf(
  { mails, byDay }: Found,
  shown: readonly { readonly mail: StuckMail; readonly nextMs: number | undefined }[],
  { time, zone }: LocalTimes,
): readonly string[] {
  if (mails === 0) return ['No mail is stuck: the outcome of every older one is known.']
  const rows = shown.map(({ mail, nextMs }) => [
    time(mail.sentAtMs),
    colored(mail.status),
    mail.recipient,
    mail.provider,
    nextMs === undefined ? 'no look-up any more' : `next look-up ${time(nextMs)}`,
    mail.message,
  ])
  const days = [...byDay].sort().map(([day, ofDay]) => [day, ofDay.toLocaleString('en-US')])
  return [
    `${counted(mails, 'mail')} without an outcome, by day of sending (UTC+8):`,
    ...inColumns(days, new Set([1])).map((line) => `  ${line}`),
    '',
    ...inColumns(rows),
    ...(mails > shown.length ? [`${counted(mails - shown.length, 'later mail')} (--limit).`] : []),
    `Times are in ${zone}.`,
  ]
}
