import type { Delivery, DeliveryKey, Status } from '../../lib/core/delivery.ts'
import { eventKinds, type DeliveryEvent, type EventKind } from '../../lib/core/event.ts'
import { byTime, parseFact, type Fact } from '../../lib/core/fact.ts'
import { formatInstant } from '../../lib/core/instant.ts'
import { sentAtOf, type MessageKey } from '../../lib/core/message.ts'
import { maxNamesInRow } from '../../lib/rows/row-limits.ts'

/** A delivery as dense as it can be and still be read: strings where a {@link Delivery} has maps and facts. */
export interface Row extends DeliveryKey {
  readonly provider: string
  status: Status
  /** A line for each fact that stands in the row. */
  lines: string
  /** Pairs of name and value as JSON; empty without any. What the message's key contains is not among them. */
  columns: string
  /** Other names of the recipient and of the delivery, sorted; absent if none was reported, as is usual. */
  spellings?: readonly string[]
  emailIds?: readonly string[]
  expiresAtSeconds: number
  /** The delivery to the same recipient that was known before this one. */
  readonly before: Row | undefined
}

const marks: ReadonlyMap<EventKind, string> = new Map(
  eventKinds.map((kind, index) => [kind, String.fromCharCode(97 + index)]),
)

/** The shortest line: a mark, `time-unknown` and the end of the line. */
const minLineLength = 14

/** A fact as a line of its row. No fact holds a line end: every report becomes one line. */
export function lineOf(kind: EventKind, text: string): string {
  return `${marks.get(kind) ?? ''}${text}\n`
}

export function hasLine(lines: string, line: string): boolean {
  return lines.startsWith(line) || lines.includes(`\n${line}`)
}

/** The lines with one more, unless they hold it. Joined and not added, so that V8 keeps one flat string and no tree. */
export function withLine(lines: string, line: string): string {
  if (lines === '') return line
  return hasLine(lines, line) ? lines : [lines, line].join('')
}

/** Whether the set of this kind has room in its row for one more fact. */
export function isRoomLeft(lines: string, kind: EventKind, maxFactsInRow: number): boolean {
  if (lines.length < maxFactsInRow * minLineLength) return true
  const mark = marks.get(kind) ?? ''
  return lines.split('\n').filter((line) => line.startsWith(mark)).length < maxFactsInRow
}

/** The facts of these lines by kind, in order of time; a kind without facts is absent. */
export function factsIn(lines: string): ReadonlyMap<EventKind, readonly Fact[]> {
  const all = lines.split('\n')
  const facts = new Map<EventKind, readonly Fact[]>()
  for (const [kind, mark] of marks) {
    const own = all.filter((line) => line.startsWith(mark))
    if (own.length > 0) facts.set(kind, own.map((line) => parseFact(kind, line.slice(1))).sort(byTime))
  }
  return facts
}

/** The row as the core knows it now, with these facts. Its columns are made when somebody asks, as few readers do. */
export function deliveryOf(row: Row, facts: ReadonlyMap<EventKind, readonly Fact[]>): Delivery {
  const { recipient, message, provider, status, columns } = row
  return {
    recipient,
    message,
    provider,
    status,
    facts,
    spellings: row.spellings ?? [],
    emailIds: row.emailIds ?? [],
    get columns() {
      return sortedColumns(message, columns)
    },
  }
}

function sortedColumns(message: MessageKey, columns: string): ReadonlyMap<string, string> {
  const sentAtMs = sentAtOf(message)
  const sentAt = sentAtMs === undefined ? [] : [['sentAt', formatInstant(sentAtMs)] as const]
  return new Map([...sentAt, ...columnsIn(columns)].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** The message columns of an event, as a row keeps them. */
export function columnsOf({ columns, headers }: DeliveryEvent): string {
  const reported = [...Object.entries(columns), ...headers]
  return reported.length === 0 ? '' : JSON.stringify(reported)
}

/** The columns that stand there, and those of the event that do not stand there yet. */
export function withColumns(known: string, reported: string): string {
  if (reported === '' || reported === known) return known
  if (known === '') return reported
  const before = columnsIn(known)
  const all = new Map([...columnsIn(reported), ...before])
  return all.size === before.length ? known : JSON.stringify([...all])
}

/** A sorted set with one more member, where it has room. */
export function withName(names: readonly string[] = [], name: string): readonly string[] {
  return names.length >= maxNamesInRow || names.includes(name) ? names : [...names, name].sort()
}

function columnsIn(columns: string): readonly (readonly [string, string])[] {
  return columns === '' ? [] : (JSON.parse(columns) as [string, string][])
}
