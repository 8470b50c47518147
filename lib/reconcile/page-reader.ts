import { sentAtOf } from '../core/message.ts'
import type { PolledDelivery } from '../core/polled-delivery.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { StatusApiError, type StatusPage, type StatusQuery } from './ports.ts'
import type { ProviderCalls } from './provider-calls.ts'
import type { RowRepairs } from './repair-rows.ts'

interface Dependencies {
  readonly calls: ProviderCalls
  readonly repairs: RowRepairs
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
  /** Listed mails that were sent later are left alone: their callbacks may still be on their way. */
  readonly throughMs: () => number
  /** Remembers which pages are being written, so that a run that dies meanwhile leaves them to the next one. */
  readonly unwritten?: {
    readonly begin: (query: StatusQuery) => Promise<void>
    readonly end: (query: StatusQuery) => void
  }
  /** Called after every page that is applied. */
  readonly onPage?: () => void
}

/** What is read where the provider has nothing to report and never will: no row, and none after it. */
export const nothing: StatusPage = { deliveries: [], unreadable: [], rows: 0, isLast: true }

/** The one way in which the provider's lists are read: each page is requested, and the rows that it reports are repaired. */
export class PageReader {
  readonly #deps: Dependencies
  /** How often a look-up was halved. */
  #splits = 0

  constructor(deps: Dependencies) {
    this.#deps = deps
  }

  /**
   * The pages from the query's offset to the end of the list, each applied before it is given. Ends with `unanswered` where the
   * provider does not answer for a page.
   * @param list - which reading of a list it is, where its pages are compared with each other
   */
  async *pages(from: StatusQuery, list = 0): AsyncGenerator<StatusPage | 'unanswered', undefined> {
    for (let query = from; ;) {
      const page = await this.page(query, list)
      yield page
      if (page === 'unanswered' || page.isLast) return
      query = { ...query, offset: query.offset + page.rows }
    }
  }

  /** Requests one page and applies it. A failure that is this request's alone is `unanswered`; any other ends the run. */
  async page(query: StatusQuery, list = 0): Promise<StatusPage | 'unanswered'> {
    const page = await this.#request(query)
    if (page === 'unanswered') return page
    const { repairs, clock, throughMs, unwritten, onPage } = this.#deps
    // What is looked up is due: it has waited for its callback.
    const toApply = isLookUp(query) ? page : sentThrough(page, throughMs())
    await repairs.apply(toApply, query.requestDate, clock.now(), list, () => unwritten?.begin(query))
    unwritten?.end(query)
    onPage?.()
    return page
  }

  async #request(query: StatusQuery): Promise<StatusPage | 'unanswered'> {
    try {
      return await this.#deps.calls.page(query)
    } catch (error) {
      if (!(error instanceof StatusApiError)) throw error
      this.#deps.log('question unanswered', { problem: error.message })
      // A page of a list that is refused is not the end of the list.
      const isOver = error.consequence === 'out-of-reach' || isLookUp(query)
      if (!isOver || error.consequence === 'transient') return 'unanswered'
      return error.consequence === 'query' && isOfSeveral(query) ? this.#byHalves(query) : nothing
    }
  }

  /** One name of many may be the one that is refused: it must not cost the others their answer. */
  async #byHalves(
    query: StatusQuery & { readonly emailIds: readonly string[] },
  ): Promise<StatusPage | 'unanswered'> {
    if (this.#splits >= maxSplits) return 'unanswered'
    this.#splits += 1
    const middle = query.emailIds.length >> 1
    const first = await this.#request({ ...query, emailIds: query.emailIds.slice(0, middle) })
    if (first === 'unanswered') return first
    const second = await this.#request({ ...query, emailIds: query.emailIds.slice(middle) })
    if (second === 'unanswered') return second
    return {
      deliveries: [...first.deliveries, ...second.deliveries],
      unreadable: [...first.unreadable, ...second.unreadable],
      rows: first.rows + second.rows,
      isLast: true,
    }
  }
}

/** How often a run halves a look-up that is refused: for one odd name of a hundred seven times. */
const maxSplits = 21

function isOfSeveral(query: StatusQuery): query is StatusQuery & { readonly emailIds: readonly string[] } {
  return (query.emailIds?.length ?? 0) > 1
}

/** Whether it asks for some rows of the list alone. */
function isLookUp({ messageId, emailIds, recipient }: StatusQuery): boolean {
  return messageId !== undefined || emailIds !== undefined || recipient !== undefined
}

/** The rows of mails that were sent up to the instant, and of those that do not show when. */
function sentThrough(page: StatusPage, throughMs: number): StatusPage {
  return {
    ...page,
    deliveries: page.deliveries.filter((delivery) => (listedSentAt(delivery) ?? 0) <= throughMs),
    unreadable: page.unreadable.filter(({ sentAtMs = 0 }) => sentAtMs <= throughMs),
  }
}

/** When a listed delivery was sent, as far as its row shows. */
export function listedSentAt({ sentAtMs, message }: PolledDelivery): number | undefined {
  return sentAtMs ?? sentAtOf(message)
}
