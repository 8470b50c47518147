import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { minuteMs } from '../../../lib/core/instant.ts'
import { sendCloud } from '../../../lib/providers/sendcloud/sendcloud.ts'
import type { StatusApi } from '../../../lib/reconcile/ports.ts'
import { reconcile, type RunReport } from '../../../lib/reconcile/reconcile.ts'
import { emailStatus } from '../../../lib/status-apis/sendcloud/email-status.ts'
import { inMemoryLedger, type Ledger } from '../../../local/in-memory-ledger.ts'
import { fieldsOf, formType, signedForm } from '../../../local/simulated-sendcloud/callback.ts'
import type { SendCloudEvent, SendCloudMessage } from '../../../local/simulated-sendcloud/mail.ts'
import type {
  SimulatedSendCloud,
  SimulatedSendCloudOptions,
} from '../../../local/simulated-sendcloud/server.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import { credentials, startForTest } from '../../local/simulated-sendcloud/started.ts'
import { dependenciesOf, recordingWriter } from './in-memory-run.ts'

/** How one run differs from the usual one. */
interface RunOptions {
  readonly areSendsRecorded?: boolean
  readonly sweepAgesDays?: readonly number[]
}

/** SendCloud over HTTP, a ledger in memory and a clock of their own. */
export interface SendCloudWorld {
  readonly clock: VirtualClock
  readonly sendCloud: SimulatedSendCloud
  readonly statusApi: StatusApi
  readonly ledger: Ledger
  /** Records what these callbacks report. */
  readonly reported: (...events: readonly SendCloudEvent[]) => Promise<void>
  readonly run: (options?: RunOptions) => Promise<RunReport>
}

export async function sendCloudWorldAt(
  now: string | number,
  messages: readonly SendCloudMessage[],
  options: Partial<SimulatedSendCloudOptions> = {},
): Promise<SendCloudWorld> {
  const clock = virtualClock(now)
  const simulated = await startForTest({ clock, ...options })
  simulated.send(...messages)
  const statusApi = emailStatus({ endpoint: simulated.url, ...credentials })
  const ledger = inMemoryLedger(clock)
  const writer = recordingWriter(ledger)
  let runs = 0
  return {
    clock,
    sendCloud: simulated,
    statusApi,
    ledger,
    async reported(...events) {
      for (const event of events.flatMap(eventsOf)) await writer.record(event)
    },
    run({ areSendsRecorded = false, sweepAgesDays = [29] } = {}) {
      runs += 1
      const deps = dependenciesOf({ statusApi, ledger, clock }, `run ${runs}`, areSendsRecorded)
      return reconcile(
        { ...deps, sweepAgesDays },
        { deadlineMs: clock.now() + 4 * minuteMs, maxCalls: 1_000, requestsPerSecond: 1 },
      )
    },
  }
}

/** What the ledger reads in the callback of an event. */
function eventsOf(event: SendCloudEvent): readonly DeliveryEvent[] {
  const body = new TextEncoder().encode(signedForm(fieldsOf(event), { appKey: 'local-app-key', token: 't' }))
  return sendCloud
    .read({ body, contentType: formType }, event.atMs)
    .flatMap((outcome) => (outcome.type === 'event' ? [outcome.event] : []))
}

/** That the message was accepted. */
export function requestOf(message: SendCloudMessage): SendCloudEvent {
  return { of: 'message', atMs: message.sentAtMs, message }
}
