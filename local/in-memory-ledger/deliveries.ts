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
import { byTime, factOf, sentFactOf, shortenedFact, type Fact } from '../../lib/core/fact.ts'
import { dayMs, secondMs } from '../../lib/core/instant.ts'
import { isTaskKey } from '../../lib/core/message.ts'
import type { DeliveryReader, DeliveryWriter, PendingDelivery } from '../../lib/ledger/ports.ts'
import type { PendingWriter } from '../../lib/reconcile/ports.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import { besideLives, maxNamesInRow } from '../../lib/rows/row-limits.ts'
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

/** Deliveries in this process: dense rows that join as lib/core/join.ts does, with the bounds and conditions of lib/table. */
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
    const known = this.#index.find(event)
    const row = known ?? this.#added(event, status)
    this.#addSets(row, event)
    row.expiresAtSeconds = this.#inLives(1)
    const columns = withColumns(row.columns, columnsOf(event))
    if (columns !== row.columns) row.columns = this.#shared(columns)
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

  /** As the table shares an event out: in the row where there is room, else beside it. */
  #addSets(row: Row, event: DeliveryEvent): void {
    const { spelling, emailId } = event
    const sent = sentFactOf(event)
    const sentLines = sent === undefined ? [] : [lineOf('requested', sent)]
    const hasSetRoom =
      sentLines.every((line) => this.#hasRoom(row, 'requested', line)) &&
      hasNameRoom(row.spellings, spelling) &&
      hasNameRoom(row.emailIds, emailId)
    this.#addFact(row, event, hasSetRoom)
    for (const line of sentLines) {
      if (hasSetRoom) row.lines = withLine(row.lines, line)
      else this.#putBeside(row, line)
    }
    // Names that do not fit are beside the row in the table; here both are one.
    if (spelling !== undefined) row.spellings = withName(row.spellings, spelling)
    if (emailId !== undefined) row.emailIds = withName(row.emailIds, emailId)
  }

  /** Where the other sets have no room, the table puts the fact beside the row before it finds out. */
  #addFact(row: Row, event: DeliveryEvent, hasSetRoom: boolean): void {
    const { text, whole } = factOf(event)
    const line = lineOf(event.kind, text)
    const hasRoom = this.#hasRoom(row, event.kind, line)
    if (hasRoom) row.lines = withLine(row.lines, line)
    if (whole !== undefined) this.#putBeside(row, lineOf(event.kind, whole))
    else if (!hasRoom || !hasSetRoom) this.#putBeside(row, line)
  }

  #hasRoom(row: Row, kind: EventKind, line: string): boolean {
    return isRoomLeft(row.lines, kind, this.#limits.maxFactsInRow) || hasLine(row.lines, line)
  }

  #putBeside(row: Row, line: string): void {
    const beside = this.#beside.get(row) ?? new Map<string, number>()
    beside.set(line, this.#inLives(besideLives))
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

  /** In so many retentions from now. */
  #inLives(lives: number): number {
    return Math.ceil((this.#clock.now() + lives * this.#limits.retentionDays * dayMs) / secondMs)
  }

  /** Whether a row has expired. As in the table, it is not returned any more but takes writes until it is deleted. */
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

/** A fact that is kept whole beside its row replaces its shortened form, as in lib/rows/delivery-row.ts. */
function united(kind: EventKind, inRow: readonly Fact[], whole: readonly Fact[]): readonly Fact[] {
  const standIns = new Set(whole.map((fact) => shortenedFact(kind, fact)))
  const distinct = new Map(
    [...inRow.filter((fact) => !standIns.has(fact.text)), ...whole].map((fact) => [fact.text, fact]),
  )
  return [...distinct.values()].sort(byTime)
}

function hasNameRoom(names: readonly string[] = [], name: string | undefined): boolean {
  return name === undefined || names.length < maxNamesInRow || names.includes(name)
}
