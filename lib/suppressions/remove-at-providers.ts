import { secondMs } from '../core/instant.ts'
import { StatusApiError } from '../reconcile/ports.ts'
import type { Clock } from '../runtime/ports.ts'
import type { ProviderList } from './ports.ts'

/** What became of an address on one of the providers' lists. */
export interface RemovalAtProvider {
  readonly list: ProviderList
  readonly outcome: 'removed' | 'absent' | 'failed'
  /** Why it failed: the setting or the permission to change. */
  readonly problem?: string
}

const retryWaitsMs = [secondMs, 4 * secondMs]

/**
 * Takes an address off each of the lists, one after the other. One that fails keeps no other from it: what is off stays off,
 * and it can be done again.
 * @param onRemoval - called with each as it is known
 */
export async function removeAtProviders(
  lists: readonly ProviderList[],
  recipient: string,
  { clock, onRemoval }: { readonly clock: Clock; readonly onRemoval: (removal: RemovalAtProvider) => void },
): Promise<readonly RemovalAtProvider[]> {
  const removals: RemovalAtProvider[] = []
  for (const list of lists) {
    const removal = await removed(list, recipient, clock)
    onRemoval(removal)
    removals.push(removal)
  }
  return removals
}

async function removed(list: ProviderList, recipient: string, clock: Clock): Promise<RemovalAtProvider> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return { list, outcome: await list.remove(recipient) }
    } catch (error) {
      if (!(error instanceof StatusApiError)) throw error
      const waitMs = retryWaitsMs[attempt]
      if (error.consequence !== 'transient' || waitMs === undefined) {
        return { list, outcome: 'failed', problem: error.message }
      }
      await clock.sleep(waitMs)
    }
  }
}
