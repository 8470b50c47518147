import { nameOf } from '../../core/delivery.ts'
import { eventKinds, type DeliveryEvent, type EventKind } from '../../core/event.ts'
import { joined } from '../../core/join.ts'
import type { DeliveryReader, DeliveryWriter } from '../../ledger/ports.ts'

/** What repairing rows takes. */
type RowAccess = Pick<DeliveryWriter, 'record'> & Pick<DeliveryReader, 'rowsOf'>

/** How many facts of each kind; kinds without any are absent. */
export type FactCounts = ReadonlyMap<EventKind, number>

/**
 * Writes nothing, and reads as if it had: what is reported twice adds nothing the second time, as in the table. It holds every
 * event that it was given.
 */
export function withoutWriting(deliveries: Pick<DeliveryReader, 'rowsOf'>): RowAccess {
  const recorded = new Map<string, DeliveryEvent[]>()
  return {
    record(event) {
      const known = recorded.get(nameOf(event))
      if (known) known.push(event)
      else recorded.set(nameOf(event), [event])
      return Promise.resolve()
    },
    async rowsOf(keys) {
      const rows = await deliveries.rowsOf(keys)
      const byName = new Map(rows.map((row) => [nameOf(row), row]))
      for (const name of new Set(keys.map(nameOf))) {
        for (const event of recorded.get(name) ?? []) byName.set(name, joined(byName.get(name), event))
      }
      return [...byName.values()]
    },
  }
}

/** Counts the facts that are written, each once it is. */
export class CountedWrites implements RowAccess {
  readonly #to: RowAccess
  readonly #added = new Map<EventKind, number>()

  constructor(to: RowAccess) {
    this.#to = to
  }

  /** So far, in the order in which a delivery's life goes. */
  get added(): FactCounts {
    return counted((kind) => this.#added.get(kind) ?? 0)
  }

  async record(event: DeliveryEvent): Promise<void> {
    await this.#to.record(event)
    this.#added.set(event.kind, (this.#added.get(event.kind) ?? 0) + 1)
  }

  rowsOf(keys: Parameters<RowAccess['rowsOf']>[0]): ReturnType<RowAccess['rowsOf']> {
    return this.#to.rowsOf(keys)
  }
}

/** What was added between two counts. */
export function addedBetween(before: FactCounts, after: FactCounts): FactCounts {
  return counted((kind) => (after.get(kind) ?? 0) - (before.get(kind) ?? 0))
}

function counted(countOf: (kind: EventKind) => number): FactCounts {
  return new Map(eventKinds.map((kind) => [kind, countOf(kind)] as const).filter(([, count]) => count > 0))
}
