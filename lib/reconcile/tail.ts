import { nameOf } from '../core/delivery.ts'
import { hourMs, minuteMs, addDays, requestDateOf, requestDateStartMs } from '../core/instant.ts'
import { orderAfter, type KnownOrder, type ListOrder } from '../core/list-order.ts'
import { callbackGraceMs } from '../core/schedule.ts'
import { datesFrom, settlingMs } from '../core/sweep-plan.ts'
import type { StatusPage } from './ports.ts'
import { tailOf, type Tail } from './checkpoint.ts'
import { listedSentAt } from './page-reader.ts'
import type { Run } from './run.ts'

/** Every read ends with a page that is half empty on average, so a list that grows slowly is read only so often. */
const readEveryMs = 30 * minuteMs
/** A list that grows as fast as this is read at every run: it fills pages meanwhile. */
const busyRowsPerHour = 2_000
/** Where answers are repeated, a list is read once they are not, and before what is new is twenty minutes old. */
const readRepeatingEveryMs = 15 * minuteMs
/** By how much a run may be early. */
const scheduleSlackMs = minuteMs

/**
 * Reads today's list onward, and the end of yesterday's once it has closed, so that what nobody reported is discovered. A
 * date whose list could not be read to its end, or is in no order in which nothing new can be missed, is left to a sweep.
 */
export async function readTail(run: Run): Promise<void> {
  const today = requestDateOf(run.listedMs - settlingMs)
  if (run.checkpoint.tail.requestDate < today) await closeTail(run, today)
  const { order } = run.checkpoint.tail
  const isDue = run.isByHand || isReadingDue(run)
  if (!run.areSendsRecorded && isDue && order !== 'none' && !isRepeated(run)) await readOnward(run)
}

function isReadingDue({ startedMs, staleMs, listedMs, lookUpsBy, checkpoint }: Run): boolean {
  const { readAtMs, rowsPerHour } = checkpoint.tail
  const isFresh = listedMs === startedMs
  const isPast = (everyMs: number) => startedMs - readAtMs >= everyMs - scheduleSlackMs
  if (staleMs > 0) return isFresh && isPast(lookUpsBy === 'nothing' ? readEveryMs : readRepeatingEveryMs)
  return rowsPerHour >= busyRowsPerHour || isPast(readEveryMs)
}

/**
 * Whether the provider may repeat some pages of the last reading and not others, should today's list be read anew now. Between an
 * older page and a newer one rows are missing, unless they are added behind all others.
 */
export function isRepeated(run: Run): boolean {
  const { order, passThroughMs, askedAtMs } = run.checkpoint.tail
  const isOnward = order === 'oldest-first' || passThroughMs > 0
  return run.staleMs > 0 && !isOnward && askedAtMs > run.listedMs
}

/** Ends the list of a date that has closed, and begins today's. */
async function closeTail(run: Run, today: string): Promise<void> {
  const { requestDate: closed, isDiscovering, readAtMs } = run.checkpoint.tail
  // Sends that are recorded since today were not yesterday, unless nothing was read then either.
  const wasDiscovering = isDiscovering && (!run.areSendsRecorded || readAtMs > 0)
  const unreadFrom = wasDiscovering ? await readToEnd(run) : undefined
  const unread = [
    ...(unreadFrom === undefined ? [] : [{ requestDate: closed, offset: unreadFrom }]),
    ...(wasDiscovering ? datesFrom(addDays(closed, 1), addDays(today, -1)) : []).map((requestDate) => ({
      requestDate,
      offset: 0,
    })),
  ]
  const { openSweeps } = run.checkpoint
  const isOpen = (date: string) => openSweeps.some(({ requestDate }) => requestDate === date)
  run.advance({
    tail: tailOf(today, !run.areSendsRecorded),
    openSweeps: [...openSweeps, ...unread.filter(({ requestDate }) => !isOpen(requestDate))],
  })
}

/** Reports from where the list has still to be read; `undefined` where all of it is. */
async function readToEnd(run: Run): Promise<number | undefined> {
  const isAtEnd = run.checkpoint.tail.order !== 'none' && (await readOnward(run))
  const { order, offset, isReadAgain } = run.checkpoint.tail
  if (!isAtEnd || order === 'none') return 0
  if (!isReadAgain) return undefined
  return order === 'oldest-first' ? offset : 0
}

/**
 * Reads the tail's list from where it was left, up to what is old enough for its callbacks to be in: younger rows are left, to
 * be read again with the next ones instead of being looked up one by one. A reading that is cut short goes on at the next
 * one. `false` where it did not reach the end: a page stayed unanswered, or the list is to be read from its beginning.
 */
export async function readOnward(run: Run): Promise<boolean> {
  const { requestDate, order } = run.checkpoint.tail
  const reading = new Reading(run.checkpoint.tail, run.throughMs)
  const keep = (tail: Tail) => {
    run.advance({ tail: { ...tail, askedAtMs: run.calls.lastCallAtMs } })
  }
  for await (const page of run.reader.pages({ requestDate, offset: reading.nextOffset })) {
    if (page === 'unanswered') return false
    reading.add(page)
    keep(reading.reached)
    if (reading.isAtEnd || reading.isVain) break
    await run.save()
  }
  noteOrder(run, order)
  if (reading.isVain) return false
  keep(reading.ended(run.startedMs))
  return true
}

/** That an order is learned is no change of it. */
function noteOrder(run: Run, known: ListOrder): void {
  const { requestDate, order } = run.checkpoint.tail
  const isVain = order === 'undetermined' && known !== order
  if (order === known || !(isVain || order === 'none')) return
  run.orderChanges += 1
  const consequence = isVain
    ? 'the list is read from its beginning'
    : 'what is new is discovered once the date has closed'
  run.log('list order changed', { requestDate, from: known, to: order, consequence })
}

/** What was sent within this time may be in another order: so much is read again with the next rows. */
const toleratedMs = callbackGraceMs

/** Where a list is read from of which nothing is known, at the next run. */
const anew = { order: 'undetermined', isOrderSure: false, offset: 0, passThroughMs: 0, readAtMs: 0 } as const

/** One reading of a list, page by page. */
class Reading {
  readonly #known: Tail
  /** Rows up to here are read for; in a reading that goes on, what it set out for. */
  readonly #throughMs: number
  #reached: Tail
  #isAtEnd = false
  #isVain = false
  #isOld = true
  /** The offset of the first page that was read for the first time and had rows that could not be read. */
  #unreadableFrom: number | undefined
  #newRows = 0
  /** When that row so far was sent that later rows must not precede. */
  #farthestMs: readonly number[] = []
  #pageBefore: ReadonlySet<string> = new Set()
  nextOffset: number

  constructor(known: Tail, throughMs: number) {
    this.#known = known
    this.#throughMs = known.passThroughMs > 0 ? known.passThroughMs : Math.max(0, throughMs)
    this.#reached = known
    this.nextOffset = known.offset
  }

  /** How far the list is read, should the reading be cut short now. */
  get reached(): Tail {
    return this.#reached
  }

  /** Whether what follows does not exist, is too young, or was read before. */
  get isAtEnd(): boolean {
    return this.#isAtEnd
  }

  /** Whether the order in which it reads is not that of the list: it is read anew at the next run. */
  get isVain(): boolean {
    return this.#isVain
  }

  add(page: StatusPage): void {
    const sentMs = page.deliveries.flatMap((delivery) => listedSentAt(delivery) ?? [])
    const { order: observed, isSure } = this.#orderAfter(this.#newlyListedMs(page))
    const isUndone = observed === 'undetermined' && this.#reached.order !== observed
    // One that began without an order has seen the list from its beginning: there is none.
    const order = isUndone && this.#known.order === 'undetermined' ? 'none' : observed
    if (isUndone && order !== 'none') {
      this.#isVain = true
      this.#reached = { ...this.#reached, ...anew }
    } else this.#goOn(page, sentMs, { order, isSure })
  }

  #goOn(page: StatusPage, sentMs: readonly number[], { order, isSure }: KnownOrder): void {
    const { throughMs } = this.#known
    const oldRows = this.#isOld ? countOld(page, this.#throughMs) : 0
    if (page.unreadable.length > 0 && this.#isNew(order, page.rows, sentMs)) {
      this.#unreadableFrom ??= this.nextOffset
    }
    const position = this.#position(order, page.rows, oldRows)
    const seenOffset = Math.max(this.#reached.seenOffset, this.nextOffset + page.rows)
    this.#reached = { ...this.#reached, order, isOrderSure: isSure, seenOffset, ...position }
    this.#isOld &&= oldRows === page.rows
    this.#newRows += sentMs.filter((ms) => ms > throughMs && ms <= this.#throughMs).length
    this.nextOffset += page.rows
    this.#isAtEnd =
      page.isLast ||
      (order === 'oldest-first' && !this.#isOld) ||
      (order === 'newest-first' && sentMs.some((ms) => ms < throughMs - toleratedMs))
  }

  /** Without the rows of the page before: rows that are added in front move them on, which shows nothing about the order. */
  #newlyListedMs({ deliveries }: StatusPage): readonly number[] {
    const before = this.#pageBefore
    this.#pageBefore = new Set(deliveries.map(nameOf))
    return deliveries.flatMap((delivery) =>
      before.has(nameOf(delivery)) ? [] : (listedSentAt(delivery) ?? []),
    )
  }

  #orderAfter(sentMs: readonly number[]): KnownOrder {
    const { order, isOrderSure: isSure } = this.#reached
    const known = orderAfter({ order, isSure }, [...this.#farthestMs, ...sentMs], toleratedMs)
    const all = [...this.#farthestMs, ...sentMs]
    const farthest = known.order === 'newest-first' ? Math.min(...all) : Math.max(...all)
    this.#farthestMs = all.length === 0 ? [] : [farthest]
    return known
  }

  /** Whether the page has rows that no earlier reading reached. */
  #isNew(order: ListOrder, rows: number, sentMs: readonly number[]): boolean {
    const { seenOffset, seenThroughMs } = this.#known
    if (order === 'oldest-first') return this.nextOffset + rows > seenOffset
    return sentMs.length === 0 || sentMs.some((ms) => ms > seenThroughMs)
  }

  /**
   * How far the list is read once the reading is at its end. Rows that could not be read are read again at the next
   * reading, once: they may have been so at this moment only.
   */
  ended(readAtMs: number): Tail {
    const sinceMs = Math.max(this.#known.throughMs, requestDateStartMs(this.#known.requestDate))
    const hours = Math.max(minuteMs, this.#throughMs - sinceMs) / hourMs
    const rowsPerHour = Math.round(this.#newRows / hours)
    const { offset, order } = this.#reached
    const isReadAgain = this.#unreadableFrom !== undefined
    const isFromStart = order !== 'oldest-first'
    return {
      ...this.#reached,
      // In any other order new rows may be before it.
      offset: isFromStart ? 0 : offset,
      passThroughMs: 0,
      throughMs: isReadAgain && isFromStart ? this.#known.seenThroughMs : this.#throughMs,
      seenThroughMs: this.#throughMs,
      isReadAgain,
      readAtMs,
      rowsPerHour,
    }
  }

  /** Where the reading goes on: oldest first before what is too young, else behind what was read. */
  #position(order: ListOrder, rows: number, oldRows: number): Pick<Tail, 'offset' | 'passThroughMs'> {
    if (order === 'newest-first' || order === 'none') {
      return { offset: this.nextOffset + rows, passThroughMs: this.#throughMs }
    }
    const offset = oldRows > 0 ? this.nextOffset + oldRows : this.#reached.offset
    return { offset: Math.min(offset, this.#unreadableFrom ?? Infinity), passThroughMs: 0 }
  }
}

/** How many rows of the page, from its beginning, are old enough. Between rows of which nothing can be read none is counted. */
function countOld(page: StatusPage, throughMs: number): number {
  const young = page.deliveries.findIndex((delivery) => (listedSentAt(delivery) ?? 0) > throughMs)
  if (young === -1) return page.rows
  return page.deliveries.length === page.rows ? young : 0
}
