import { formatInstant } from '../../core/instant.ts'
import type { Clock } from '../../runtime/ports.ts'
import { Lease, leaseMs } from '../lease.ts'
import type { LeaseByHand, RunStore } from '../ports.ts'

/** Another run is at work, so nothing was requested; the message says until when. */
export class LeaseBusy extends Error {
  override readonly name = 'LeaseBusy'
}

interface Dependencies {
  readonly runs: Pick<RunStore, 'acquire'> & LeaseByHand
  readonly clock: Clock
  readonly owner: string
}

/** Takes the scheduled runs' lease by hand: what they left in it stays as it is. Throws {@link LeaseBusy} where another run holds it. */
export async function takeLease({ runs, clock, owner }: Dependencies): Promise<Lease> {
  const extend = async (untilMs: number) => (await runs.acquire(owner, clock.now(), untilMs)) !== undefined
  const untilMs = clock.now() + leaseMs
  if (await extend(untilMs)) return new Lease(clock, untilMs, extend)
  const endsAtMs = await runs.endsAtMs()
  const until = endsAtMs === undefined ? 'this moment' : `${formatInstant(endsAtMs)}, longer if it goes on`
  throw new LeaseBusy(`Another run holds the lease until ${until}. Nothing was asked: try again then.`)
}
