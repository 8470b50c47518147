import {
  pageRows,
  StatusApiError,
  type ReadRow,
  type StatusApi,
  type StatusPage,
} from '../../lib/reconcile/ports.ts'
import { pageOf } from '../../lib/status-apis/page.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import type { SimulatedDelivery } from './mail.ts'
import type { Mailbox } from './mailbox.ts'
import { readStatusQuery, type StatusQuery } from './status-query.ts'
import { statusRowAt } from './status-row.ts'

interface InProcessSettings {
  readonly mailbox: Mailbox
  readonly clock: Clock
  /** Whose rows these are. */
  readonly provider: string
  /** Reads a row as the adapter of the real API does. */
  readonly readRow: (row: unknown) => ReadRow
}

/** Dates whose rows are cached as last returned: a few lists are read again and again. */
const rememberedDates = 5

/** A cached result, valid until something else happens to its mail. */
interface Cached<T> {
  readonly untilMs: number
  readonly what: T
}

/** The cached results of one date. */
interface CachedDate {
  readonly rows: Map<SimulatedDelivery, Cached<ReadRow>>
  /** By offset. */
  readonly pages: Map<number, Cached<StatusPage>>
}

/**
 * The simulated SES without HTTP: the same pages, window and refusals, for simulations that ask millions of times.
 * While nothing happens to the mail of a full page, it is returned as the same object; so is a row. A full page stays
 * that of its mail, so the mailbox must list in the order of sending.
 */
export function inProcessStatusApi({ mailbox, clock, provider, readRow }: InProcessSettings): StatusApi {
  const cache = new RecentDates()
  const rowOf = (delivery: SimulatedDelivery, { rows }: CachedDate, nowMs: number): Cached<ReadRow> => {
    const known = rows.get(delivery)
    if (known && nowMs < known.untilMs) return known
    const row = { what: readRow(statusRowAt(delivery, nowMs)), untilMs: nextChangeMs(delivery, nowMs) }
    rows.set(delivery, row)
    return row
  }
  const listed = (query: StatusQuery, ofDate: CachedDate, nowMs: number): StatusPage => {
    const known = ofDate.pages.get(query.offset)
    if (known && nowMs < known.untilMs) return known.what
    const rows = mailbox.page(query, nowMs).map((delivery) => rowOf(delivery, ofDate, nowMs))
    const what = pageOf(rows.map((row) => row.what))
    const untilMs = Math.min(...rows.map((row) => row.untilMs))
    if (!what.isLast) ofDate.pages.set(query.offset, { what, untilMs })
    return what
  }
  return {
    provider,
    name: 'GetSendEmailStatus',
    lookUpsBy: 'message',
    staleMs: 0,
    page({ requestDate, offset, messageId }) {
      const nowMs = clock.now()
      const query = acceptedQuery({ RequestDate: requestDate, Offset: offset, MessageId: messageId }, nowMs)
      if (query instanceof StatusApiError) return Promise.reject(query)
      if (messageId === undefined) return Promise.resolve(listed(query, cache.of(requestDate), nowMs))
      const rows = mailbox.page(query, nowMs).map((delivery) => readRow(statusRowAt(delivery, nowMs)))
      return Promise.resolve(pageOf(rows))
    },
  }
}

/** The cached results of the dates requested last. */
class RecentDates {
  readonly #dates = new Map<string, CachedDate>()

  of(requestDate: string): CachedDate {
    const cache = this.#dates.get(requestDate) ?? { rows: new Map(), pages: new Map() }
    // The date asked about now stands last, so the first is the one that nobody has asked about for longest.
    this.#dates.delete(requestDate)
    this.#dates.set(requestDate, cache)
    const [oldest] = this.#dates.keys()
    if (this.#dates.size > rememberedDates && oldest !== undefined) this.#dates.delete(oldest)
    return cache
  }
}

function acceptedQuery(
  parameters: Readonly<Record<string, unknown>>,
  nowMs: number,
): StatusQuery | StatusApiError {
  const query = readStatusQuery(new Map(Object.entries({ ...parameters, Limit: pageRows })), nowMs)
  if (!('code' in query)) return query
  const isOutOfReach = query.code.endsWith('NotSupportDate')
  return new StatusApiError(isOutOfReach ? 'out-of-reach' : 'settings', query.code, query.message)
}

function nextChangeMs({ timeline }: SimulatedDelivery, nowMs: number): number {
  return timeline.find(({ atMs }) => atMs > nowMs)?.atMs ?? Infinity
}
