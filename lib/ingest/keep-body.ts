import type { QuarantineReason, QuarantineWriter } from '../quarantine/ports.ts'
import { beforeAbort } from '../runtime/before-abort.ts'
import { errorName } from '../runtime/error-name.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { loggedProblems } from './logged-events.ts'
import { unverifiedLine } from './process-body.ts'
import type { ReceivedBody } from './received-body.ts'

interface KeepDependencies {
  readonly quarantine: QuarantineWriter
  readonly clock: Clock
  readonly log: Log
}

/** Why a body is kept. */
interface Grounds {
  readonly reason: QuarantineReason
  /** One line for each thing that is wrong. */
  readonly problems: readonly string[]
  /** Whether its sender is proved, as far as the provider allows. If not, a daily limit applies. */
  readonly isProved: boolean
  /** Whether a signature proved its sender. */
  readonly isVerified?: boolean
}

/** Whether a body is in quarantine now. `day full`: the day's limit for unproved bodies is reached. */
interface Keeping {
  readonly outcome: 'kept' | 'day full' | 'failed'
  readonly isQuarantined: boolean
  readonly logged: Readonly<Record<string, unknown>>
}

/** Keeps a body in quarantine. A failure is a value, and a line in the log. */
export async function keepBody(
  { provider, callback, signal }: ReceivedBody,
  { reason, problems, isProved, isVerified = false }: Grounds,
  { quarantine, clock, log }: KeepDependencies,
): Promise<Keeping> {
  const { body, contentType } = callback
  const receivedAtMs = clock.now()
  const input = { provider: provider.name, body, contentType, reason, problems, receivedAtMs, isVerified }
  const logged = { problems: loggedProblems(problems) }
  try {
    const keeping = isProved
      ? quarantine.keep(input, signal).then(() => true)
      : quarantine.keepWithinDay(input, signal)
    return (await beforeAbort(keeping, signal))
      ? { outcome: 'kept', isQuarantined: true, logged: { quarantined: reason, ...logged } }
      : notKept('day full', logged)
  } catch (error) {
    log('write failed', { error: errorName(error) })
    return notKept('failed', logged)
  }
}

function notKept(outcome: 'day full' | 'failed', logged: Keeping['logged']): Keeping {
  return { outcome, isQuarantined: false, logged: { quarantine: outcome, ...logged } }
}

/** Keeps an event whose sender is not proved; `undefined` if the body is not an event. */
export async function keepUnverifiedEvent(
  received: ReceivedBody,
  reason: 'unsigned' | 'forged',
  deps: KeepDependencies,
): Promise<Keeping | undefined> {
  const { signing } = received.provider
  if (signing?.isEvent(received.callback) !== true) return undefined
  const problems = [unverifiedLine(reason, signing.keySetting)]
  return keepBody(received, { reason, problems, isProved: false }, deps)
}
