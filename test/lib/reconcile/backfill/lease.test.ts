import { expect, it } from '@jest/globals'
import { takeLease } from '../../../../lib/reconcile/backfill/lease.ts'
import { inMemoryLedger } from '../../../../local/in-memory-ledger.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'

it('is not held by an extension of which the answer came when another run had taken it', async () => {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const { runs } = inMemoryLedger(clock)
  let isLate = false
  const acquire: typeof runs.acquire = async (...given) => {
    const held = await runs.acquire(...given)
    if (isLate) {
      isLate = false
      // A lease lasts for two minutes.
      clock.advance(121_000)
      await runs.acquire('scheduled', clock.now(), clock.now() + 120_000)
    }
    return held
  }
  const lease = await takeLease({ runs: { ...runs, acquire }, clock, owner: 'by hand' })
  clock.advance(70_000)
  isLate = true
  await expect(lease.keep()).rejects.toThrow('Another run has taken the lease.')
})
