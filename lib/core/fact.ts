import type { BounceClass, DeliveryEvent, EventKind } from './event.ts'
import { formatInstant, parseInstant } from './instant.ts'
import { oneLine } from './text.ts'

/**
 * A fact as stored in the table: one readable line that sorts by time, to the second.
 *
 *     <instant>[poll] <link> <class> <reply> ¦ <detail>
 *     2026-11-21T08:00:03Z hard 551 5.1.1 recipient is not exist
 *     2026-11-21T08:04:10Z https://example.com/offer Mozilla/5.0
 *     2026-11-21T08:00:03Z hard 550 no such user ¦ 406 address does not exist
 *     time-unknown[poll]
 *
 * It begins with the event's identity (the instant, and the link of a click). The rest is detail: the same event
 * reported twice with different detail is stored twice and counted once.
 */
export interface Fact {
  readonly text: string
  readonly source: DeliveryEvent['source']
  /** Absent if the poll reported it without its time. */
  readonly occurredAtMs?: number
  readonly link?: string
  readonly detail: string
  /** Equal for two reports of one event of the same kind about the same delivery. */
  readonly identity: string
}

const unknownTime = 'time-unknown'
const pollMark = '[poll]'
const noLink = '-'

/** The longest link and detail stored in the row itself; a longer fact is kept whole in a row of its own. */
const maxLinkLength = 600
const maxDetailLength = 400

/** The fields of an event that make its fact. */
type FactInput = Pick<
  DeliveryEvent,
  'kind' | 'source' | 'occurredAtMs' | 'link' | 'bounceClass' | 'reply' | 'detail'
>

/**
 * The line for an event. Where it is too long for the row, `text` is shortened and `whole` is the full line; both have
 * the same identity.
 */
export function factOf(event: FactInput): { text: string; whole?: string } {
  const time = event.occurredAtMs === undefined ? unknownTime : formatInstant(event.occurredAtMs)
  const mark = event.source === 'poll' ? pollMark : ''
  const link = linkToken(event)
  const detail = oneLine([event.bounceClass ?? '', detailIn(event)].join(' '))
  const line = (...parts: string[]) => [time + mark, ...parts].filter((part) => part !== '').join(' ')

  const whole = line(link, detail)
  const text = line(shortLink(link), shortened(detail, maxDetailLength))
  return text === whole ? { text } : { text, whole }
}

/** Separates the server's reply from the other details, in facts of the kinds that have a reply. */
const shortenedMark = '¦'

const kindsWithReply: ReadonlySet<EventKind> = new Set(['bounced', 'deferred'])

function detailIn({ kind, reply = '', detail }: FactInput): string {
  if (!kindsWithReply.has(kind)) return detail
  const words = reply.replaceAll(shortenedMark, '|')
  return oneLine(detail) === '' ? words : `${words} ${shortenedMark} ${detail}`
}

/** The detail of a bounce's or a deferral's fact. */
interface Rejection {
  /** `undetermined` if none was reported. */
  readonly bounceClass: BounceClass
  /** The receiving server's words alone; empty if there was no reply. */
  readonly reply: string
  /** What the provider added. */
  readonly detail: string
}

/** Parses the detail of a `bounced` or `deferred` fact. */
export function rejectionIn(fact: Pick<Fact, 'detail'>): Rejection {
  const [, bounceClass = 'undetermined', said = ''] =
    /^(?:(hard|soft|undetermined)(?: |$))?(.*)$/.exec(fact.detail) ?? []
  const mark = said.indexOf(shortenedMark)
  const [reply, detail] =
    mark < 0 ? [said, ''] : [said.slice(0, mark), said.slice(mark + shortenedMark.length)]
  return { bounceClass: bounceClass as BounceClass, reply: reply.trim(), detail: detail.trim() }
}

/** The detail without the fields that a provider added to it, which stand at its end as JSON. */
export function withoutFields(detail: string): string {
  return detail.replace(/(?:^| )\{".*$/, '')
}

/** The `requested` fact of an event that reports when its message was sent. */
export function sentFactOf(event: DeliveryEvent): string | undefined {
  if (event.sentAtMs === undefined) return undefined
  return factOf({ kind: 'requested', source: event.source, occurredAtMs: event.sentAtMs, detail: '' }).text
}

/** The shortened form of a fact that was kept whole: what {@link factOf} put into the row. */
export function shortenedFact(kind: EventKind, whole: Fact): string {
  const [time = ''] = whole.text.split(' ')
  const link = hasLink(kind, whole) ? shortLink(whole.link ?? noLink) : ''
  return [time, link, shortened(whole.detail, maxDetailLength)].filter((part) => part !== '').join(' ')
}

/** Parses a line. Every line can be parsed; one that no event wrote is all detail. */
export function parseFact(kind: EventKind, text: string): Fact {
  const [first = '', ...rest] = text.split(' ')
  const source = first.endsWith(pollMark) ? 'poll' : 'callback'
  const time = source === 'poll' ? first.slice(0, -pollMark.length) : first
  const occurredAtMs = parseInstant(time)
  const isFact = occurredAtMs !== undefined || time === unknownTime
  if (!isFact) return { text, source: 'callback', detail: text, identity: text }

  const timed = occurredAtMs === undefined ? {} : { occurredAtMs }
  if (!hasLink(kind, { source, ...timed }))
    return { text, source, ...timed, detail: rest.join(' '), identity: first }
  const [link = noLink, ...detail] = rest
  const linked = link === noLink ? {} : { link }
  return {
    text,
    source,
    ...timed,
    ...linked,
    detail: detail.join(' '),
    identity: `${first} ${shortLink(link)}`,
  }
}

/**
 * How often something happened: the distinct identities that callbacks reported, since each has its own instant; where
 * only the poll reported it, one. An open or a click of which the poll shows the instant counts beside them, unless a callback
 * reported it as well.
 */
export function countOf(facts: readonly Fact[], areEngagement = false): number {
  return occurrencesOf(facts, areEngagement).length
}

/** What {@link countOf} counts: for each occurrence the facts that report it, in the order given. */
export function occurrencesOf(facts: readonly Fact[], areEngagement = false): readonly (readonly Fact[])[] {
  const ofCallbacks = facts.filter(({ source }) => source === 'callback')
  const ofPoll = facts.filter(
    (fact) =>
      areEngagement &&
      fact.source === 'poll' &&
      fact.occurredAtMs !== undefined &&
      !ofCallbacks.some((other) => isSameOccurrence(other, fact)),
  )
  const counted = Map.groupBy([...ofCallbacks, ...ofPoll], (fact) => fact.identity)
  if (counted.size > 0) return [...counted.values()]
  return facts.length > 0 ? [facts] : []
}

/** How far apart the instants of one occurrence may be: a list shows seconds, which may be rounded. */
const sameOccurrenceMs = 2_000

type Occurrence = Pick<DeliveryEvent, 'occurredAtMs' | 'link'>

/** Whether two reports of the same kind may be of one occurrence: at the same instant, by the same link. */
export function isSameOccurrence(one: Occurrence, other: Occurrence): boolean {
  if (one.occurredAtMs === undefined || other.occurredAtMs === undefined) return false
  const linkOf = ({ link = '' }: Occurrence) => shortLink(oneLine(link).replaceAll(' ', '%20'))
  return Math.abs(one.occurredAtMs - other.occurredAtMs) <= sameOccurrenceMs && linkOf(one) === linkOf(other)
}

/** Earlier facts first; those of unknown time last. */
export function byTime(a: Fact, b: Fact): number {
  const aMs = a.occurredAtMs ?? Infinity
  const bMs = b.occurredAtMs ?? Infinity
  if (aMs !== bMs) return aMs - bMs
  return a.text < b.text ? -1 : 1
}

/** A poll that does not show when a link was clicked does not show which. */
function hasLink(kind: EventKind, { source, occurredAtMs }: Pick<Fact, 'source' | 'occurredAtMs'>): boolean {
  return kind === 'clicked' && (source === 'callback' || occurredAtMs !== undefined)
}

function linkToken(event: FactInput): string {
  if (!hasLink(event.kind, event)) return ''
  const link = oneLine(event.link ?? '').replaceAll(' ', '%20')
  return link === '' ? noLink : link
}

// A long link is cut; the digest distinguishes two that begin alike.
function shortLink(link: string): string {
  if (link.length <= maxLinkLength) return link
  return `${link.slice(0, maxLinkLength - 20).toWellFormed()}…${fnv1a64(link)}`
}

function shortened(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).toWellFormed()}…`
}

/** FNV-1a, 64 bits: distinguishes strings; not for security. */
function fnv1a64(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}
