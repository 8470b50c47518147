import type { EraseAgainDependencies } from '../erase/erase-again.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { ReconcileStore } from '../store/ports.ts'

/** What erasing works with. */
export function eraseWiring(
  store: Pick<ReconcileStore, 'erasableTables' | 'tombstones'>,
  { clock, log, blocklistDays }: { readonly clock: Clock; readonly log: Log; readonly blocklistDays: number },
): EraseAgainDependencies {
  return {
    tables: store.erasableTables(),
    tombstones: store.tombstones(),
    clock,
    log,
    blocklistDays,
  }
}
