import pMap from 'p-map'
import type { Delivery } from '../core/delivery.ts'
import type { EventKind } from '../core/event.ts'
import { judgeReply } from '../core/judge-reply.ts'
import { eventOf } from '../core/stored-event.ts'
import {
  counting,
  datedLater,
  dayOf,
  emptySuppression,
  heldReasons,
  lastOf,
  latestInstantOf,
  parseEvidence,
  withEvidence,
  type HeldReason,
  type Suppression,
  type SuppressionEvidence,
} from '../core/suppression.ts'
import { suppressionOf } from '../core/suppression-rules.ts'
import type { DeliveryReader, DeliveryScanner } from '../ledger/ports.ts'
import type { Clock } from '../runtime/ports.ts'
import type { SuppressionRemover, SuppressionScanner, SuppressionWriter } from './ports.ts'

interface RecheckDependencies {
  readonly deliveries: Pick<DeliveryReader, 'ofRecipient'> &
    Pick<DeliveryScanner, 'pages' | 'approximateRows'>
  readonly suppressions: SuppressionScanner & SuppressionWriter & SuppressionRemover
  readonly clock: Clock
  readonly blocklistDays: number
}

/** The progress of a recheck and its results so far: all that is needed to resume. */
export interface RecheckState {
  /** First all deliveries are judged, then all addresses on the list. */
  readonly phase: 'deliveries' | 'suppressions' | 'done'
  readonly position?: string
  readonly deliveries: number
  readonly suppressions: number
  readonly added: number
  readonly doubtful: number
  readonly removed: number
}

export const recheckFromStart: RecheckState = {
  phase: 'deliveries',
  deliveries: 0,
  suppressions: 0,
  added: 0,
  doubtful: 0,
  removed: 0,
}

/** What a recheck found for one address. */
export type RecheckFinding =
  /** The stored facts hold evidence against it that the list lacks. */
  | { readonly type: 'missing'; readonly evidence: SuppressionEvidence }
  | {
      readonly type: 'doubtful'
      readonly recipient: string
      readonly doubts: readonly Doubt[]
      /** Other reasons that still hold, so that it was not removed. */
      readonly alsoHeld: readonly HeldReason[]
    }

/** Why a hard bounce may no longer hold. */
export type Doubt =
  | {
      readonly type: 'delivered-since'
      readonly kind: EventKind
      readonly atMs: number
      readonly message: string
    }
  | { readonly type: 'judged-otherwise'; readonly line: string }

interface RecheckOrder {
  readonly isDryRun: boolean
  /** Removes doubtful addresses from the list if no other reason holds. */
  readonly isRemoving: boolean
  readonly from: RecheckState
  readonly signal: AbortSignal
  readonly onFinding: (finding: RecheckFinding) => void
  /** Called after each page: everything up to it is durable. */
  readonly onState: (state: RecheckState) => Promise<void> | void
}

/** Concurrent addresses and writes of one recheck. */
const concurrent = 16

/**
 * Judges the stored replies of all deliveries by the current rules, adds what the list lacks, and reports addresses
 * whose hard bounce is in doubt: delivered or opened since, or judged differently now. Holds one page at a time. If
 * `signal` aborts, it ends after the current page; the state then says where to resume. Running it twice adds nothing
 * more.
 */
export async function recheck(deps: RecheckDependencies, order: RecheckOrder): Promise<RecheckState> {
  let state = order.from
  if (state.phase === 'deliveries') state = await recheckDeliveries(deps, order, state)
  if (state.phase === 'suppressions' && !order.signal.aborted)
    state = await recheckSuppressions(deps, order, state)
  return state
}

async function recheckDeliveries(
  deps: RecheckDependencies,
  order: RecheckOrder,
  from: RecheckState,
): Promise<RecheckState> {
  let state = from
  for await (const { items, rows, next } of deps.deliveries.pages(from.position)) {
    const missing = await missingOf(items, deps)
    for (const evidence of missing) order.onFinding({ type: 'missing', evidence })
    if (!order.isDryRun) {
      await pMap(missing, (evidence) => deps.suppressions.suppress(evidence), { concurrency: concurrent })
    }
    state = {
      ...at(state, next === undefined ? 'suppressions' : 'deliveries', next),
      deliveries: state.deliveries + rows,
      added: state.added + missing.length,
    }
    await order.onState(state)
    if (order.signal.aborted) return state
  }
  return state
}

/** The same counts at another position. */
function at(
  { deliveries, suppressions, added, doubtful, removed }: RecheckState,
  phase: RecheckState['phase'],
  position: string | undefined,
): RecheckState {
  const counts = { deliveries, suppressions, added, doubtful, removed }
  return { phase, ...(position !== undefined && { position }), ...counts }
}

/** The evidence of these deliveries that the list lacks and that changes it. */
async function missingOf(
  deliveries: readonly Delivery[],
  deps: RecheckDependencies,
): Promise<readonly SuppressionEvidence[]> {
  const whole = await pMap(deliveries, (delivery) => completed(delivery, deps), { concurrency: concurrent })
  const evidence = whole.flatMap(evidenceOf)
  const rows = new Map(await deps.suppressions.ofRecipients(evidence.map(({ recipient }) => recipient)))
  const missing: SuppressionEvidence[] = []
  for (const one of evidence) {
    const row = rows.get(one.recipient) ?? emptySuppression(one.recipient)
    const added = withEvidence(row, one)
    const isMissing = one.isUnclear ? isNewBounce(row, one) : isReasonAdded(row, added, deps)
    if (!isMissing || (await isRefuted(one, deps))) continue
    rows.set(one.recipient, added)
    missing.push(one)
  }
  return missing
}

/** A reply that was cut to fit into its row is judged whole. */
async function completed(delivery: Delivery, deps: RecheckDependencies): Promise<Delivery> {
  const isCut = delivery.facts.get('bounced')?.some(({ text }) => text.endsWith('…')) ?? false
  if (!isCut) return delivery
  const all = await deps.deliveries.ofRecipient(delivery.recipient)
  return all.find(({ message }) => message === delivery.message) ?? delivery
}

/** Whether mail arrived since: then an old bounce does not count. */
async function isRefuted(evidence: SuppressionEvidence, deps: RecheckDependencies): Promise<boolean> {
  if (evidence.reason !== 'hard-bounce') return false
  return (
    deliveredSince(await deps.deliveries.ofRecipient(evidence.recipient), evidence.occurredAtMs).length > 0
  )
}

/** An unclear bounce that the row does not have yet: the message's first of that day since the last removal. */
function isNewBounce(row: Suppression, { message, occurredAtMs }: SuppressionEvidence): boolean {
  const day = dayOf(occurredAtMs)
  const isKnown = row.unclearBounces
    .flatMap((line) => parseEvidence(line) ?? [])
    .some((known) => known.message === message && dayOf(known.occurredAtMs) === day)
  return !isKnown && !row.unclearDays.includes(day) && occurredAtMs > lastOf(row.removals)
}

function isReasonAdded(before: Suppression, after: Suppression, deps: RecheckDependencies): boolean {
  const named = (row: Suppression) =>
    heldReasons(row, asked(deps)).map(
      ({ reason, fromDomain = '', untilMs = '' }) => `${reason} ${fromDomain} ${untilMs}`,
    )
  const known = new Set(named(before))
  return named(after).some((name) => !known.has(name))
}

function asked({ clock, blocklistDays }: RecheckDependencies): Parameters<typeof heldReasons>[1] {
  return { nowMs: clock.now(), blocklistDays }
}

const kindsOfEvidence = ['bounced', 'dropped', 'complained', 'unsubscribed'] as const

/** The evidence in a delivery's stored facts, by the current rules. */
function evidenceOf(delivery: Delivery): readonly SuppressionEvidence[] {
  return kindsOfEvidence.flatMap((kind) =>
    (delivery.facts.get(kind) ?? []).flatMap((fact) => suppressionOf(eventOf(delivery, kind, fact)) ?? []),
  )
}

async function recheckSuppressions(
  deps: RecheckDependencies,
  order: RecheckOrder,
  from: RecheckState,
): Promise<RecheckState> {
  let state = from
  for await (const { items, rows, next } of deps.suppressions.pages(from.position)) {
    const found = await pMap(items, (row) => recheckRow(row, deps, order), { concurrency: concurrent })
    state = {
      ...at(state, next === undefined ? 'done' : 'suppressions', next),
      suppressions: state.suppressions + rows,
      doubtful: state.doubtful + found.filter((one) => one !== 'certain').length,
      removed: state.removed + found.filter((one) => one === 'removed').length,
    }
    await order.onState(state)
    if (order.signal.aborted) return state
  }
  return state
}

async function recheckRow(
  scanned: Suppression,
  deps: RecheckDependencies,
  { isDryRun, isRemoving, onFinding }: RecheckOrder,
): Promise<'certain' | 'doubtful' | 'removed'> {
  const isBounced = (row: Suppression) =>
    heldReasons(row, asked(deps)).some(({ reason }) => reason === 'hard-bounce')
  if (!isBounced(scanned)) return 'certain'
  const mails = await deps.deliveries.ofRecipient(scanned.recipient)
  if (doubtsOf(scanned, mails).length === 0) return 'certain'
  // The scan may be stale: the row is read again, and nothing newer than this read is removed.
  const row = (await deps.suppressions.ofRecipients([scanned.recipient])).get(scanned.recipient) ?? scanned
  const doubts = doubtsOf(row, mails)
  if (!isBounced(row) || doubts.length === 0) return 'certain'
  const alsoHeld = heldReasons(row, asked(deps)).filter(({ reason }) => reason !== 'hard-bounce')
  onFinding({ type: 'doubtful', recipient: row.recipient, doubts, alsoHeld })
  if (isDryRun || !isRemoving || alsoHeld.length > 0) return 'doubtful'
  const atMs = Math.min(latestInstantOf(row), deps.clock.now())
  await deps.suppressions.remove(row.recipient, atMs, datedLater(row, atMs))
  return 'removed'
}

/** Why the hard bounces of an address may no longer hold. */
export function doubtsOf(row: Suppression, deliveries: readonly Delivery[]): readonly Doubt[] {
  const counted = hardBouncesOf(row)
  if (counted.length === 0) return []
  const latestMs = Math.max(...counted.map(({ occurredAtMs }) => occurredAtMs))
  const first = counted[0]?.line ?? ''
  return [
    ...deliveredSince(deliveries, latestMs),
    ...(isHeldByNow(row, counted, deliveries) ? [] : [{ type: 'judged-otherwise' as const, line: first }]),
  ]
}

type Bounce = SuppressionEvidence & { readonly line: string }

/** The hard bounces that count, unclear ones included. */
function hardBouncesOf(row: Suppression): readonly Bounce[] {
  const counts = counting(row)
  const read = (isUnclear: boolean) => (line: string) => {
    const evidence = parseEvidence(line)
    if (evidence?.reason !== 'hard-bounce' || !counts(line)) return []
    return { ...evidence, recipient: row.recipient, ...(isUnclear && { isUnclear: true as const }), line }
  }
  return [...row.evidence.flatMap(read(false)), ...row.unclearBounces.flatMap(read(true))]
}

/** Whether the bounces, judged again, still put the address on the list. */
function isHeldByNow(row: Suppression, bounces: readonly Bounce[], deliveries: readonly Delivery[]): boolean {
  const anew = bounces
    .flatMap((bounce) => judgedAnew(bounce, deliveries))
    .reduce<Suppression>(withEvidence, emptySuppression(row.recipient))
  const asOfNow = { ...anew, unclearDays: row.unclearDays, removals: row.removals }
  return heldReasons(asOfNow, { nowMs: Infinity, blocklistDays: 0 }).length > 0
}

/** By the delivery's own facts; if those have expired, by the reply in the evidence. */
function judgedAnew(bounce: Bounce, deliveries: readonly Delivery[]): readonly SuppressionEvidence[] {
  // Another sender judged it, and its detail may be a person's note.
  if (bounce.source === 'import') return [bounce]
  const delivery = deliveries.find(({ message }) => message === bounce.message)
  const facts = delivery?.facts.get('bounced') ?? []
  if (delivery && facts.length > 0) {
    return facts.flatMap((fact) => suppressionOf(eventOf(delivery, 'bounced', fact)) ?? [])
  }
  return judgedByLine(bounce)
}

function judgedByLine(bounce: Bounce): readonly SuppressionEvidence[] {
  const reply = bounce.judgement === undefined ? withoutAdditions(bounce.detail) : bounce.detail
  // If the provider's number decided, there are no words to judge again.
  if (reply === '' || bounce.judgement?.rule.startsWith('sub-stat-')) return [bounce]
  const { class: replyClass } = judgeReply(reply, { recipient: bounce.recipient })
  if (replyClass === 'gone' || replyClass === 'closed') return [bounce]
  return replyClass === 'ambiguous' || replyClass === 'unknown' ? [{ ...bounce, isUnclear: true }] : []
}

/** Lines of the rules' first version hold SendCloud's number and words before the reply, and other fields after it. */
function withoutAdditions(detail: string): string {
  return detail.replace(/^4\d\d (?:[a-z'/]+ ?)*(?=[245]\d\d|$)/, '').replace(/ ?\{".*$/, '')
}

/** The latest delivery or engagement after the instant, if any. */
export function deliveredSince(
  deliveries: readonly Delivery[],
  afterMs: number,
): readonly Extract<Doubt, { type: 'delivered-since' }>[] {
  const signs = deliveries.flatMap((delivery) =>
    (['delivered', 'opened', 'clicked'] as const).flatMap((kind) =>
      (delivery.facts.get(kind) ?? []).flatMap(({ occurredAtMs }) =>
        occurredAtMs !== undefined && occurredAtMs > afterMs
          ? [{ type: 'delivered-since' as const, kind, atMs: occurredAtMs, message: delivery.message }]
          : [],
      ),
    ),
  )
  return signs.toSorted((a, b) => b.atMs - a.atMs).slice(0, 1)
}
