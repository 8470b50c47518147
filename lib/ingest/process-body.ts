import pMap from 'p-map'
import { beforeAbort } from '../runtime/before-abort.ts'
import { errorName } from '../runtime/error-name.ts'
import { countOutcomes, outcomeOf, type OutcomeCounts } from '../core/outcome.ts'
import { UnwritableError, type DeliveryWriter, type InboundMailWriter } from '../ledger/ports.ts'
import { readingReasons, type ReadingReason } from '../quarantine/ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import {
  ownerOf,
  type Callback,
  type FieldProblem,
  type Outcome,
  type Provider,
} from '../providers/provider.ts'
import { mailProviders } from '../providers/registry.ts'

export interface ProcessBodyDependencies {
  readonly deliveries: DeliveryWriter
  readonly inbound: InboundMailWriter
  readonly clock: Clock
  readonly log: Log
}

/** The result of processing one body. */
export interface BodyResult {
  /** Elements that are durably written. */
  readonly recorded: number
  /** Elements whose write failed and may succeed later. */
  readonly unwritten: number
  /** Elements not written for lack of time, or beyond the limit of writes: not their fault. */
  readonly unfinished: number
  /** Why the body has to be kept; absent where every element was understood and could be written. */
  readonly reason?: ReadingReason
  readonly problems: readonly FieldProblem[]
  /** `delivered`, or `delivered ×3 opened` if a body reports several events. */
  readonly summary: string
  /** Those elements. */
  readonly written: readonly Outcome[]
  /** The outcomes reported by the elements that were written. */
  readonly outcomes: OutcomeCounts
}

/** Concurrent writes of one body. */
const concurrentWrites = 32

/** How much of a body is written while the sender waits for the response. Default: all of it. */
interface Until {
  /** Ends the writes in progress, and starts no more. */
  readonly signal: AbortSignal
  readonly maxWrites: number
}

/** Reads an authenticated body and records everything that it reports. Live input and replays share this function. */
export async function processBody(
  provider: Provider,
  callback: Callback,
  deps: ProcessBodyDependencies,
  until?: Until,
): Promise<BodyResult> {
  const outcomes = provider
    .read(callback, deps.clock.now())
    .map((outcome, index, all) => withOwnMessage(outcome, all.length === 1 ? '' : `/${String(index)}`))
  let begun = 0
  const mayBegin = () => {
    begun += 1
    return until === undefined || (begun <= until.maxWrites && !until.signal.aborted)
  }
  const results = await pMap(
    outcomes,
    (outcome, index) =>
      settle(outcome, { pointer: `/${String(index)}`, mayBegin, deps, signal: until?.signal }),
    { concurrency: concurrentWrites },
  )
  logFailures(results, deps.log)
  const written = outcomes.filter((_, index) => results[index]?.type === 'recorded')
  const reason = readingReasons.find((known) => results.some((result) => result.type === known))
  return {
    recorded: written.length,
    unwritten: results.filter(({ type }) => type === 'unwritten').length,
    unfinished: results.filter(({ type }) => type === 'unfinished').length,
    ...(reason && { reason }),
    problems: results.flatMap((result) => ('problems' in result ? result.problems : [])),
    summary: summaryOf(outcomes),
    written,
    outcomes: countOutcomes(
      written.map((outcome) => (outcome.type === 'event' ? outcomeOf(outcome.event) : undefined)),
    ),
  }
}

/**
 * Rows are keyed by recipient and message, for all providers. An id in the shape of another provider's is refused, so
 * that a URL and its token write only the rows of their own provider.
 */
function withOwnMessage(outcome: Outcome, pointer: string): Outcome {
  if (outcome.type !== 'event') return outcome
  const { message, provider } = outcome.event
  const owner = ownerOf(message, mailProviders)
  if (owner === undefined || owner === provider) return outcome
  const problem = {
    pointer,
    expected: `a message of ${provider}`,
    received: `an id in the shape of ${owner}`,
  }
  return { type: 'invalid', problems: [problem] }
}

/** The problems of a body for a person to read, one per line. */
export function problemLines(problems: readonly FieldProblem[]): readonly string[] {
  return problems.map(
    ({ pointer, expected, received }) => `${pointer || 'body'}: expected ${expected}, got ${received}`,
  )
}

/** What is wrong with a body whose sender nobody proved, for a person. */
export function unverifiedLine(reason: 'unsigned' | 'forged', keySetting: string): string {
  return reason === 'unsigned'
    ? 'signature: expected one, got none'
    : `signature: expected one by ${keySetting}, got one that no known key made`
}

/** A short summary of what a body reports. */
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
  | { readonly type: 'unfinished' }
  | { readonly type: ReadingReason; readonly problems: readonly FieldProblem[] }

interface Settling {
  readonly pointer: string
  /** Asked before each write. */
  readonly mayBegin: () => boolean
  readonly deps: ProcessBodyDependencies
  readonly signal: AbortSignal | undefined
}

/** One element is the unit of failure: its failure is a value, and the others continue. */
async function settle(outcome: Outcome, of: Settling): Promise<Result> {
  const { deps, signal } = of
  switch (outcome.type) {
    case 'unreadable':
    case 'unrecognised':
      return { type: outcome.type, problems: [outcome.problem] }
    case 'invalid':
      return outcome
    case 'event':
      return resultOfWrite(() => deps.deliveries.record(outcome.event, signal), of)
    case 'inbound':
      return resultOfWrite(() => deps.inbound.keep(outcome.mail, signal), of)
  }
}

async function resultOfWrite(
  write: () => Promise<void>,
  { pointer, mayBegin, signal }: Settling,
): Promise<Result> {
  if (!mayBegin()) return { type: 'unfinished' }
  try {
    await beforeAbort(write(), signal)
    return { type: 'recorded' }
  } catch (error) {
    if (error instanceof UnwritableError) return { type: 'unwritable', problems: [tooMuchForItsRow(pointer)] }
    if (signal?.aborted === true) return { type: 'unfinished' }
    return { type: 'unwritten', error: errorName(error) }
  }
}

/** One line for each kind of failure, not for each element: a body may have thousands. */
function logFailures(results: readonly Result[], log: Log): void {
  const errors = results.flatMap((result) => (result.type === 'unwritten' ? result.error : []))
  for (const [error, all] of Map.groupBy(errors, (name) => name)) {
    log('write failed', { error, elements: all.length })
  }
}

/** An event that the table refuses for good. */
export function tooMuchForItsRow(pointer: string): FieldProblem {
  const expected = 'an event that its row in the table can hold'
  return { pointer, expected, received: 'one that the table refused' }
}
