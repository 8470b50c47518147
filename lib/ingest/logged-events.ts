import type { BounceClass, EventKind } from '../core/event.ts'
import { isTaskKey, type MessageKey } from '../core/message.ts'
import { formatInstant } from '../core/instant.ts'
import type { Outcome } from '../providers/provider.ts'

/** One recorded event as its line of the log names it: enough to find its row, and no address. */
interface LoggedEvent {
  readonly kind: EventKind | 'inbound mail'
  readonly class?: BounceClass
  /** Whose mail it is. */
  readonly provider: string
  /** Absent where the id could hold an address, and of a batch task, by which no row is found. */
  readonly message?: MessageKey
  /** By the provider's clock. With it a message's rows show which recipient is meant. */
  readonly occurredAt?: string
}

/** A line names the first events of its request: 20 of them take some 5 KB at most. */
const maxLoggedEvents = 20

/** The first of these outcomes, of which each was recorded. */
export function loggedEvents(recorded: readonly Outcome[]): readonly LoggedEvent[] {
  return recorded.slice(0, maxLoggedEvents).flatMap((outcome) => loggedEvent(outcome) ?? [])
}

function loggedEvent(outcome: Outcome): LoggedEvent | undefined {
  if (outcome.type === 'inbound') {
    const { provider, answers } = outcome.mail
    return { kind: 'inbound mail', provider, ...namedMessage(answers?.message) }
  }
  if (outcome.type !== 'event') return undefined
  const { kind, bounceClass, provider, message, occurredAtMs } = outcome.event
  return {
    kind,
    ...(bounceClass && { class: bounceClass }),
    provider,
    ...namedMessage(message),
    ...(occurredAtMs !== undefined && { occurredAt: formatInstant(occurredAtMs) }),
  }
}

// Both providers' own ids are of these. An id is whatever a body says: one with `@`, `%40` or `=` may be an address.
const plainId = /^[\w.:/+-]{1,200}$/

function namedMessage(message: MessageKey | undefined): { readonly message?: MessageKey } {
  return message !== undefined && plainId.test(message) && !isTaskKey(message) ? { message } : {}
}

const maxLoggedProblems = 3
const maxProblemLength = 200

/** The first of these lines, for the log. They hold no value of the body: see `FieldProblem`. */
export function loggedProblems(lines: readonly string[]): readonly string[] {
  return lines.slice(0, maxLoggedProblems).map((line) => line.slice(0, maxProblemLength).toWellFormed())
}
