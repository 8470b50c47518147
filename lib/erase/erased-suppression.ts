import {
  evidenceLine,
  heldReasons,
  inOrderOfTime,
  linesOf,
  parseEvidence,
  type HeldReason,
  type Suppression,
} from '../core/suppression.ts'

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
 * What is left of a suppression. Evidence that is newer than the erasure stays as it is, and so do later removals: they are of
 * mail that the person gets since. `undefined` where nothing is left.
 */
export function erasedSuppression(known: Suppression, erasure: Erasure): Suppression | undefined {
  const { erasedAtMs } = erasure
  const isNewer = (line: string) => (parseEvidence(line)?.occurredAtMs ?? -Infinity) >= erasedAtMs
  const isNewerDay = (day: string) => Date.parse(`${day}T00:00:00Z`) >= erasedAtMs
  const newer = new Set(linesOf(known).filter(isNewer))
  const bare = heldReasons(withoutForgotten(known, erasure, isNewer), erasure)
    .filter(({ line }) => !newer.has(line))
    .map((held) => ({ reason: held.reason, line: bareLine(held, known.recipient) }))
  const left: Suppression = {
    recipient: known.recipient,
    evidence: inOrderOfTime([
      ...bare.flatMap(({ reason, line }) => (reason === 'blocklist' ? [] : [line])),
      ...known.evidence.filter(isNewer),
    ]),
    blocklisted: inOrderOfTime([
      ...bare.flatMap(({ reason, line }) => (reason === 'blocklist' ? [line] : [])),
      ...known.blocklisted.filter(isNewer),
    ]),
    unclearBounces: known.unclearBounces.filter(isNewer),
    unclearDays: known.unclearDays.filter(isNewerDay),
    removals: known.removals.filter((removal) => Date.parse(removal) >= erasedAtMs),
    countedOut: known.countedOut.filter((line) => newer.has(line) || isNewerDay(line)),
  }
  const isEmpty = [...linesOf(left), ...left.unclearDays, ...left.removals].length === 0
  return isEmpty ? undefined : left
}

/** Without the older evidence of which nothing may be left. */
function withoutForgotten(
  known: Suppression,
  { keeps }: Erasure,
  isNewer: (line: string) => boolean,
): Suppression {
  if (keeps === 'held') return known
  const stays = (line: string) => {
    const source = parseEvidence(line)?.source
    return isNewer(line) || (keeps === 'listed' && (source === 'list' || source === 'import'))
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
