import pMap from 'p-map'
import { isPending, nameOf, type Delivery, type DeliveryKey } from '../core/delivery.ts'
import { requestDateStartMs } from '../core/instant.ts'
import { joined } from '../core/join.ts'
import { sentAtOf } from '../core/message.ts'
import { lackingEvents, type PolledDelivery } from '../core/polled-delivery.ts'
import {
  UnwritableError,
  type DeliveryReader,
  type DeliveryWriter,
  type Log,
  type StatusPage,
} from '../ports.ts'

interface Dependencies {
  readonly deliveries: Pick<DeliveryWriter, 'record'> & Pick<DeliveryReader, 'rowsOf'>
  readonly log: Log
}

/** Rows whose writes are under way at once. */
const concurrentRows = 8

/** Brings the rows of polled pages up to what the pages tell, and counts what that took. */
export class RowRepairs {
  readonly #on: Dependencies
  readonly #seen = new Set<string>()
  readonly #settled = new Set<string>()
  #discovered = 0
  #repaired = 0

  constructor(on: Dependencies) {
    this.#on = on
  }

  /** Deliveries that the ledger had never heard of. */
  get discovered(): number {
    return this.#discovered
  }

  /** Known deliveries that lacked a fact. */
  get repaired(): number {
    return this.#repaired
  }

  /** Pending deliveries that the pages settled. */
  get settled(): number {
    return this.#settled.size
  }

  /** Whether a page told of this delivery already: asking again at once could tell nothing else. */
  hasSeen(key: DeliveryKey): boolean {
    return this.#seen.has(nameOf(key))
  }

  /** @param requestDate - the date whose list the page is of: when a row was sent, where nothing else tells. */
  async apply(page: StatusPage, requestDate: string): Promise<void> {
    if (page.unreadable.length > 0) {
      this.#on.log('rows unreadable', { rows: page.unreadable.length, fields: page.unreadable })
    }
    const polled = Map.groupBy(page.deliveries, nameOf)
    const rows = await this.#on.deliveries.rowsOf([...polled.values()].flatMap(([first]) => first ?? []))
    const known = new Map(rows.map((row) => [nameOf(row), row]))
    await pMap(polled, ([name, tellings]) => this.#bringUp(known.get(name), tellings, requestDate), {
      concurrency: concurrentRows,
    })
    for (const name of polled.keys()) this.#seen.add(name)
  }

  /** @param tellings - usually one; more where a message went to one address in two spellings. */
  async #bringUp(
    known: Delivery | undefined,
    tellings: readonly PolledDelivery[],
    requestDate: string,
  ): Promise<void> {
    let row = known
    for (const told of tellings) {
      for (const event of lackingEvents(row, withSentAt(told, requestDate))) {
        try {
          await this.#on.deliveries.record(event)
        } catch (error) {
          if (!(error instanceof UnwritableError)) throw error
          this.#on.log('write refused', { message: told.message })
          return
        }
        row = joined(row, event)
      }
    }
    if (row === undefined || row === known) return
    if (known === undefined) this.#discovered += 1
    else this.#repaired += 1
    if (known && isPending(known.status) && !isPending(row.status)) this.#settled.add(nameOf(row))
  }
}

/** A row that does not tell when it was sent was sent on the date under which it is listed. */
function withSentAt(told: PolledDelivery, requestDate: string): PolledDelivery {
  const isTold = told.sentAtMs !== undefined || sentAtOf(told.message) !== undefined
  return isTold ? told : { ...told, sentAtMs: requestDateStartMs(requestDate) }
}
