import { isSentBefore } from '../core/erasure.ts'
import type { StatusApi } from '../reconcile/ports.ts'
import type { Clock } from '../runtime/ports.ts'
import { mentionsIn } from './mentions.ts'
import type { Tombstone } from './ports.ts'

/**
 * The provider's record without the mails of which a tombstone says that they were erased, so that no reading of it brings them back:
 * whole lists, look-ups and dates that are read by hand. What a late callback brings is erased by the next run (erase-again.ts). Pages count the rows that they hold, these included.
 * @param tombstones - asked before the first page, and then held: those that live when a run begins
 */
export function withoutErased(
  api: StatusApi,
  tombstones: () => Promise<readonly Tombstone[]>,
  clock: Pick<Clock, 'now'>,
): StatusApi {
  const lookUp = async () => {
    const erased = new Map((await tombstones()).map((tombstone) => [tombstone.recipient, tombstone]))
    return { erased, addresses: new Set(erased.keys()) }
  }
  let held: ReturnType<typeof lookUp> | undefined
  return {
    ...api,
    async page(query) {
      const { erased, addresses } = await (held ??= lookUp())
      const page = await api.page(query)
      if (erased.size === 0) return page
      return {
        ...page,
        deliveries: page.deliveries.filter(({ recipient, message, sentAtMs: requestedAtMs }) => {
          const tombstone = erased.get(recipient)
          return !tombstone || !isSentBefore({ message, requestedAtMs }, tombstone.erasedAtMs, clock.now())
        }),
        unreadable: page.unreadable.filter(({ row, sentAtMs }) => {
          const body = new TextEncoder().encode(JSON.stringify(row))
          const { named, namesOthers, sentAtMs: byItsIds = -Infinity } = mentionsIn(body, '', addresses)
          // What may be about somebody else is kept, and waits in quarantine.
          if (namesOthers) return true
          return ![...named].some(
            (recipient) => (sentAtMs ?? byItsIds) < (erased.get(recipient)?.erasedAtMs ?? 0),
          )
        }),
      }
    },
  }
}
