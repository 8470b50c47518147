import { PutItemCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { isEngagement, statusRanks, type DeliveryKey } from '../core/delivery.ts'
import type { DeliveryEvent, EventKind } from '../core/event.ts'
import { UnwritableError, type DeliveryWriter } from '../ledger/ports.ts'
import type { PendingWriter } from '../reconcile/ports.ts'
import { partsOf, type BesideRow, type EventParts } from '../rows/event-parts.ts'
import { besideLives, maxNamesInRow, usualMaxFactsInRow } from '../rows/row-limits.ts'
import type { Clock } from '../runtime/ports.ts'
import type { IndexedIds } from '../store/ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { isRefusedForGood, isTooLarge, tryUpdate } from './try-update.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly retentionDays: number
  readonly clock: Clock
  /** Default: 50. */
  readonly maxFactsInRow?: number
  /** Default: none. */
  readonly indexedIds?: IndexedIds
}

/**
 * Writes events so that any order, any repeats and any interleaving of writers give the same row, with one write for
 * the usual event and without reading (docs/adr/0001, 0002).
 */
export function deliveryWriter(dependencies: Dependencies): DeliveryWriter & PendingWriter {
  return {
    async record(event, signal) {
      try {
        await recordEvent(dependencies, event, signal)
      } catch (error) {
        throw isRefusedForGood(error)
          ? new UnwritableError(`DynamoDB refused the event: ${error.message}`)
          : error
      }
    },
    async leavePending(key, status) {
      const expression = new Expression()
      expression.remove('pending')
      expression.require(`${expression.name('statusRank')} = ${expression.number(statusRanks[status])}`)
      await tryUpdate(dependencies, keyAttributes(key), expression)
    },
  }
}

/** The parts of an event that go into the row; the rest is written beside it. */
interface Share {
  readonly fact: boolean
  /** When the message was sent, spellings and emailIds: also sets. */
  readonly sets: boolean
  /** `moved`: those of the row leave it as well. */
  readonly columns: 'set' | 'beside' | 'moved'
  /** Whether a problem comes into the index of problems; absent: it does. */
  readonly isIndexed?: false
}

/** The usual write. */
const wholeShare: Share = { fact: true, sets: true, columns: 'set' }

/** Each share is tried if the one before finds a set full; the next line of shares if the item is too large. */
const attemptedShares: readonly (readonly Share[])[] = [
  [
    wholeShare,
    { fact: false, sets: true, columns: 'set' },
    { fact: true, sets: false, columns: 'set' },
    { fact: false, sets: false, columns: 'set' },
  ],
  // A row at the size limit still fits the status, which is at most a few bytes longer than another.
  [{ fact: false, sets: false, columns: 'beside' }],
  // If not even those fit, its columns are moved out.
  [{ fact: false, sets: false, columns: 'moved' }],
  // The 23 bytes of its place among the problems are more than a full row may have.
  [{ fact: false, sets: false, columns: 'moved', isIndexed: false }],
]

async function recordEvent(to: Dependencies, event: DeliveryEvent, signal?: AbortSignal): Promise<void> {
  const write = new EventWrite(to, event, signal)
  if (!(await write.isWritten())) {
    throw new UnwritableError('Every form of the write was refused, although one must hold.')
  }
  if (write.parts.hasTooLarge)
    throw new UnwritableError('A part of the event is larger than any item may be.')
}

/** One event being written. */
class EventWrite {
  readonly parts: EventParts
  readonly #to: Dependencies
  readonly #event: DeliveryEvent
  readonly #signal: AbortSignal | undefined
  /** Suffixes of the rows put beside it. */
  readonly #beside = new Set<string>()

  constructor(to: Dependencies, event: DeliveryEvent, signal: AbortSignal | undefined) {
    this.parts = partsOf(event, to.indexedIds)
    this.#to = to
    this.#event = event
    this.#signal = signal
  }

  /** What does not fit into the row is put beside it first, so that nothing is lost if the second write fails. */
  async isWritten(attempts: readonly (readonly Share[])[] = attemptedShares): Promise<boolean> {
    const [tried = [], ...others] = attempts
    try {
      for (const share of tried) if (await this.#isTaken(share)) return true
      return false
    } catch (error) {
      if (others.length === 0 || !isTooLarge(error)) throw error
      return this.isWritten(others)
    }
  }

  /**
   * The two forms of the write. `raise` sets the status; it holds below the event's rank, and at that rank if nothing
   * changes, so that a repeat costs one call like the first report. `join` leaves the status alone and holds at or
   * above the rank. One of them holds for any row, so the likelier is tried first, and a failed condition means the
   * other. A rank only rises, so `join` is tried last: if that fails too, the share does not fit into the row.
   */
  async #isTaken(share: Share): Promise<boolean> {
    await this.#putBeside(share)
    const isLikelyJoined = share !== wholeShare || isEngagement(this.#event.kind)
    for (const form of isLikelyJoined ? (['join', 'raise', 'join'] as const) : (['raise', 'join'] as const)) {
      const expression = this.#expression(share, form)
      if (await tryUpdate(this.#to, keyAttributes(this.#event), expression, this.#signal)) return true
    }
    return false
  }

  async #putBeside(share: Share): Promise<void> {
    const { alwaysBeside, factBeside, setsBeside, columnsBeside } = this.parts
    const rows = [
      ...alwaysBeside,
      ...(share.fact ? [] : factBeside),
      ...(share.sets ? [] : setsBeside),
      ...(share.columns === 'set' ? [] : columnsBeside),
    ]
    for (const row of rows) {
      if (this.#beside.has(row.suffix)) continue
      await putBeside(this.#to, this.#event, row, this.#signal)
      this.#beside.add(row.suffix)
    }
  }

  #expression(share: Share, form: 'raise' | 'join'): Expression {
    const expression = new Expression()
    this.#addSets(expression, share)
    this.#setColumns(expression, share)
    expression.set('expiresAt', expiresAt(this.#to.clock.now(), this.#to.retentionDays))
    const { status, pending } = this.parts
    const statusRank = expression.name('statusRank')
    const rank = expression.number(statusRanks[status])
    if (form === 'join') {
      expression.require(`${statusRank} >= ${rank}`)
      return expression
    }
    expression.require(
      `(attribute_not_exists(${statusRank}) OR ${raisable(expression, rank, pending !== undefined)})`,
    )
    expression.set('status', { S: status })
    expression.set('statusRank', { N: String(statusRanks[status]) })
    if (pending === undefined) expression.remove('pending')
    else expression.set('pending', { S: pending })
    return expression
  }

  /** Each on the condition that its set has room. */
  #addSets(expression: Expression, share: Share): void {
    const { kind, spelling, emailId } = this.#event
    const maxFacts = this.#to.maxFactsInRow ?? usualMaxFactsInRow
    const facts = new Map<EventKind, string[]>()
    if (share.fact) facts.set(kind, [this.parts.fact])
    // One clause per attribute: an event that is itself the request joins both into one set.
    if (share.sets && this.parts.sent !== undefined) {
      facts.set('requested', [...(facts.get('requested') ?? []), this.parts.sent])
    }
    for (const [set, members] of facts) expression.addAllWithinRoom(set, members, maxFacts)
    if (share.sets && spelling !== undefined) {
      expression.addAllWithinRoom('spellings', [spelling], maxNamesInRow)
    }
    if (share.sets && emailId !== undefined) expression.addAllWithinRoom('emailIds', [emailId], maxNamesInRow)
  }

  /** Columns of the message are the same in every event, so the first event sets them. */
  #setColumns(expression: Expression, share: Share): void {
    const { identity, problemDay, ids } = this.parts
    for (const [column, value] of identity) expression.setOnce(column, value)
    if (problemDay !== undefined && share.isIndexed !== false) expression.setOnce('problemDay', problemDay)
    // A full row has no room for them.
    if (share.columns === 'set') for (const [attribute, id] of ids) expression.setOnce(attribute, id)
    for (const [column, value] of this.parts.columns) {
      if (share.columns === 'set') expression.setOnce(column, value)
      if (share.columns === 'moved') expression.remove(column)
    }
  }
}

/**
 * The condition that setting a status does not lower it, nor return a delivery to the pending index: at its own rank a
 * row may only be set to what it is.
 */
function raisable(expression: Expression, rank: string, isPending: boolean): string {
  const statusRank = expression.name('statusRank')
  if (!isPending) return `${statusRank} <= ${rank}`
  const isStillPending = `attribute_exists(${expression.name('pending')})`
  return `${statusRank} < ${rank} OR (${statusRank} = ${rank} AND ${isStillPending})`
}

/** Puts a row that sorts right below the delivery's. */
async function putBeside(
  { client, table, clock, retentionDays }: Dependencies,
  event: DeliveryEvent,
  row: BesideRow,
  signal?: AbortSignal,
): Promise<void> {
  const content: Record<string, AttributeValue> = {}
  for (const [name, text] of Object.entries(row.texts)) content[name] = { S: text }
  for (const [name, members] of Object.entries(row.sets)) content[name] = { SS: [...members] }
  const command = new PutItemCommand({
    TableName: table,
    Item: {
      ...keyAttributes({ recipient: event.recipient, message: `${event.message}#${row.suffix}` }),
      [row.names]: { S: event.message },
      ...content,
      provider: { S: event.provider },
      expiresAt: expiresAt(clock.now(), besideLives * retentionDays),
    },
  })
  await client.send(command, signal ? { abortSignal: signal } : {})
}

function keyAttributes(key: DeliveryKey): Record<string, AttributeValue> {
  return { recipient: { S: key.recipient }, message: { S: key.message } }
}
