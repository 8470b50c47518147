import type { BounceClass, DeliveryEvent, EventKind } from './event.ts'
import { formatInstant, parseInstant } from './instant.ts'
import { oneLine } from './text.ts'

/**
 * A fact as it stands in the table: one line that sorts by time, to the second, and that a person can read.
 *
 *     <instant>[poll] <link> <class> <reply> ¦ <detail>
 *     2026-11-21T08:00:03Z hard 551 5.1.1 recipient is not exist
 *     2026-11-21T08:04:10Z https://example.com/offer Mozilla/5.0
 *     2026-11-21T08:00:03Z hard 550 no such user ¦ 406 address does not exist
 *     time-unknown[poll]
 *
 * It begins with the event's identity (the instant, and the link of a click). What follows is detail: the same
 * event told twice with different detail stands there twice and counts once.
 */
export interface Fact {
  readonly text: string
  readonly source: DeliveryEvent['source']
  /** Absent where the poll told that it happened, but not when. */
  readonly occurredAtMs?: number
  readonly link?: string
  readonly detail: string
  /** Equal for two tellings of one event of the same kind about the same delivery. */
  readonly identity: string
}

const unknownTime = 'time-unknown'
const pollMark = '[poll]'
const noLink = '-'

/** Longest link and detail that stand in the row itself; a longer fact is kept whole in a row of its own. */
const maxLinkLength = 600
const maxDetailLength = 400

/** What of an event makes its fact. */
type Told = Pick<
  DeliveryEvent,
  'kind' | 'source' | 'occurredAtMs' | 'link' | 'bounceClass' | 'reply' | 'detail'
>

/** The line for an event, and a shorter stand-in of the same identity where the whole is too long for the row. */
export function factOf(event: Told): { text: string; whole?: string } {
  const time = event.occurredAtMs === undefined ? unknownTime : formatInstant(event.occurredAtMs)
  const mark = event.source === 'poll' ? pollMark : ''
  const link = linkToken(event)
  const detail = oneLine([event.bounceClass ?? '', saidIn(event)].join(' '))
  const line = (...parts: string[]) => [time + mark, ...parts].filter((part) => part !== '').join(' ')

  const whole = line(link, detail)
  const text = line(shortLink(link), shortened(detail, maxDetailLength))
  return text === whole ? { text } : { text, whole }
}

/** Sets the server's reply apart from what else was told, in the facts of those kinds that have a reply. */
const shortenedMark = '¦'

const kindsWithReply: ReadonlySet<EventKind> = new Set(['bounced', 'deferred'])

function saidIn({ kind, reply = '', detail }: Told): string {
  if (!kindsWithReply.has(kind)) return detail
  const words = reply.replaceAll(shortenedMark, '|')
  return oneLine(detail) === '' ? words : `${words} ${shortenedMark} ${detail}`
}

/** What a bounce's or a deferral's fact says. */
interface Rejection {
  /** `undetermined` where none is told. */
  readonly bounceClass: BounceClass
  /** The receiving server's words alone; empty where it said nothing. */
  readonly reply: string
  /** What the provider added. */
  readonly detail: string
}

/** Reads the detail of a `bounced` or `deferred` fact back. */
export function rejectionIn(fact: Pick<Fact, 'detail'>): Rejection {
  const [, bounceClass = 'undetermined', said = ''] =
    /^(?:(hard|soft|undetermined)(?: |$))?(.*)$/.exec(fact.detail) ?? []
  const mark = said.indexOf(shortenedMark)
  const [reply, detail] =
    mark < 0 ? [said, ''] : [said.slice(0, mark), said.slice(mark + shortenedMark.length)]
  return { bounceClass: bounceClass as BounceClass, reply: reply.trim(), detail: detail.trim() }
}

/** The `requested` fact of an event that tells when its message was sent. */
export function sentFactOf(event: DeliveryEvent): string | undefined {
  if (event.sentAtMs === undefined) return undefined
  return factOf({ kind: 'requested', source: event.source, occurredAtMs: event.sentAtMs, detail: '' }).text
}

/** The shorter stand-in of a fact that was kept whole: what {@link factOf} put into the row. */
export function shortenedFact(kind: EventKind, whole: Fact): string {
  const [time = ''] = whole.text.split(' ')
  const link = hasLink(kind, whole) ? shortLink(whole.link ?? noLink) : ''
  return [time, link, shortened(whole.detail, maxDetailLength)].filter((part) => part !== '').join(' ')
}

/** Reads a line back. Whatever stands in the table can be read; a line that no event wrote is all detail. */
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
 * How often something happened: distinct identities among what callbacks reported, since a callback has its own instant; where
 * only the poll reported, once. An open or a click of which the poll shows the instant counts beside them, unless a callback
 * reported it as well.
 */
export function countOf(facts: readonly Fact[], areEngagement = false): number {
  const ofCallbacks = facts.filter(({ source }) => source === 'callback')
  const ofPoll = facts.filter(
    (fact) =>
      areEngagement &&
      fact.source === 'poll' &&
      fact.occurredAtMs !== undefined &&
      !ofCallbacks.some((other) => isSameOccurrence(other, fact)),
  )
  const counted = new Set([...ofCallbacks, ...ofPoll].map((fact) => fact.identity))
  return counted.size > 0 ? counted.size : Math.min(1, facts.length)
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

/** Earlier facts first; where the time is unknown, last. */
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

function linkToken(event: Told): string {
  if (!hasLink(event.kind, event)) return ''
  const link = oneLine(event.link ?? '').replaceAll(' ', '%20')
  return link === '' ? noLink : link
}

// A long link is cut, so its digest keeps apart two that begin alike.
function shortLink(link: string): string {
  if (link.length <= maxLinkLength) return link
  return `${link.slice(0, maxLinkLength - 20).toWellFormed()}…${fnv1a64(link)}`
}

function shortened(text: string, maxLength: number): string {
  return text.length <= maxLength ? text : `${text.slice(0, maxLength - 1).toWellFormed()}…`
}

/** FNV-1a, 64 bits: tells strings apart, protects nothing. */
function fnv1a64(text: string): string {
  let hash = 0xcbf29ce484222325n
  for (const byte of new TextEncoder().encode(text)) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  }
  return hash.toString(16).padStart(16, '0')
}
