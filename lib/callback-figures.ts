import type { CallbackAnswer } from './ports.ts'
import type { Provider } from './providers/provider.ts'

/** What became of one request. */
interface Answered {
  readonly answer: CallbackAnswer
  readonly provider?: Provider
  /** Events and inbound mails that were written. */
  readonly recorded: number
  /** Whether its body stands in quarantine now. */
  readonly isQuarantined: boolean
  /** Whether it carried a body that was neither read nor kept, though the answer is 200: an unsigned one. */
  readonly isForgotten: boolean
}

/**
 * What one request adds to the metrics of the ingest function; what it does not add to is left out.
 * - `acceptedCallbacks`: a provider told of something, and all of it is written or in quarantine. What the application tells
 *   of its sends is not counted: it says nothing about whether callbacks still arrive.
 * - `rejectedCallbacks`: somebody came to a path that exists and nothing, or not all, of the body was taken in: 400, 401, 413,
 *   and a body without signature, which is answered 200 and forgotten. A wrong path (404) or method (405) is what strangers
 *   try who know nothing of us, and not counted.
 * - `unavailableCallbacks`: the sender has to try again.
 * - `quarantinedBodies`: a body was kept in quarantine, again or for the first time.
 */
export function callbackFigures(of: Answered): Readonly<Record<string, number>> {
  const { status } = of.answer
  const isProviders = of.provider !== undefined && of.provider.isApplication !== true
  const figures = {
    acceptedCallbacks: isProviders && (status === 200 || status === 202) && of.recorded > 0,
    rejectedCallbacks: status === 400 || status === 401 || status === 413 || of.isForgotten,
    unavailableCallbacks: status === 503,
    quarantinedBodies: of.isQuarantined,
  }
  const counted = Object.entries(figures).filter(([, isCounted]) => isCounted)
  return Object.fromEntries(counted.map(([name]) => [name, 1]))
}
