import { sentAtOfDelivery, type Delivery } from '../lib/core/delivery.ts'
import { printedLine } from '../lib/core/text.ts'
import type { StoredInboundMail } from '../lib/ledger/ports.ts'
import { adviceOfClass } from './advice.ts'
import { colored } from './colors.ts'
import { inColumns } from './columns.ts'
import type { LocalTimes } from './local-time.ts'
import { shownId } from './open-ledger.ts'
import { columnsOf, timelineOf, type TimelineEntry } from './timeline.ts'
import { verdictWords, type BounceVerdict } from './verdict-words.ts'

/**
 * One delivery as a terminal shows it: when it was sent, what became of it, its subject and people; the columns of its message;
 * then everything that happened, in order of time, with how it was learned.
 */
export function timelineText(
  delivery: Delivery,
  answers: readonly StoredInboundMail[],
  times: LocalTimes,
): string {
  return [
    headingOf(delivery, times),
    ...inColumns(columnsOf(delivery)).map((line) => `  ${line}`),
    '',
    ...linesOf(timelineOf(delivery, answers), times),
    '',
  ].join('\n')
}

function headingOf(delivery: Delivery, times: LocalTimes): string {
  const sentAtMs = sentAtOfDelivery(delivery)
  const { recipient, status, columns, facts } = delivery
  const complained = facts.has('complained') ? [colored('complained')] : []
  const people = [columns.get('from') ?? '', recipient].filter((one) => one !== '').map(printedLine)
  return [
    sentAtMs === undefined ? 'time unknown' : `sent ${times.time(sentAtMs)}`,
    colored(status),
    ...complained,
    printedLine(columns.get('subject') ?? ''),
    people.join(' → '),
  ]
    .filter((part) => part !== '')
    .join('  ')
}

function linesOf(entries: readonly TimelineEntry[], times: LocalTimes): readonly string[] {
  const lines = inColumns(
    entries.map((entry) => [
      entry.atMs === undefined ? 'time unknown' : times.time(entry.atMs),
      entry.kind,
      entry.source ?? '',
      wordsOf(entry),
    ]),
  )
  return entries.flatMap(({ verdict }, place) => [
    `  ${lines[place] ?? ''}`,
    ...(verdict ? judgmentOf(verdict) : []).map((line) => `      ${line}`),
  ])
}

function wordsOf({ words, agent, reader, inboundId, earlier }: TimelineEntry): string {
  if (earlier !== undefined) return `${earlier.toLocaleString('en-US')} earlier ones (--json)`
  const judged = reader === undefined || reader === 'unknown' ? '' : `(${reader})`
  const answer = inboundId === undefined ? '' : `(ledger inbound show ${shownId(inboundId)})`
  return [words, agent ?? '', judged, answer].filter((part) => part !== '').join(' ')
}

function judgmentOf(verdict: BounceVerdict): readonly string[] {
  return [adviceOfClass[verdict.class ?? 'unknown'], `(${verdictWords(verdict)})`]
}
