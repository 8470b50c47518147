import { sentAtOfDelivery, type Delivery } from '../lib/core/delivery.ts'
import type { EventKind } from '../lib/core/event.ts'
import { byTime, rejectionIn, withoutFields, type Fact } from '../lib/core/fact.ts'
import { agentIn, readersOf, type Reader } from '../lib/core/machine-opens.ts'
import { printedLine } from '../lib/core/text.ts'
import type { StoredInboundMail } from '../lib/ledger/ports.ts'
import { adviceOfClass } from './advice.ts'
import { isBotAgent } from './bot-agents.ts'
import { colored } from './colors.ts'
import { inColumns } from './columns.ts'
import type { LocalTimes } from './local-time.ts'
import { shownId } from './open-ledger.ts'
import { shortUserAgent } from './user-agent.ts'
import { verdictOfFact, verdictWords } from './verdict-words.ts'

/** Facts of one kind that are shown; `--json` prints all. */
const mostFacts = 20

/** A line of what happened; lines below it say what it means. */
interface Entry {
  readonly atMs: number
  readonly cells: readonly string[]
  readonly below: readonly string[]
}

/**
 * One delivery for a person to read: when it was sent, what became of it, its subject and people; the columns of its message;
 * then everything that happened, in order of time, with how it was learnt.
 */
export function timelineOf(
  delivery: Delivery,
  answers: readonly StoredInboundMail[],
  times: LocalTimes,
): string {
  const entries = [...sendingOf(delivery), ...factsOf(delivery), ...answers.map(answerOf)]
  const columns = columnsOf(delivery)
  return [
    headingOf(delivery, times),
    ...inColumns(columns).map((line) => `  ${line}`),
    '',
    ...linesOf(entries, times),
    '',
  ].join('\n')
}

function headingOf(delivery: Delivery, times: LocalTimes): string {
  const sentAtMs = sentAtOfDelivery(delivery)
  const { recipient, status, columns, facts } = delivery
  const complained = facts.has('complained') ? [colored('complained')] : []
  const people = [columns.get('from') ?? '', recipient].filter((one) => one !== '').map(printedLine)
  return [
    sentAtMs === undefined ? 'time unknown' : times.time(sentAtMs),
    colored(status),
    ...complained,
    printedLine(columns.get('subject') ?? ''),
    people.join(' → '),
  ]
    .filter((part) => part !== '')
    .join('  ')
}

/** What the heading does not say. */
const inHeading: ReadonlySet<string> = new Set(['sentAt', 'subject', 'from', 'fromDomain'])

function columnsOf(delivery: Delivery): readonly (readonly string[])[] {
  return [
    ['message', delivery.message],
    ['provider', delivery.provider],
    ...delivery.emailIds.map((emailId) => ['emailId', emailId]),
    ...delivery.spellings.map((spelling) => ['spelling', spelling]),
    ...[...delivery.columns].filter(([name]) => !inHeading.has(name)),
  ].map((cells) => cells.map(printedLine))
}

/** When it was sent, where no fact says so. */
function sendingOf(delivery: Delivery): readonly Entry[] {
  const atMs = sentAtOfDelivery(delivery)
  const isFact = [...delivery.facts.values()].flat().some(({ occurredAtMs }) => occurredAtMs === atMs)
  return atMs === undefined || isFact ? [] : [{ atMs, cells: ['sent'], below: [] }]
}

function factsOf(delivery: Delivery): readonly Entry[] {
  const readers = readersByInstant(delivery)
  return [...delivery.facts].flatMap(([kind, facts]) => {
    const shown = facts.toSorted(byTime).slice(-mostFacts)
    const left = facts.length - shown.length
    const more = `${left.toLocaleString('en-US')} earlier ones (--json)`
    return [
      ...(left > 0 ? [{ atMs: shown[0]?.occurredAtMs ?? 0, cells: [kind, '', more], below: [] }] : []),
      ...shown.map((fact) => entryOf({ kind, fact }, delivery, readers)),
    ]
  })
}

interface ShownFact {
  readonly kind: EventKind
  readonly fact: Fact
}

function entryOf({ kind, fact }: ShownFact, delivery: Delivery, readers: ReadonlyMap<string, Reader>): Entry {
  const words =
    kind === 'opened' || kind === 'clicked'
      ? engagementWords(fact, readers.get(`${kind} ${fact.occurredAtMs}`))
      : wordsOf(fact)
  return {
    atMs: fact.occurredAtMs ?? Infinity,
    cells: [kind, fact.source, words],
    below: kind === 'bounced' ? judgmentOf(delivery, fact) : [],
  }
}

/** The words of a server or a provider, without the fields behind them. */
function wordsOf(fact: Fact): string {
  const { reply, detail } = rejectionIn(fact)
  const parts = [reply, detail].map(withoutFields)
  return printedLine(parts.filter((part) => part !== '').join(' · '))
}

function engagementWords({ detail, link }: Fact, reader: Reader | undefined): string {
  const agent = agentIn(detail)
  const by = agent === undefined ? '' : shortUserAgent(agent)
  const judged = reader === undefined || reader === 'unknown' ? '' : `(${reader})`
  return printedLine([link ?? '', by, judged].filter((part) => part !== '').join(' '))
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

function judgmentOf(delivery: Delivery, fact: Fact): readonly string[] {
  const verdict = verdictOfFact(delivery, fact)
  return [adviceOfClass[verdict.class ?? 'unknown'], `(${verdictWords(verdict)})`]
}

function answerOf({ id, receivedAt, columns }: StoredInboundMail): Entry {
  const words = `${columns.get('subject') ?? ''} (ledger inbound show ${shownId(id)})`
  const receivedAtMs = Date.parse(receivedAt[0] ?? '')
  const atMs = Number.isNaN(receivedAtMs) ? Infinity : receivedAtMs
  return { atMs, cells: ['answered', '', printedLine(words)], below: [] }
}

function linesOf(entries: readonly Entry[], times: LocalTimes): readonly string[] {
  const sorted = entries.toSorted((one, other) => (one.atMs === other.atMs ? 0 : one.atMs - other.atMs))
  const lines = inColumns(
    sorted.map(({ atMs, cells }) => [atMs === Infinity ? 'time unknown' : times.time(atMs), ...cells]),
  )
  return sorted.flatMap(({ below }, place) => [
    `  ${lines[place] ?? ''}`,
    ...below.map((line) => `      ${line}`),
  ])
}
