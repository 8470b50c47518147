import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { nameOf, type Delivery } from '../../../lib/core/delivery.ts'
import { dayMs, hourMs, minuteMs } from '../../../lib/core/instant.ts'
import type { StatusApi } from '../../../lib/reconcile/ports.ts'
import { reconcile } from '../../../lib/reconcile/reconcile.ts'
import { inMemoryLedger, type Ledger } from '../../../local/in-memory-ledger.ts'
import { seededRandom } from '../../../local/simulated-ses/random.ts'
import type { RowOrder } from '../../../local/simulated-ses/row-order.ts'
import { isRight, truthAt } from '../../../local/truth.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import { changes, ChangingMailbox, type Change } from './changing-mailbox.ts'
import { dependenciesOf, statusApiOver } from './in-memory-run.ts'
import type { OpenMail, ReportedMail } from './mail-in-the-making.ts'
import { times } from '../../strength.ts'

// The order of the provider's list is undocumented, and the list may change between two of its pages. So a list keeps rows
// to itself, and what is pending must be found all the same.
//
// What can be promised:
// - in every order, whatever changes: a delivery that was known as pending ends with an outcome that the provider reported, and
//   so does one that was discovered;
// - in an order that is the same at each call, as soon as the lists stand still: every row that is listed is known and right
//   in all that the list reports. A row that vanished before it was read can have been missed.
// Where rows change places at each call, nobody can promise that a row is ever listed.

const orders: readonly RowOrder[] = [
  'oldest-first',
  'newest-first',
  'by-status-change',
  'equal-keys',
  'random',
]
const stableOrders: readonly RowOrder[] = ['oldest-first', 'newest-first', 'by-status-change']

/** Whether reading such a list forward misses rows of it: where it misses none, that no outcome is missed proves little. */
function isMissingRows(order: RowOrder, change: Change): boolean | 'now and then' {
  if (order === 'random' || change === 'vanish' || change === 'insert') return true
  if (order === 'equal-keys' || order === 'by-status-change') return 'now and then'
  // Newest first, what comes in front while pages are read is missed by this reading, where it goes to the last page.
  return order === 'newest-first' && change === 'append' ? 'now and then' : false
}

/** 12:00 in UTC+8: the list of the day before is long, and so is that of today. */
const startMs = Date.parse('2026-11-21T04:00:00Z')
const yesterdayMs = Date.parse('2026-11-19T16:00:00Z')
const todayMs = Date.parse('2026-11-20T16:00:00Z')
/** Lists change when they are read first and when they are read again three days later; after that they stand still. */
const changesUntilMs = Date.parse('2026-11-25T00:00:00Z')
/** The provider reports none of these mails any more. */
const endMs = Date.parse('2026-12-27T00:00:00Z')

/** Runs as they are scheduled, while much is on its way; then fewer, which must do as well. */
function nextRunMs(atMs: number): number {
  if (atMs < startMs + 4 * hourMs) return atMs + 15 * minuteMs
  return atMs + (atMs < startMs + 6 * dayMs ? 12 * hourMs : dayMs)
}

interface World {
  readonly clock: VirtualClock
  readonly ledger: Ledger
  readonly sent: ChangingMailbox
  readonly statusApi: StatusApi
}

function worldOf(order: RowOrder, change: Change, seed: number): World {
  const random = seededRandom(seed)
  const clock = virtualClock(startMs)
  const sent = new ChangingMailbox({ order, change, random, changesUntilMs })
  for (let message = 0; message < 250; message += 1) sent.send(yesterdayMs + random.int(0, dayMs - 1))
  for (let message = 0; message < 90; message += 1) sent.send(todayMs + random.int(0, startMs - todayMs))
  // More than a page between two runs, many of them in the same minute.
  for (let message = 0; message < 130; message += 1)
    sent.send(startMs + hourMs + random.int(0, 14 * minuteMs))
  return { clock, ledger: inMemoryLedger(clock), sent, statusApi: statusApiOver(sent.mailbox, clock) }
}

/** Runs until the provider reports no more. */
async function play({ clock, ledger, sent, statusApi }: World): Promise<void> {
  const reported = new Set<ReportedMail>()
  for (let atMs = startMs; atMs <= endMs; atMs = nextRunMs(atMs)) {
    clock.advanceTo(atMs)
    for (const mail of sent.mails) {
      if (
        mail.reported === undefined ||
        reported.has(mail) ||
        (mail.reported.occurredAtMs ?? 0) > clock.now()
      )
        continue
      reported.add(mail)
      await ledger.deliveries.record(mail.reported)
    }
    await reconcile(dependenciesOf({ statusApi, ledger, clock }, `run at ${atMs}`), {
      deadlineMs: clock.now() + 5 * minuteMs,
      maxCalls: 1_000,
      requestsPerSecond: 1,
    })
  }
}

/** A soft bounce is a result as well, and no look is taken for what may follow it (docs/adr/0009). */
const outcomes: ReadonlySet<string> = new Set(['soft-bounced', 'delivered', 'dropped', 'bounced'])

/** The status that is true in the end; `unknown` where the provider never reported an outcome. */
function endOf(mail: OpenMail): string {
  const { status = 'requested' } = truthAt(mail, endMs) ?? {}
  return status === 'requested' || status === 'deferred' ? 'unknown' : status
}

/** The outcomes that the provider reported, one after the other: mostly one. */
function outcomesOf(mail: OpenMail): ReadonlySet<string> {
  const reported = mail.timeline.map(({ atMs }) => truthAt(mail, atMs)?.status ?? '')
  return new Set([...reported.filter((status) => outcomes.has(status)), endOf(mail)])
}

/** Whether the row ends with an outcome that was reported, and says that none is known only where that is so. */
function hasOutcome(row: Delivery | undefined, mail: OpenMail): boolean {
  const isClosed = row?.facts.has('unknown') === true
  return outcomesOf(mail).has(row?.status ?? '') && isClosed === (endOf(mail) === 'unknown')
}

/** Whether the row says all that is true in the end. */
function isComplete(row: Delivery | undefined, mail: OpenMail): boolean {
  const truth = truthAt(mail, endMs)
  return endOf(mail) === 'unknown' ? hasOutcome(row, mail) : truth !== undefined && isRight(row, truth)
}

/** A line for each of the mails of which the row is not as it must be. */
async function wrongOf(
  { ledger }: World,
  mails: readonly ReportedMail[],
  isAsItMustBe: (row: Delivery | undefined, mail: OpenMail) => boolean,
): Promise<readonly string[]> {
  const wrong: string[] = []
  for (const { mail, reported } of mails) {
    const key = { recipient: mail.recipient.toLowerCase(), message: mail.messageId }
    const [row] = await ledger.deliveries.rowsOf([key])
    if (isAsItMustBe(row, mail)) continue
    const happened = mail.timeline.map(({ kind, atMs }) => `${kind} ${new Date(atMs).toISOString()}`)
    const facts = [...(row?.facts ?? [])].flatMap(([kind, of]) => of.map(({ text }) => `${kind} ${text}`))
    const stands = `${row?.status ?? 'nothing'} (${facts.join(', ')})`
    wrong.push(
      `${nameOf(key)}: reported ${reported?.kind ?? 'nothing'}, happened ${happened.join(', ')}; stands ${stands}`,
    )
  }
  return wrong
}

/** Every order with every change; or one pair for each order, and all changes among them. */
const pairs = orders
  .flatMap((order) => changes.map((change) => ({ order, change })))
  .filter((_, index) => index % times({ quick: changes.length - 1, proof: 1 }) === 0)

describe.each(pairs)('a list $order, with $change between its pages', ({ order, change }) => {
  it('keeps no outcome from a delivery that was pending', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(), async (seed) => {
        const world = worldOf(order, change, seed)
        await play(world)
        const { mails, vanished, changed, skipped } = world.sent
        expect(changed > 0).toBe(change !== 'none')
        const isMissing = isMissingRows(order, change)
        if (isMissing !== 'now and then') expect(skipped > 0).toBe(isMissing)

        const pending = mails.filter(({ isKnownAsPending }) => isKnownAsPending)
        expect(pending.length).toBeGreaterThan(200)
        expect(await wrongOf(world, pending, hasOutcome)).toEqual([])
        expect(await Array.fromAsync(world.ledger.deliveries.pending())).toEqual([])

        const unheard = mails.filter(({ reported }) => reported === undefined)
        const isTrue = (row: Delivery | undefined, mail: OpenMail) => !row || hasOutcome(row, mail)
        expect(await wrongOf(world, unheard, isTrue)).toEqual([])
        const promised = stableOrders.includes(order) ? mails : []
        const listed = promised.filter(({ mail }) => !vanished.has(mail))
        expect(await wrongOf(world, listed, isComplete)).toEqual([])
      }),
      { numRuns: 1, endOnFailure: true },
    )
  })
})
