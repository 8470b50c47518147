import type { LeaseByHand, RunStore } from '../../lib/reconcile/ports.ts'

/** The lease and checkpoint of one job. The figures of its runs are not kept: no port reads them back. */
export function inMemoryRuns(): RunStore & LeaseByHand {
  let lease: { readonly owner: string; readonly untilMs: number } | undefined
  let checkpoint: string | undefined
  let lastRunBy: string | undefined
  return {
    acquire(owner, nowMs, untilMs) {
      const isFree = lease === undefined || lease.untilMs <= nowMs || lease.owner === owner
      if (!isFree) return Promise.resolve(undefined)
      lease = { owner, untilMs }
      return Promise.resolve({ checkpoint })
    },
    save(owner, saved, untilMs) {
      const isHeld = lease?.owner === owner
      if (isHeld) {
        checkpoint = saved ?? checkpoint
        lease = { owner, untilMs }
      }
      return Promise.resolve(isHeld)
    },
    release(owner, saved) {
      // A release that is repeated is still ours while nobody has taken the lease since.
      const isOurs = lease === undefined ? lastRunBy === owner : lease.owner === owner
      if (isOurs) {
        checkpoint = saved ?? checkpoint
        lastRunBy = owner
        lease = undefined
      }
      return Promise.resolve(isOurs)
    },
    endsAtMs: () => Promise.resolve(lease?.untilMs),
    releaseLease(owner) {
      if (lease?.owner === owner) lease = undefined
      return Promise.resolve()
    },
  }
}
