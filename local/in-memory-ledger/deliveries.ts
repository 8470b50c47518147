import {
  impliedStatus,
  isPending,
  nameOf,
  statusRanks,
  type Delivery,
  type DeliveryKey,
  type Status,
} from '../../lib/core/delivery.ts'
import { eventKinds, type DeliveryEvent, type EventKind } from '../../lib/core/event.ts'
import { byTime, factOf, sentFactOf, standInOf, type Fact } from '../../lib/core/fact.ts'
import { dayMs, secondMs } from '../../lib/core/instant.ts'
import { isTaskKey } from '../../lib/core/message.ts'
import type {
  Clock,
  DeliveryReader,
  DeliveryWriter,
  PendingDelivery,
  PendingWriter,
} from '../../lib/ports.ts'
import { byBytes, eachAsync, requireKey } from './engine-rules.ts'
import { RowIndex } from './row-index.ts'
import {
  columnsOf,
  deliveryOf,
  factsIn,
  hasLine,
  isRoomLeft,
  lineOf,
  withColumns,
  withLine,
  withName,
  type Row,
} from './row.ts'

interface Limits {
  readonly retentionDays: number
  readonly maxFactsInRow: number
}

/** Texts of columns of which one copy is kept. Past that they are collected anew: what is unique must not pile up. */
const maxSharedTexts = 10_000

/** Deliveries in this process, with the joins of lib/core/join.ts and the bounds and conditions of lib/table. */
export function inMemoryDeliveries(
  clock: Clock,
  limits: Limits,
): DeliveryWriter & PendingWriter & DeliveryReader {
  const rows = new DeliveryRows(clock, limits)
  return {
    record: (event, signal) =>
      new Promise((resolve) => {
        signal?.throwIfAborted()
        rows.record(event)
        resolve()
      }),
    leavePending(key, status) {
      rows.leavePending(key, status)
      return Promise.resolve()
    },
    rowsOf: (keys) =>
      new Promise((resolve) => {
        resolve(rows.rowsOf(keys))
      }),
    ofRecipient: (recipient) => Promise.resolve(rows.ofRecipient(recipient)),
    ofMessage: (messageId) => Promise.resolve(rows.ofMessage(messageId)),
    pending: () => eachAsync(rows.pending()),
  }
}

/** The facts of an event: its own, and when its message was sent where it tells. */
interface ToldFacts {
  readonly told: ReturnType<typeof factOf>
  readonly sent: string | undefined
}

class DeliveryRows {
  readonly #clock: Clock
  readonly #limits: Limits
  readonly #index = new RowIndex()
  readonly #pending = new Set<Row>()
  /** Lines of facts that found no room in their row, and when each leaves. */
  readonly #beside = new Map<Row, Map<string, number>>()
  readonly #sharedTexts = new Map<string, string>()

  constructor(clock: Clock, limits: Limits) {
    this.#clock = clock
    this.#limits = limits
  }

  record(event: DeliveryEvent): void {
    const status = impliedStatus(event)
    const facts = { told: factOf(event), sent: sentFactOf(event) }
    const known = this.#index.find(event)
    const row = known ?? this.#added(event, status)
    row.expiresAtSeconds = this.#expiresAtSeconds()
    this.#addFacts(row, event.kind, facts)
    const columns = withColumns(row.columns, columnsOf(event))
    if (columns !== row.columns) row.columns = this.#shared(columns)
    if (event.spelling !== undefined) row.spellings = withName(row.spellings, event.spelling)
    if (event.emailId !== undefined) row.emailIds = withName(row.emailIds, event.emailId)
    if (known && statusRanks[row.status] >= statusRanks[status]) return
    row.status = status
    if (isPending(status)) this.#pending.add(row)
    else this.#pending.delete(row)
  }

  leavePending(key: DeliveryKey, status: Status): void {
    const row = this.#index.find(key)
    if (row?.status === status) this.#pending.delete(row)
  }

  rowsOf(keys: readonly DeliveryKey[]): readonly Delivery[] {
    const distinct = new Map(keys.map((key) => [nameOf(key), key]))
    return [...distinct.values()].flatMap((key) => {
      const row = this.#index.find(key)
      return row && !this.#isOver(row.expiresAtSeconds) ? [deliveryOf(row, factsIn(row.lines))] : []
    })
  }

  ofRecipient(recipient: string): readonly Delivery[] {
    const rows = [...this.#index.ofRecipient(recipient)]
    return this.#complete(rows.sort((a, b) => byBytes(a.message, b.message)))
  }

  ofMessage(messageId: string): readonly Delivery[] {
    // A row that is known only by its task stays out of the index of messages.
    const rows = isTaskKey(messageId) ? [] : [...this.#index.ofMessage(messageId)]
    return this.#complete(rows.sort((a, b) => byBytes(a.recipient, b.recipient)))
  }

  /** Those that were pending when it began, and still are when their turn comes. */
  *pending(): Iterable<PendingDelivery> {
    for (const row of [...this.#pending]) {
      if (!this.#pending.has(row)) continue
      const { recipient, message, status, provider } = row
      yield { recipient, message, status, provider }
    }
  }

  #added(event: DeliveryEvent, status: Status): Row {
    const { recipient, message, provider } = event
    requireKey(recipient, message)
    return this.#index.add({
      recipient,
      message,
      provider,
      status,
      lines: '',
      columns: '',
      expiresAtSeconds: 0,
    })
  }

  #addFacts(row: Row, kind: EventKind, { told, sent }: ToldFacts): void {
    const line = lineOf(kind, told.text)
    const hasRoom = isRoomLeft(row.lines, kind, this.#limits.maxFactsInRow) || hasLine(row.lines, line)
    if (hasRoom) row.lines = withLine(row.lines, line)
    if (told.whole !== undefined) this.#putBeside(row, lineOf(kind, told.whole))
    else if (!hasRoom) this.#putBeside(row, line)
    if (sent !== undefined) row.lines = withLine(row.lines, lineOf('requested', sent))
  }

  #putBeside(row: Row, line: string): void {
    const beside = this.#beside.get(row) ?? new Map<string, number>()
    beside.set(line, this.#expiresAtSeconds())
    this.#beside.set(row, beside)
  }

  #complete(rows: readonly Row[]): readonly Delivery[] {
    return rows
      .filter((row) => !this.#isOver(row.expiresAtSeconds))
      .map((row) => deliveryOf(row, this.#completeFacts(row)))
  }

  #completeFacts(row: Row): ReadonlyMap<EventKind, readonly Fact[]> {
    const inRow = factsIn(row.lines)
    const lines = [...(this.#beside.get(row) ?? [])].filter(([, seconds]) => !this.#isOver(seconds))
    if (lines.length === 0) return inRow
    const beside = factsIn(lines.map(([line]) => line).join(''))
    const facts = new Map<EventKind, readonly Fact[]>()
    for (const kind of eventKinds) {
      const all = united(kind, inRow.get(kind) ?? [], beside.get(kind) ?? [])
      if (all.length > 0) facts.set(kind, all)
    }
    return facts
  }

  #expiresAtSeconds(): number {
    return Math.ceil((this.#clock.now() + this.#limits.retentionDays * dayMs) / secondMs)
  }

  /** Whether a row's time is over. Like the table, it is not told any more and takes writes until it is deleted. */
  #isOver(expiresAtSeconds: number): boolean {
    return expiresAtSeconds * secondMs <= this.#clock.now()
  }

  /** The one copy of a text that many rows share. */
  #shared(text: string): string {
    const known = this.#sharedTexts.get(text)
    if (known !== undefined) return known
    if (this.#sharedTexts.size >= maxSharedTexts) this.#sharedTexts.clear()
    this.#sharedTexts.set(text, text)
    return text
  }
}

/** A fact that is kept whole beside its row takes the place of its shorter stand-in, as in lib/table/delivery-reader.ts. */
function united(kind: EventKind, inRow: readonly Fact[], whole: readonly Fact[]): readonly Fact[] {
  const standIns = new Set(whole.map((fact) => standInOf(kind, fact)))
  const distinct = new Map(
    [...inRow.filter((fact) => !standIns.has(fact.text)), ...whole].map((fact) => [fact.text, fact]),
  )
  return [...distinct.values()].sort(byTime)
}
