import {
  evidenceLine,
  heldReasons,
  inOrderOfTime,
  linesOf,
  parseEvidence,
  type HeldReason,
  type Suppression,
} from '../core/suppression.ts'
import { claimedSentAtOf, sentAtOf } from '../core/message.ts'

interface Erasure {
  readonly erasedAtMs: number
  readonly nowMs: number
  readonly blocklistDays: number
  /**
   * What is left of older evidence: of each reason that holds the address, the reason and since when (`held`); the same of
   * providers' own lists and of imports alone (`listed`), which are read again whatever was erased; or `nothing`.
   */
  readonly keeps: 'held' | 'listed' | 'nothing'
}

/**
 * What is left of a suppression. Evidence of mail that was sent after the erasure stays as it is, and so do later removals: they
 * are of what the person gets since. An objection to older mail that is made after it is none of what was erased, so it holds, bare.
 * `undefined` where nothing is left.
 */
export function erasedSuppression(known: Suppression, erasure: Erasure): Suppression | undefined {
  const { erasedAtMs } = erasure
  const isWhole = (line: string) => isOfLaterMail(line, erasedAtMs)
  const isLaterDay = (day: string) => Date.parse(`${day}T00:00:00Z`) >= erasedAtMs
  const whole = new Set(linesOf(known).filter(isWhole))
  const bare = heldReasons(withoutForgotten(known, erasure), erasure)
    .filter(({ line }) => !whole.has(line))
    .map((held) => ({ isListing: held.reason === 'blocklist', line: bareLine(held, known.recipient) }))
  const bareLines = (areListings: boolean) =>
    bare.flatMap(({ isListing, line }) => (isListing === areListings ? [line] : []))
  const left: Suppression = {
    recipient: known.recipient,
    evidence: inOrderOfTime([...bareLines(false), ...known.evidence.filter(isWhole)]),
    blocklisted: inOrderOfTime([...bareLines(true), ...known.blocklisted.filter(isWhole)]),
    unclearBounces: known.unclearBounces.filter(isWhole),
    unclearDays: known.unclearDays.filter(isLaterDay),
    removals: known.removals.filter((removal) => Date.parse(removal) >= erasedAtMs),
    countedOut: known.countedOut.filter((line) => whole.has(line) || isLaterDay(line)),
  }
  const isEmpty = [...linesOf(left), ...left.unclearDays, ...left.removals].length === 0
  return isEmpty ? undefined : left
}

/** It happened after the erasure, and not to a mail that was sent before. */
function isOfLaterMail(line: string, erasedAtMs: number): boolean {
  const { message = '' } = parseEvidence(line) ?? {}
  const sentAtMs = sentAtOf(message) ?? claimedSentAtOf(message) ?? Infinity
  return isLater(line, erasedAtMs) && sentAtMs >= erasedAtMs
}

function isLater(line: string, erasedAtMs: number): boolean {
  return (parseEvidence(line)?.occurredAtMs ?? -Infinity) >= erasedAtMs
}

/** Without the older evidence of which nothing may be left. */
function withoutForgotten(known: Suppression, { erasedAtMs, keeps }: Erasure): Suppression {
  if (keeps === 'held') return known
  const stays = (line: string) => {
    const source = parseEvidence(line)?.source
    return isLater(line, erasedAtMs) || (keeps === 'listed' && (source === 'list' || source === 'import'))
  }
  return {
    ...known,
    evidence: known.evidence.filter(stays),
    blocklisted: known.blocklisted.filter(stays),
    unclearBounces: known.unclearBounces.filter(stays),
    unclearDays: [],
  }
}

/**
 * Reason and since when; of an unsubscription also which sender's domain it concerns, and of a blocklisting until when it
 * holds, which only lists state.
 */
function bareLine({ reason, sinceMs, untilMs, fromDomain, line }: HeldReason, recipient: string): string {
  return evidenceLine({
    recipient,
    reason,
    occurredAtMs: sinceMs,
    source: untilMs === undefined ? (parseEvidence(line)?.source ?? 'callback') : 'list',
    ...(untilMs !== undefined && { untilMs }),
    ...(fromDomain !== undefined && { fromDomain }),
    detail: '',
  })
}
