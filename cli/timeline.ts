import { sentAtOfDelivery, type Delivery } from '../lib/core/delivery.ts'
import type { EventKind } from '../lib/core/event.ts'
import { byTime, rejectionIn, withoutFields, type Fact } from '../lib/core/fact.ts'
import { agentIn, readersOf, type Reader } from '../lib/core/machine-opens.ts'
import { printedLine } from '../lib/core/text.ts'
import type { StoredInboundMail } from '../lib/ledger/ports.ts'
import { isBotAgent } from './bot-agents.ts'
import { shortUserAgent } from './user-agent.ts'
import { verdictOfFact, type BounceVerdict } from './verdict-words.ts'

/** Facts of one kind that are shown. */
const mostFacts = 20

/** One thing that happened to a delivery, for a person to read. Its words were written by strangers: one line, without marks of direction. */
export interface TimelineEntry {
  /** Unix milliseconds; absent where nobody reported when. */
  readonly atMs?: number
  readonly kind: EventKind | 'soft-bounced' | 'sent' | 'answered'
  /** How it was learned. */
  readonly source?: Fact['source']
  /** The words of a server or a provider, the link of a click, the subject of an answer. */
  readonly words: string
  /** Of an open and a click: device and app, and who it was. */
  readonly agent?: string
  readonly reader?: Reader
  /** Of a bounce. */
  readonly verdict?: BounceVerdict
  /** Of an answer: the id of the inbound mail. */
  readonly inboundId?: string
  /** The fact as the row has it. */
  readonly stored?: string
  /** Stands for so many earlier facts of the kind. */
  readonly earlier?: number
}

/** What happened to a delivery, in order of time: at most 20 facts of a kind, the latest, and every answer. */
export function timelineOf(
  delivery: Delivery,
  answers: readonly StoredInboundMail[],
): readonly TimelineEntry[] {
  const entries = [...sendingOf(delivery), ...factsOf(delivery), ...answers.map(answerOf)]
  return entries.sort((one, other) => (one.atMs ?? Infinity) - (other.atMs ?? Infinity) || 0)
}

/** When it was sent, where no fact says so. */
function sendingOf(delivery: Delivery): readonly TimelineEntry[] {
  const atMs = sentAtOfDelivery(delivery)
  const isFact = [...delivery.facts.values()].flat().some(({ occurredAtMs }) => occurredAtMs === atMs)
  return atMs === undefined || isFact ? [] : [{ atMs, kind: 'sent', words: '' }]
}

function factsOf(delivery: Delivery): readonly TimelineEntry[] {
  const readers = readersByInstant(delivery)
  return [...delivery.facts].flatMap(([kind, facts]) => {
    const shown = facts.toSorted(byTime).slice(-mostFacts)
    const earlier = facts.length - shown.length
    return [
      ...(earlier > 0 ? [{ atMs: shown[0]?.occurredAtMs ?? 0, kind, words: '', earlier }] : []),
      ...shown.map((fact) => entryOf(kind, fact, delivery, readers)),
    ]
  })
}

function entryOf(
  kind: EventKind,
  fact: Fact,
  delivery: Delivery,
  readers: ReadonlyMap<string, Reader>,
): TimelineEntry {
  const { source, occurredAtMs, text } = fact
  const entry = { ...(occurredAtMs !== undefined && { atMs: occurredAtMs }), kind, source, stored: text }
  if (kind !== 'opened' && kind !== 'clicked') {
    const ofBounce = kind === 'bounced' && {
      // A hard one would have made that its status.
      ...(delivery.status === 'soft-bounced' && { kind: delivery.status }),
      verdict: verdictOfFact(delivery, fact),
    }
    return { ...entry, words: wordsOf(fact), ...ofBounce }
  }
  const agent = agentIn(fact.detail)
  const reader = readers.get(`${kind} ${occurredAtMs}`)
  return {
    ...entry,
    words: printedLine(fact.link ?? ''),
    ...(agent !== undefined && { agent: printedLine(shortUserAgent(agent)) }),
    ...(reader !== undefined && { reader }),
  }
}

/** The words of a server or a provider, without the fields behind them. */
function wordsOf(fact: Fact): string {
  const { reply, detail } = rejectionIn(fact)
  const parts = [reply, detail].map(withoutFields)
  return printedLine(parts.filter((part) => part !== '').join(' · '))
}

/** Of an instant the verdict that speaks most for a person. */
function readersByInstant(delivery: Delivery): ReadonlyMap<string, Reader> {
  const readers = new Map<string, Reader>()
  for (const { kind, occurredAtMs, verdict } of readersOf(delivery, { isBot: isBotAgent })) {
    const name = `${kind} ${occurredAtMs}`
    if (verdict === 'person' || !readers.has(name)) readers.set(name, verdict)
  }
  return readers
}

function answerOf({ id, receivedAt, columns }: StoredInboundMail): TimelineEntry {
  const atMs = Date.parse(receivedAt[0] ?? '')
  return {
    ...(Number.isNaN(atMs) ? {} : { atMs }),
    kind: 'answered',
    words: printedLine(columns.get('subject') ?? ''),
    inboundId: id,
  }
}

/** What the heading of a delivery shows, and its columns need not. */
const inHeading: ReadonlySet<string> = new Set(['sentAt', 'subject', 'from', 'fromDomain'])

/** Names and values of what is known of the message, beside its heading. */
export function columnsOf(delivery: Delivery): readonly (readonly [name: string, value: string])[] {
  const columns: readonly (readonly [string, string])[] = [
    ['message', delivery.message],
    ['provider', delivery.provider],
    ...delivery.emailIds.map((emailId) => ['emailId', emailId] as const),
    ...delivery.spellings.map((spelling) => ['spelling', spelling] as const),
    ...[...delivery.columns].filter(([name]) => !inHeading.has(name)),
  ]
  return columns.map(([name, value]) => [printedLine(name), printedLine(value)])
}
