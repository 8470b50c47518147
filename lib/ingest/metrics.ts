import { embeddedMetrics } from '../runtime/embedded-metrics.ts'
import type { Clock } from '../runtime/ports.ts'
import type { Access } from './authenticate.ts'
import type { IngestResult } from './responses.ts'

type Figures = Readonly<Record<string, number>>

/** What one request adds to the metrics, as fields of its line in the log. */
export function requestMetrics(
  access: Access,
  result: IngestResult,
  { deployment, clock }: { readonly deployment: string; readonly clock: Clock },
): Readonly<Record<string, unknown>> {
  const { provider } = access
  const { ofJob, ofProvider } = figuresOf(access, result)
  return embeddedMetrics(
    {
      ofJob,
      ...(provider && { ofProvider: { provider: provider.name, figures: ofProvider } }),
      ofDeployment: { ...result.body?.outcomes },
    },
    { deployment, job: 'ingest', nowMs: clock.now() },
  )
}

/** What one request adds to the metrics of the ingest function; what it does not add to is left out. */
interface RequestFigures {
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

function figuresOf({ hasValidToken, provider }: Access, result: IngestResult): RequestFigures {
  const { response, isUnread, isQuarantined } = result
  const isMailProvider = provider !== undefined && provider.isApplication !== true
  return {
    ofJob: counted({
      rejectedCallbacks: !hasValidToken && response.status === 401,
      turnedAwayCallbacks: hasValidToken && (turningAway.has(response.status) || isUnread),
      quarantinedBodies: isQuarantined,
    }),
    ofProvider: counted({ acceptedCallbacks: isMailProvider && isAccepted(result) }),
  }
}

const turningAway: ReadonlySet<number> = new Set([400, 401, 413, 503])

// Probes are answered 200, too, and say nothing.
function isAccepted({ response, body }: IngestResult): boolean {
  return response.status === 202 || (response.status === 200 && body !== undefined && body.recorded > 0)
}

function counted(figures: Readonly<Record<string, boolean>>): Figures {
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, isCounted]) => (isCounted ? [[name, 1]] : [])),
  )
}
