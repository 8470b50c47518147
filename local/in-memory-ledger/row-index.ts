import type { DeliveryKey } from '../../lib/core/delivery.ts'
import type { MessageKey } from '../../lib/core/message.ts'
import type { Row } from './row.ts'

/** Finds rows by key, by message and by recipient, and builds no key to do so. */
export class RowIndex {
  /** Most messages have one recipient, and then its row stands here itself. */
  readonly #ofMessages = new Map<MessageKey, Row | Map<string, Row>>()
  /** The latest row of each recipient leads to those before it. */
  readonly #latestOf = new Map<string, Row>()

  find({ recipient, message }: DeliveryKey): Row | undefined {
    const found = this.#ofMessages.get(message)
    if (found instanceof Map) return found.get(recipient)
    return found?.recipient === recipient ? found : undefined
  }

  /** Adds a row that is not there yet, and keeps one copy of what it shares with others. */
  add(row: Omit<Row, 'before'>): Row {
    const others = this.#ofMessages.get(row.message)
    const before = this.#latestOf.get(row.recipient)
    const [other] = this.ofMessage(row.message)
    const added: Row = {
      ...row,
      recipient: before?.recipient ?? row.recipient,
      message: other?.message ?? row.message,
      before,
    }
    this.#latestOf.set(added.recipient, added)
    if (others instanceof Map) others.set(added.recipient, added)
    else if (others) {
      const both = [others, added].map((one) => [one.recipient, one] as const)
      this.#ofMessages.set(added.message, new Map(both))
    } else this.#ofMessages.set(added.message, added)
    return added
  }

  *ofRecipient(recipient: string): Iterable<Row> {
    for (let row = this.#latestOf.get(recipient); row; row = row.before) yield row
  }

  ofMessage(message: MessageKey): Iterable<Row> {
    const found = this.#ofMessages.get(message)
    if (found instanceof Map) return found.values()
    return found ? [found] : []
  }
}
