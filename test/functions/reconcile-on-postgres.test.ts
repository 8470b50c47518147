import { afterEach, describe, expect, it } from '@jest/globals'
import { createReconcile } from '../../functions/any-cloud/reconcile.ts'
import type { ReconcileStore } from '../../lib/store/ports.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'
import { eventWith } from '../events.ts'
import { mailAt } from '../lib/reconcile/world.ts'

const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }
const dayMs = 86_400_000
const engine = embeddedPostgres()
let ses: SimulatedSes | undefined

afterEach(() => ses?.close())

/** A ledger with rows of which three have expired, and a provider that has one mail to report. */
async function scheduled(
  changed: (store: ReconcileStore) => Partial<ReconcileStore> = () => ({}),
  isByHand = false,
) {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const logged: Readonly<Record<string, unknown>>[] = []
  const log = (event: string, fields?: Readonly<Record<string, unknown>>) => logged.push({ event, ...fields })
  const store = await engine.emptied(clock, log)
  const writer = store.deliveryWriter({ retentionDays: 40 })
  for (const name of ['a', 'b', 'c']) await writer.record(eventWith({ recipient: `${name}@example.com` }))
  clock.advance(40 * dayMs)
  await writer.record(eventWith({ recipient: 'young@example.com' }))
  ses = await startSimulatedSes({ port: 0, clock, ...credentials })
  ses.send(mailAt('2026-12-31T06:00:00Z', 'polled'))
  const environment = {
    TABLE_PREFIX: engine.schema,
    SES_ENDPOINT: ses.url,
    TENCENTCLOUD_SECRET_ID: credentials.secretId,
    TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
  }
  const run = createReconcile(environment, { clock, log }, () => ({ ...store, ...changed(store) }), isByHand)
  const recipients = async () => (await engine.rowsOf('deliveries')).map(({ recipient }) => recipient)
  return { run: (stop?: AbortSignal) => run(clock.now() + 840_000, stop), recipients, logged }
}

describe('a run on PostgreSQL', () => {
  it('removes what has expired beside what it polls, and says how much', async () => {
    const { run, recipients } = await scheduled()
    expect(await run()).toMatchObject({ discovered: 1, stoppedBy: 'done', expiredRows: 3 })
    expect(await recipients()).toEqual(['polled@example.com', 'young@example.com'])
  })

  it('polls all the same where that fails, is seen to fail, and names no row', async () => {
    const { run, recipients, logged } = await scheduled(() => ({
      removeExpired: () => Promise.reject(new RangeError('of a@example.com')),
    }))
    await expect(run()).rejects.toThrow(RangeError)
    expect(await recipients()).toHaveLength(5)
    expect(logged).toContainEqual({ event: 'expired rows not removed', expiredRows: 0, error: 'RangeError' })
  })

  it('removes what has expired although the provider refuses', async () => {
    const { run, recipients } = await scheduled()
    ses?.failWhen(() => true, { httpStatus: 503 })
    expect(await run()).toMatchObject({ stoppedBy: 'provider', expiredRows: 3 })
    expect(await recipients()).toEqual(['young@example.com'])
  })

  it('removes nothing where somebody waits for the poll', async () => {
    const { run, recipients } = await scheduled(undefined, true)
    expect(await run()).not.toHaveProperty('expiredRows')
    expect(await recipients()).toHaveLength(5)
  })

  it('asks and removes nothing more once it is to stop, and leaves its lease to the next', async () => {
    const { run, recipients } = await scheduled()
    expect(await run(AbortSignal.abort())).toMatchObject({ calls: 0, stoppedBy: 'time', expiredRows: 0 })
    expect(await recipients()).toHaveLength(4)
    expect(await run()).toMatchObject({ discovered: 1, stoppedBy: 'done', expiredRows: 3 })
  })
})
