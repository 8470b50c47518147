import type { WebhookResponse } from './ports.ts'
import type { Provider } from '../providers/provider.ts'

/** What became of one request. */
interface Answered {
  readonly response: WebhookResponse
  readonly provider?: Provider
  /** Whether it came with a token that is accepted. */
  readonly hasValidToken: boolean
  /** Events and inbound mails that were written. */
  readonly recorded: number
  /** Whether its body stands in quarantine now. */
  readonly isQuarantined: boolean
  /** Whether it carried a body that was not read, though the answer is 200: an unsigned one. */
  readonly isUnread: boolean
}

type Figures = Readonly<Record<string, number>>

/** What one request adds to the metrics of the ingest function; what it does not add to is left out. */
interface CallbackFigures {
  /**
   * - `rejectedCallbacks`: somebody came to a path that exists with a token that is not accepted, or with none. A wrong path
   *   (404) or method (405) is what strangers try who know nothing of us, and not counted.
   * - `turnedAwayCallbacks`: somebody with an accepted token could not deliver it, or not all of it: 400, 401 for its
   *   signature, 413, 503, and a body without signature, which is answered 200 and not read.
   * - `quarantinedBodies`: a body was kept in quarantine, again or for the first time.
   */
  readonly ofJob: Figures
  /**
   * - `acceptedCallbacks`: a provider told of something, and all of it is written or in quarantine. What the application tells
   *   of its sends is not counted: it says nothing about whether callbacks still arrive.
   */
  readonly ofProvider: Figures
}

export function callbackFigures(of: Answered): CallbackFigures {
  const isMailProvider = of.provider !== undefined && of.provider.isApplication !== true
  return {
    ofJob: counted({
      rejectedCallbacks: !of.hasValidToken && of.response.status === 401,
      turnedAwayCallbacks: of.hasValidToken && (turningAway.has(of.response.status) || of.isUnread),
      quarantinedBodies: of.isQuarantined,
    }),
    ofProvider: counted({ acceptedCallbacks: isMailProvider && isAccepted(of) }),
  }
}

const turningAway: ReadonlySet<number> = new Set([400, 401, 413, 503])

// Probes are answered 200, too, and tell of nothing.
function isAccepted({ response: response, recorded }: Answered): boolean {
  return response.status === 202 || (response.status === 200 && recorded > 0)
}

function counted(figures: Readonly<Record<string, boolean>>): Figures {
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, isCounted]) => (isCounted ? [[name, 1]] : [])),
  )
}
