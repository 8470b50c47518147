import type { Delivery } from '../../lib/core/delivery.ts'
import type { EventKind } from '../../lib/core/event.ts'
import { parseInstant, secondMs } from '../../lib/core/instant.ts'
import type { DeliveryReader } from '../../lib/ledger/ports.ts'
import type { Clock } from '../../lib/runtime/ports.ts'

/** An event as a log names it, without its recipient. */
interface NamedEvent {
  readonly kind: EventKind
  readonly message: string
  readonly occurredAt?: string | undefined
}

interface Dependencies {
  readonly reader: Pick<DeliveryReader, 'ofMessage'>
  readonly clock: Clock
  readonly signal: AbortSignal
  /** Called at the first read that fails. */
  readonly onTrouble: (error: unknown) => void
}

/** What may be read of the table in a second, whatever comes in. */
const rowsPerSecond = 100

/** Rows that are remembered, those of the latest messages. */
const maxRemembered = 2_000

/** Finds the rows of events in the table, by message, kind and time. */
export class EventRows {
  readonly #deps: Dependencies
  readonly #reading = new Map<string, Promise<readonly Delivery[]>>()
  readonly #remembered = new Map<string, readonly Delivery[]>()
  #rowsRemembered = 0
  #rowsLeft = rowsPerSecond
  #countedAtMs: number
  #hasFailed = false

  constructor(deps: Dependencies) {
    this.#deps = deps
    this.#countedAtMs = deps.clock.now()
  }

  /**
   * The rows with that event; several where recipients of one message had it at the same instant. None where there is no row
   * yet, or where no more may be read in this second.
   * @param mayWait - whether to wait for the next second.
   */
  async of(event: NamedEvent, mayWait: boolean): Promise<readonly Delivery[]> {
    const { message } = event
    const found = rowsWith(event, (await this.#reading.get(message)) ?? this.#remembered.get(message) ?? [])
    if (found.length > 0 || !(await this.#mayRead(mayWait))) return found
    return rowsWith(event, await (this.#reading.get(message) ?? this.#read(message)))
  }

  #read(message: string): Promise<readonly Delivery[]> {
    const reading = this.#readOnce(message)
    this.#reading.set(message, reading)
    return reading
  }

  async #readOnce(message: string): Promise<readonly Delivery[]> {
    this.#rowsLeft -= 1
    try {
      const rows = await this.#deps.reader.ofMessage(message)
      this.#rowsLeft -= rows.length
      this.#remember(message, rows)
      return rows
    } catch (error) {
      if (!this.#hasFailed) this.#deps.onTrouble(error)
      this.#hasFailed = true
      return []
    } finally {
      this.#reading.delete(message)
    }
  }

  #remember(message: string, rows: readonly Delivery[]): void {
    this.#forget(message)
    this.#remembered.set(message, rows)
    this.#rowsRemembered += rows.length
    for (const oldest of this.#remembered.keys()) {
      if (this.#rowsRemembered <= maxRemembered && this.#remembered.size <= maxRemembered) break
      this.#forget(oldest)
    }
  }

  #forget(message: string): void {
    this.#rowsRemembered -= this.#remembered.get(message)?.length ?? 0
    this.#remembered.delete(message)
  }

  async #mayRead(mayWait: boolean): Promise<boolean> {
    const { clock, signal } = this.#deps
    for (;;) {
      const elapsedMs = clock.now() - this.#countedAtMs
      if (elapsedMs >= secondMs) {
        const gained = (rowsPerSecond * elapsedMs) / secondMs
        this.#rowsLeft = Math.min(rowsPerSecond, this.#rowsLeft + gained)
        this.#countedAtMs = clock.now()
      }
      if (this.#rowsLeft > 0) return true
      if (!mayWait || signal.aborted) return false
      await clock.sleep(secondMs)
    }
  }
}

function rowsWith({ kind, occurredAt }: NamedEvent, rows: readonly Delivery[]): readonly Delivery[] {
  const ofKind = rows.filter(({ facts }) => facts.has(kind))
  const atMs = occurredAt === undefined ? undefined : parseInstant(occurredAt)
  if (atMs === undefined) return ofKind
  return ofKind.filter(({ facts }) => facts.get(kind)?.some(({ occurredAtMs }) => occurredAtMs === atMs))
}
