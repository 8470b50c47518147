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

/** What one request adds to the metrics of the ingest function; zeros are left out. */
interface RequestFigures {
  /**
   * - `rejectedCallbacks`: a request to an existing path with a wrong token or none. A wrong path (404) or method (405)
   *   is not counted: scanners try those.
   * - `turnedAwayCallbacks`: a request with an accepted token that was not taken, or not completely: 400, 401 for its
   *   signature, 413, 503, and a body without a signature, which is answered 200 and not read.
   * - `quarantinedBodies`: a body was kept in quarantine, again or for the first time.
   */
  readonly ofJob: Figures
  /**
   * - `acceptedCallbacks`: a provider reported something, and all of it is written or in quarantine. The application's
   *   reports of its sends are not counted: they do not show whether callbacks still arrive.
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

// Probes are answered 200 too, and report nothing.
function isAccepted({ response, body }: IngestResult): boolean {
  return response.status === 202 || (response.status === 200 && body !== undefined && body.recorded > 0)
}

function counted(figures: Readonly<Record<string, boolean>>): Figures {
  return Object.fromEntries(
    Object.entries(figures).flatMap(([name, isCounted]) => (isCounted ? [[name, 1]] : [])),
  )
}
