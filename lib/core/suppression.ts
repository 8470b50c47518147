import { dayMs, formatInstant, parseInstant } from './instant.ts'
import type { MessageKey } from './message.ts'
import type { ReplyClass } from './judge-reply.ts'
import { oneLine } from './text.ts'

/** Why nothing should be sent to an address. */
export const suppressionReasons = ['hard-bounce', 'complaint', 'unsubscribe', 'blocklist', 'by-hand'] as const

export type SuppressionReason = (typeof suppressionReasons)[number]

/** One piece of evidence against an address. */
export interface SuppressionEvidence {
  /** As the tables store it. */
  readonly recipient: string
  readonly reason: SuppressionReason
  /**
   * When it happened. Where the poll reports that something happened but not when: when the message was sent, the
   * earliest that it can have been.
   */
  readonly occurredAtMs: number
  /** `list`: read from a provider's own list. `import`: from a file. */
  readonly source: 'callback' | 'poll' | 'operator' | 'list' | 'import'
  /** Who reported it, or of whose export the file is; absent if an operator did. */
  readonly provider?: string
  /** The message that it is about; absent where it is an operator's. */
  readonly message?: MessageKey
  /** The sender's domain from which the recipient unsubscribed, in lower case; absent if not reported. */
  readonly fromDomain?: string
  /** Of an entry in a provider's own list: when that list says that it ends; absent if it does not say. */
  readonly untilMs?: number
  /** Of a bounce: the meaning of the reply, and the rule that decided. */
  readonly judgement?: { readonly class: ReplyClass; readonly rule: string }
  /** A bounce that counts only with others: see {@link unclearBounces}. */
  readonly isUnclear?: true
  /** The detail, on one line. */
  readonly detail: string
}

/**
 * Bounces of unclear meaning: the address goes on the list after `needed` of them, of different messages, on different
 * days in UTC, within `withinDays`.
 */
export const unclearBounces = { needed: 3, withinDays: 30 } as const

/**
 * A provider's own list is temporary: evidence of it holds until the end that the list states, or else for this many days
 * after the latest (BLOCKLIST_DAYS).
 */
export const defaultBlocklistDays = 14

/**
 * All that is known of one address. Its sets only grow, so the result is the same in any order and with any repeats.
 * Lines are those of {@link evidenceLine}.
 */
export interface Suppression {
  readonly recipient: string
  /** Evidence that lasts: hard bounces, complaints, unsubscriptions, an operator's word. Earliest first. */
  readonly evidence: readonly string[]
  /** Evidence that the address is on a provider's own list. Earliest first. */
  readonly blocklisted: readonly string[]
  /** Bounces that count only with others. Earliest first. */
  readonly unclearBounces: readonly string[]
  /** Days (YYYY-MM-DD, UTC) of unclear bounces beyond those that the row holds. */
  readonly unclearDays: readonly string[]
  /** Instants at which an operator took it off the list, earliest first. */
  readonly removals: readonly string[]
  /** Lines, and days of unclear bounces, that already existed at a removal but are dated later than it. */
  readonly countedOut: readonly string[]
}

export function emptySuppression(recipient: string): Suppression {
  return {
    recipient,
    evidence: [],
    blocklisted: [],
    unclearBounces: [],
    unclearDays: [],
    removals: [],
    countedOut: [],
  }
}

/** One reason for which an address is on the list. */
export interface HeldReason {
  readonly reason: SuppressionReason
  /** Since when: the instant of the first evidence that counts. */
  readonly sinceMs: number
  /** Absent where it holds until an operator ends it. */
  readonly untilMs?: number
  /** The domain whose mail is not wanted; absent if the reason concerns every sender. */
  readonly fromDomain?: string
  /** The evidence, as stored in the table. */
  readonly line: string
}

interface Asked {
  readonly nowMs: number
  readonly blocklistDays: number
}

/**
 * Why the address is on the list now, earliest first; empty where it is not. Evidence counts where it is newer than the
 * last removal.
 */
export function heldReasons(known: Suppression, { nowMs, blocklistDays }: Asked): readonly HeldReason[] {
  const removedAtMs = lastOf(known.removals)
  const counts = counting(known)
  return [
    ...lastingReasons(known.evidence.filter(counts)),
    ...unclearReason(known, removedAtMs),
    ...blocklistReason(known.blocklisted.filter(counts), { nowMs, blocklistDays }),
  ]
    .map((held) => ({ ...held, sinceMs: Math.min(held.sinceMs, nowMs) }))
    .sort((a, b) => a.sinceMs - b.sinceMs)
}

/** The mail about to be sent, where that matters. */
interface MailToSend {
  /** The domain of its sender. Unsubscriptions from another domain's mail do not count. Default: any sender. */
  readonly fromDomain?: string | undefined
  /** Reasons that do not apply to it. */
  readonly except: readonly SuppressionReason[]
}

/** Those of the held reasons that concern the mail: lasting ones first, and the provider's temporary list last. */
export function reasonsAgainst(mail: MailToSend, held: readonly HeldReason[]): readonly HeldReason[] {
  const concerns = held.filter(
    ({ reason, fromDomain }) =>
      !mail.except.includes(reason) &&
      (fromDomain === undefined || mail.fromDomain === undefined || fromDomain === mail.fromDomain),
  )
  return [
    ...concerns.filter(({ untilMs }) => untilMs === undefined),
    ...concerns.filter(({ untilMs }) => untilMs !== undefined),
  ]
}

/**
 * The receiving server's reply to a bounce; empty if the provider's number decided, since the words are the provider's then, and
 * for evidence that was not judged.
 */
export function replyIn({ judgement, detail }: Pick<SuppressionEvidence, 'judgement' | 'detail'>): string {
  return judgement === undefined || judgement.rule.startsWith('sub-stat-') ? '' : detail
}

/**
 * Evidence counts if it is newer than the last removal, and did not already exist, dated in the future, at that
 * removal.
 */
export function counting(known: Suppression): (line: string) => boolean {
  const removedAtMs = lastOf(known.removals)
  const countedOut = new Set(known.countedOut)
  return (line) => instantOf(line) > removedAtMs && !countedOut.has(line)
}

/** One for each reason, and of unsubscriptions one for each domain: by its first line. */
function lastingReasons(lines: readonly string[]): readonly HeldReason[] {
  const first = new Map<string, HeldReason>()
  for (const line of lines.toSorted(asTable)) {
    const evidence = parseEvidence(line)
    if (evidence === undefined) continue
    const { reason, occurredAtMs, fromDomain } = evidence
    const name = `${reason} ${fromDomain ?? ''}`
    if (first.has(name)) continue
    first.set(name, { reason, sinceMs: occurredAtMs, ...(fromDomain !== undefined && { fromDomain }), line })
  }
  return [...first.values()]
}

function blocklistReason(lines: readonly string[], { nowMs, blocklistDays }: Asked): readonly HeldReason[] {
  const endOf = (line: string) => parseEvidence(line)?.untilMs ?? instantOf(line) + blocklistDays * dayMs
  // Each list ends as it stated last; those that state nothing, and refused mails, end together.
  const ends = new Map<string, number>()
  let since: { readonly line: string; readonly untilMs: number } | undefined
  for (const line of inOrderOfTime(lines)) {
    const untilMs = endOf(line)
    ends.set(statedBy(line), untilMs)
    // If it had ended in between, it holds since it began again.
    const isGoingOn = since !== undefined && instantOf(line) <= since.untilMs
    since = isGoingOn && since ? { ...since, untilMs: Math.max(since.untilMs, untilMs) } : { line, untilMs }
  }
  const untilMs = Math.max(...ends.values())
  return since && untilMs > nowMs
    ? [{ reason: 'blocklist', sinceMs: instantOf(since.line), untilMs, line: since.line }]
    : []
}

/** Whose list stated the end of an entry; empty where none did. Of a file nobody knows whose each is: so each is one. */
function statedBy(line: string): string {
  const evidence = parseEvidence(line)
  if (evidence?.untilMs === undefined) return ''
  return evidence.source === 'import' ? line : (evidence.provider ?? nothing)
}

/** The bounce that completed the number. */
function unclearReason(known: Suppression, removedAtMs: number): readonly HeldReason[] {
  const counts = counting(known)
  const bounces = inOrderOfTime(known.unclearBounces)
    .map((line) => ({ line, atMs: instantOf(line), message: parseEvidence(line)?.message ?? '' }))
    .filter(({ line }) => counts(line))
    .map((bounce) => ({ ...bounce, day: dayOf(bounce.atMs) }))
  const last = bounces.findIndex((_, index) => isCompletedBy(bounces.slice(0, index + 1)))
  const completing = bounces[last] ?? manyDays(known, removedAtMs)
  return completing === undefined
    ? []
    : [{ reason: 'hard-bounce', sinceMs: completing.atMs, line: completing.line }]
}

interface UnclearBounce {
  readonly atMs: number
  readonly day: string
  readonly message: string
}

/** Whether the last of these, in order of time, follows two of other messages on other days within the period. */
function isCompletedBy(bounces: readonly UnclearBounce[]): boolean {
  const last = bounces.at(-1)
  if (last === undefined) return false
  const near = bounces.filter(
    ({ atMs, day, message }) =>
      day !== last.day && message !== last.message && last.atMs - atMs <= unclearBounces.withinDays * dayMs,
  )
  return near.some((one) => near.some((other) => one.day !== other.day && one.message !== other.message))
}

/** Beyond the bounces that a row holds, only days are known, and those suffice: there are enough messages. */
function manyDays(known: Suppression, removedAtMs: number): { line: string; atMs: number } | undefined {
  if (known.unclearDays.length === 0) return undefined
  const days = new Set([...known.unclearBounces.map((line) => dayOf(instantOf(line))), ...known.unclearDays])
  const later = [...days]
    .map((day) => Date.parse(`${day}T00:00:00Z`))
    .filter((dayStartMs) => dayStartMs > removedAtMs && !known.countedOut.includes(dayOf(dayStartMs)))
    .sort((a, b) => a - b)
  const atMs = later.find((dayStartMs, index) => {
    const first = later[index - unclearBounces.needed + 1]
    return first !== undefined && dayStartMs - first <= unclearBounces.withinDays * dayMs
  })
  return atMs === undefined
    ? undefined
    : { atMs, line: `${formatInstant(atMs)} hard-bounce - - more unclear bounces than the row holds` }
}

/** The day in UTC: `2026-11-21`. */
export function dayOf(instantMs: number): string {
  return new Date(instantMs).toISOString().slice(0, 10)
}

const marks: ReadonlyMap<SuppressionEvidence['source'], string> = new Map([
  ['poll', '[poll]'],
  ['operator', '[operator]'],
  ['list', '[list]'],
  ['import', '[import]'],
  ['callback', ''],
])

/** The longest line with a detail; what identifies the evidence is never cut. */
const maxLineLength = 300
const nothing = '-'
const fromMark = 'from:'
const untilMark = 'until:'
const judgementShape = /^([a-z]+)\/([a-z0-9-]+)$/

/**
 * Evidence as stored in the table: one readable line that sorts by time, to the second.
 *
 *     <instant>[poll] <reason> <provider> <message> from:<domain> <class>/<rule> <detail>
 *     <instant>[list] blocklist <provider> - until:<instant> <detail>
 *     2026-11-21T08:00:03Z hard-bounce tencent-ses qcloudses-… gone/mailbox-not-there 551 5.1.1 recipient is not exist
 *     2026-11-21T08:00:03Z unsubscribe tencent-ses qcloudses-… from:news.example.com
 *     2026-11-21T08:00:03Z[list] blocklist tencent-ses -
 *     2026-11-21T08:00:03Z[import] complaint sendgrid - <detail>
 *     2026-11-21T08:00:03Z[operator] by-hand <note>
 */
export function evidenceLine(evidence: SuppressionEvidence): string {
  const { occurredAtMs, source, reason, provider, message } = evidence
  const time = formatInstant(occurredAtMs) + (marks.get(source) ?? '')
  const about = source === 'operator' ? [] : [provider ?? nothing, message ?? nothing]
  const words = oneLine(evidence.detail)
  const identity = [time, reason, ...about, ...wordsBefore(evidence, words)].join(' ')
  const detail = shortened(words, maxLineLength - identity.length - 1)
  return detail === '' ? identity : `${identity} ${detail}`
}

/** What stands before the detail and identifies the evidence with the rest. */
function wordsBefore(evidence: SuppressionEvidence, detail: string): readonly string[] {
  const { fromDomain, untilMs, judgement } = evidence
  const until = mayEnd(evidence) && untilMs !== undefined ? [untilMark + formatInstant(untilMs)] : []
  // A list's words are those of strangers: they state no end and no domain.
  const isAlike =
    (mayEnd(evidence) && until.length === 0 && detail.startsWith(untilMark)) ||
    (evidence.source === 'list' && fromDomain === undefined && detail.startsWith(fromMark))
  return [
    ...(fromDomain === undefined ? [] : [fromMark + fromDomain]),
    ...until,
    ...(judgement === undefined ? [] : [`${judgement.class}/${judgement.rule}`]),
    ...(isAlike ? [nothing] : []),
  ]
}

/** Whether it is of a kind of which lists state an end. */
function mayEnd({ source, reason }: Pick<SuppressionEvidence, 'source' | 'reason'>): boolean {
  return (source === 'list' || source === 'import') && reason === 'blocklist'
}

/** Parses a line; `undefined` for one that no evidence wrote. */
export function parseEvidence(line: string): Omit<SuppressionEvidence, 'recipient'> | undefined {
  const [first = '', second, ...rest] = line.split(' ')
  const [source, mark] = [...marks].find(([, known]) => first.endsWith(known)) ?? ['callback', '']
  const occurredAtMs = parseInstant(first.slice(0, first.length - mark.length))
  const reason = suppressionReasons.find((known) => known === second)
  if (occurredAtMs === undefined || reason === undefined) return undefined
  if (source === 'operator') return { occurredAtMs, source, reason, detail: rest.join(' ') }
  const [provider = nothing, message = nothing, ...words] = rest
  return {
    occurredAtMs,
    source,
    reason,
    ...(provider !== nothing && { provider }),
    ...(message !== nothing && { message }),
    ...wordsOf({ source, reason }, words),
  }
}

/**
 * Only an unsubscription names a domain, only a list states an end, and only a bounce is judged: elsewhere such text is
 * part of the detail.
 */
function wordsOf(
  kind: Pick<SuppressionEvidence, 'source' | 'reason'>,
  words: readonly string[],
): Pick<SuppressionEvidence, 'fromDomain' | 'untilMs' | 'judgement' | 'detail'> {
  const { reason } = kind
  const [first = '', ...others] = words
  if (mayEnd(kind) && first.startsWith(untilMark)) {
    const untilMs = parseInstant(first.slice(untilMark.length))
    if (untilMs !== undefined) return { untilMs, detail: others.join(' ') }
  }
  if (reason === 'unsubscribe' && first.startsWith(fromMark)) {
    return { fromDomain: first.slice(fromMark.length), detail: others.join(' ') }
  }
  const judged = reason === 'hard-bounce' ? judgementShape.exec(first) : null
  if (!judged) return { detail: words.join(' ') }
  return { judgement: { class: judged[1] as ReplyClass, rule: judged[2] ?? '' }, detail: others.join(' ') }
}

/** An instant whose text order is its order in time: always with milliseconds. */
export function sortableInstant(instantMs: number): string {
  return new Date(instantMs).toISOString()
}

/** Where a piece of evidence belongs in a {@link Suppression}. */
export function setOf(evidence: SuppressionEvidence): 'evidence' | 'blocklisted' | 'unclearBounces' {
  if (evidence.isUnclear) return 'unclearBounces'
  return evidence.reason === 'blocklist' ? 'blocklisted' : 'evidence'
}

/** The effect of writing evidence on a row, as a pure function: the model that the table is tested against. */
export function withEvidence(known: Suppression | undefined, evidence: SuppressionEvidence): Suppression {
  const before = known ?? emptySuppression(evidence.recipient)
  const set = setOf(evidence)
  return { ...before, [set]: inOrderOfTime([...before[set], evidenceLine(evidence)]) }
}

/** The same for a removal. */
export function withRemoval(
  known: Suppression,
  atMs: number,
  countingOut: readonly string[] = [],
): Suppression {
  return {
    ...known,
    removals: [...new Set([...known.removals, sortableInstant(atMs)])].sort(),
    countedOut: [...new Set([...known.countedOut, ...countingOut])].sort(),
  }
}

/** Every line of evidence against the address. */
export function linesOf({ evidence, blocklisted, unclearBounces: unclear }: Suppression): readonly string[] {
  return [...evidence, ...blocklisted, ...unclear]
}

/**
 * Evidence dated later than a removal at this instant, which the removal must exclude by name; older evidence is
 * excluded by time.
 */
export function datedLater(known: Suppression, atMs: number): readonly string[] {
  return [
    ...linesOf(known).filter((line) => instantOf(line) > atMs),
    ...known.unclearDays.filter((day) => Date.parse(`${day}T00:00:00Z`) > atMs),
  ]
}

/** The first line, in text order, of the lasting evidence newer than the last removal: shown first to a person. */
export function firstLasting(known: Suppression): string | undefined {
  return known.evidence.filter(counting(known)).sort(asTable)[0]
}

/** The latest instant of any evidence against the address; the earliest possible instant if there is none. */
export function latestInstantOf(known: Suppression): number {
  return Math.max(beforeAllTimeMs, ...linesOf(known).map(instantOf))
}

/** The last of these instants; the earliest possible instant if there is none. */
export function lastOf(instants: readonly string[]): number {
  const readable = instants
    .map((instant) => Date.parse(instant))
    .filter((instantMs) => !Number.isNaN(instantMs))
  return Math.max(beforeAllTimeMs, ...readable)
}

// The earliest instant that a Date can hold.
const beforeAllTimeMs = -8.64e15

/** Distinct lines, earliest first. */
export function inOrderOfTime(lines: readonly string[]): readonly string[] {
  return [...new Set(lines)].sort((a, b) => instantOf(a) - instantOf(b) || asTable(a, b))
}

// A line that no evidence wrote is older than any removal.
function instantOf(line: string): number {
  return parseEvidence(line)?.occurredAtMs ?? beforeAllTimeMs
}

// DynamoDB compares strings by their bytes in UTF-8, which is not the order of JavaScript's own comparison.
function asTable(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}

function shortened(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text
  return maxLength < 2 ? '' : `${text.slice(0, maxLength - 1).toWellFormed()}…`
}
