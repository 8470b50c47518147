import pMap from 'p-map'
import { errorName } from './error-name.ts'
import { countOutcomes, outcomeOf, type OutcomeCounts } from './core/outcome.ts'
import {
  quarantineReasons,
  UnwritableError,
  type Clock,
  type DeliveryWriter,
  type InboundMailWriter,
  type Log,
  type QuarantineReason,
} from './ports.ts'
import type { Callback, FieldProblem, Outcome, Provider } from './providers/provider.ts'

export interface TakeInDependencies {
  readonly deliveries: DeliveryWriter
  readonly inbound: InboundMailWriter
  readonly clock: Clock
  readonly log: Log
}

/** What became of one body. */
export interface TakenIn {
  /** Elements that are durably written. */
  readonly recorded: number
  /** Elements whose write failed and may succeed later. */
  readonly unwritten: number
  /** Why the body has to be kept; absent where every element was understood and could be written. */
  readonly reason?: QuarantineReason
  readonly problems: readonly FieldProblem[]
  /** `delivered`, or `delivered ×3 opened` where a body tells of several. */
  readonly summary: string
  /** What the elements that are written say that mails came to. */
  readonly outcomes: OutcomeCounts
}

/** Writes of one body that are under way at once. */
const concurrentWrites = 32

/** Reads an authenticated body and writes down all that it tells. Live input and replays take this same way. */
export async function takeIn(
  provider: Provider,
  callback: Callback,
  on: TakeInDependencies,
  signal?: AbortSignal,
): Promise<TakenIn> {
  const outcomes = provider.read(callback, on.clock.now())
  const results = await pMap(outcomes, (outcome, index) => settle(outcome, `/${String(index)}`, on, signal), {
    concurrency: concurrentWrites,
  })
  logFailures(results, on.log)
  const reason = quarantineReasons.find((known) => results.some((result) => result.type === known))
  return {
    recorded: results.filter(({ type }) => type === 'recorded').length,
    unwritten: results.filter(({ type }) => type === 'unwritten').length,
    ...(reason && { reason }),
    problems: results.flatMap((result) => ('problems' in result ? result.problems : [])),
    summary: summaryOf(outcomes),
    outcomes: countOutcomes(
      outcomes.map((outcome, index) =>
        outcome.type === 'event' && results[index]?.type === 'recorded'
          ? outcomeOf(outcome.event)
          : undefined,
      ),
    ),
  }
}

/** What is wrong with a body, as a person reads it: a line for each thing. */
export function problemLines(problems: readonly FieldProblem[]): readonly string[] {
  return problems.map(
    ({ pointer, expected, received }) => `${pointer || 'body'}: expected ${expected}, got ${received}`,
  )
}

/** What a body tells of, in a few words. */
export function summaryOf(outcomes: readonly Outcome[]): string {
  const kinds = outcomes.flatMap((outcome) => {
    if (outcome.type === 'event') return outcome.event.kind
    return outcome.type === 'inbound' ? 'inbound mail' : []
  })
  const byKind = [...Map.groupBy(kinds, (kind) => kind)]
  return byKind.map(([kind, all]) => (all.length === 1 ? kind : `${kind} ×${all.length}`)).join(' ')
}

type Result =
  | { readonly type: 'recorded' }
  /** `error` names why, for the log. */
  | { readonly type: 'unwritten'; readonly error: string }
  | { readonly type: QuarantineReason; readonly problems: readonly FieldProblem[] }

/** One element is the unit of failure: whatever happens to it is a value, and its neighbours go on. */
async function settle(
  outcome: Outcome,
  pointer: string,
  on: TakeInDependencies,
  signal?: AbortSignal,
): Promise<Result> {
  switch (outcome.type) {
    case 'unreadable':
    case 'unrecognised':
      return { type: outcome.type, problems: [outcome.problem] }
    case 'invalid':
      return outcome
    case 'event':
      return written(() => on.deliveries.record(outcome.event, signal), pointer, signal)
    case 'inbound':
      return written(() => on.inbound.keep(outcome.mail, signal), pointer, signal)
  }
}

async function written(
  write: () => Promise<void>,
  pointer: string,
  signal: AbortSignal | undefined,
): Promise<Result> {
  // The sender waits no longer: what is left is not even begun.
  if (signal?.aborted === true) return { type: 'unwritten', error: 'TimeIsUp' }
  try {
    await write()
    return { type: 'recorded' }
  } catch (error) {
    if (error instanceof UnwritableError) return { type: 'unwritable', problems: [tooMuchForItsRow(pointer)] }
    return { type: 'unwritten', error: errorName(error) }
  }
}

/** A line for each kind of failure and not for each element: a body may tell of thousands. */
function logFailures(results: readonly Result[], log: Log): void {
  const errors = results.flatMap((result) => (result.type === 'unwritten' ? result.error : []))
  for (const [error, all] of Map.groupBy(errors, (name) => name)) {
    log('write failed', { error, elements: all.length })
  }
}

function tooMuchForItsRow(pointer: string): FieldProblem {
  const expected = 'an event that its row in the table can hold'
  return { pointer, expected, received: 'one that the table refused' }
}
