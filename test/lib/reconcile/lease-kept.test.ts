import { describe, expect, it } from '@jest/globals'
import { backfill, type BackfillReport } from '../../../lib/reconcile/backfill/backfill.ts'
import { minuteMs, secondMs } from '../../../lib/core/instant.ts'
import { reconcile, type RunReport } from '../../../lib/reconcile/reconcile.ts'
import { inMemoryLedger, type Ledger } from '../../../local/in-memory-ledger.ts'
import { mailboxWith } from '../../../local/simulated-ses/mailbox.ts'
import type { SimulatedDelivery } from '../../../local/simulated-ses/mail.ts'
import { dependenciesOf, statusApiOver, type InMemoryPorts } from './in-memory-run.ts'
import { SharedClock } from './shared-clock.ts'
import { mailAt, reportOf } from './world.ts'

// A lease lasts for two minutes and a run for up to fourteen. Whatever a run is at, it keeps its lease, and those that the
// schedule begins meanwhile end at once.

const startMs = Date.parse('2026-11-21T08:00:00Z')
const runTimeMs = 14 * minuteMs

interface World extends InMemoryPorts {
  readonly clock: SharedClock
  /** The owners of the lease, one after the other. */
  readonly owners: string[]
  /** Who asked for a page. */
  readonly asked: string[]
  /** Whether somebody asked or wrote the checkpoint who did not hold the lease. */
  hasTrespassed: boolean
}

/** What takes its time. */
interface Delays {
  /** Of a hundred rows of the pending index. */
  readonly batchMs?: number
  readonly recordMs?: number
}

function worldWith(mails: readonly SimulatedDelivery[], { batchMs = 0, recordMs = 0 }: Delays): World {
  const clock = new SharedClock(startMs)
  const mailbox = mailboxWith({})
  for (const mail of mails) mailbox.add(mail)
  const quick = inMemoryLedger(clock)
  const ledger: Ledger = {
    ...quick,
    deliveries: {
      ...quick.deliveries,
      async record(event) {
        if (recordMs > 0) await clock.sleep(recordMs)
        await quick.deliveries.record(event)
      },
      async *pending() {
        let reported = 0
        for await (const delivery of quick.deliveries.pending()) {
          if (reported % 100 === 0 && batchMs > 0) await clock.sleep(batchMs)
          reported += 1
          yield delivery
        }
      },
    },
  }
  return {
    clock,
    ledger,
    statusApi: statusApiOver(mailbox, clock),
    owners: [],
    asked: [],
    hasTrespassed: false,
  }
}

/** Ports that note what is done under which lease. */
function watched(world: World, owner: string): InMemoryPorts {
  const { runs } = world.ledger
  const check = () => {
    if (world.owners.at(-1) !== owner) world.hasTrespassed = true
  }
  return {
    ...world,
    statusApi: {
      ...world.statusApi,
      page(query) {
        check()
        world.asked.push(owner)
        return world.statusApi.page(query)
      },
    },
    ledger: {
      ...world.ledger,
      runs: {
        ...runs,
        async acquire(...given) {
          const held = await runs.acquire(...given)
          if (held && world.owners.at(-1) !== owner) world.owners.push(owner)
          return held
        },
        async save(...given) {
          const isSaved = await runs.save(...given)
          if (isSaved) check()
          return isSaved
        },
      },
    },
  }
}

/** Runs that the schedule begins every five minutes, from a minute on. */
function scheduled(world: World, minutes: readonly number[]): readonly Promise<RunReport>[] {
  return minutes.map(async (minute) => {
    await world.clock.sleep(minute * minuteMs)
    const owner = `run at ${minute}`
    return reconcile(dependenciesOf(watched(world, owner), owner, true), {
      deadlineMs: world.clock.now() + runTimeMs,
      maxCalls: 1_000,
      requestsPerSecond: 1,
    })
  })
}

async function endsOf(world: World, runs: readonly Promise<RunReport>[]): Promise<readonly string[]> {
  await world.clock.untilAllIsDone()
  return (await Promise.all(runs)).map(({ figures }) => figures.stoppedBy)
}

const delivered = (sentAt: string, name: string) =>
  mailAt(sentAt, name, { timeline: [{ kind: 'delivered', atMs: Date.parse(sentAt) + 5 * secondMs }] })

/** Rows about which nothing is asked and nothing is closed: they only stand in the index. */
async function standInIndex(world: World, count: number): Promise<void> {
  for (let n = 0; n < count; n += 1) {
    const mail = mailAt('2026-11-21T06:00:00Z', `soft${n}`)
    const reported = world.ledger.deliveries.record(reportOf(mail, { kind: 'bounced', bounceClass: 'soft' }))
    await world.clock.untilAllIsDone()
    await reported
  }
}

describe('a run keeps its lease', () => {
  it('while it surveys the pending index for six minutes', async () => {
    const mail = delivered('2026-11-21T07:00:00Z', 'silent')
    const world = worldWith([mail], { batchMs: 10 * secondMs })
    await world.ledger.deliveries.record(reportOf(mail, { kind: 'requested' }))
    await standInIndex(world, 3_599)
    const ends = await endsOf(world, scheduled(world, [0, 5, 10, 15, 20, 25]))
    expect(ends).toEqual(['done', 'lease', 'done', 'lease', 'done', 'lease'])
    expect(world.owners).toEqual(['run at 0', 'run at 10', 'run at 20'])
    expect(world.hasTrespassed).toBe(false)
    expect(world.asked).toContain('run at 0')
    const [row] = await world.ledger.deliveries.rowsOf([
      { recipient: mail.recipient, message: mail.messageId },
    ])
    expect(row?.status).toBe('delivered')
  })

  it('while it closes for six minutes what the provider no longer reports', async () => {
    const asked = delivered('2026-11-21T07:00:00Z', 'silent')
    const old = Array.from({ length: 360 }, (_, n) => mailAt('2026-10-20T08:00:00Z', `old${n}`))
    const world = worldWith([asked], { recordMs: secondMs })
    const reported = [asked, ...old].map((mail) =>
      world.ledger.deliveries.record(reportOf(mail, { kind: 'requested' })),
    )
    await world.clock.untilAllIsDone()
    await Promise.all(reported)
    const runs = scheduled(world, [0, 5, 10])
    const ends = await endsOf(world, runs)
    expect(ends).toEqual(['done', 'lease', 'done'])
    expect((await runs[0]!).figures).toMatchObject({ settled: 1, unknown: 360 })
    expect(world.owners).toEqual(['run at 0', 'run at 10'])
    expect(world.hasTrespassed).toBe(false)
  })

  it('while it writes the rows of one page for six minutes', async () => {
    const mails = Array.from({ length: 96 }, (_, n) => delivered('2026-11-21T04:00:00Z', `mail${n}`))
    // Eight at once.
    const world = worldWith(mails, { recordMs: 30 * secondMs })
    const reported = mails.map((mail) =>
      world.ledger.deliveries.record(reportOf(mail, { kind: 'requested' })),
    )
    await world.clock.untilAllIsDone()
    await Promise.all(reported)
    const runs = scheduled(world, [0, 5, 10])
    expect(await endsOf(world, runs)).toEqual(['done', 'lease', 'done'])
    expect((await runs[0]!).figures).toMatchObject({ settled: 96, pending: 0 })
    expect(world.owners).toEqual(['run at 0', 'run at 10'])
    expect(world.hasTrespassed).toBe(false)
  })

  it('while it waits for its turn at a pace of a question in 83 seconds', async () => {
    const mails = Array.from({ length: 3 }, (_, n) => delivered('2026-11-21T07:00:00Z', `silent${n}`))
    const world = worldWith(mails, { batchMs: 58 * secondMs })
    for (const mail of mails) await world.ledger.deliveries.record(reportOf(mail, { kind: 'requested' }))
    // The first question is asked after 58 s, and the next one after 141 s: by then the lease would be over.
    const runs = [0, 130].map(async (second) => {
      await world.clock.sleep(second * secondMs)
      const owner = `run at ${second}`
      return reconcile(dependenciesOf(watched(world, owner), owner, true), {
        deadlineMs: world.clock.now() + runTimeMs,
        maxCalls: 1_000,
        requestsPerSecond: 0.012,
      })
    })
    expect(await endsOf(world, runs)).toEqual(['done', 'lease'])
    expect(world.owners).toEqual(['run at 0'])
  })
})

describe('a backfill keeps its lease', () => {
  async function beside(world: World): Promise<{ report: BackfillReport; ends: readonly string[] }> {
    const ports = watched(world, 'by hand')
    const report = backfill(
      {
        ...dependenciesOf(ports, 'by hand'),
        statusApi: ports.statusApi,
        runs: ports.ledger.runs,
        volumes: { maxDates: 14, requestsPerDate: () => Promise.resolve(new Map()) },
      },
      {
        from: '2026-11-21',
        to: '2026-11-21',
        isDryRun: false,
        requestsPerSecond: 1,
        signal: new AbortController().signal,
        onEstimate: () => undefined,
        onProgress: () => undefined,
      },
    )
    const ends = await endsOf(world, scheduled(world, [3, 5]))
    return { report: await report, ends }
  }

  it('while it surveys the pending index for six minutes', async () => {
    const mail = delivered('2026-11-21T07:00:00Z', 'silent')
    const world = worldWith([mail], { batchMs: 10 * secondMs })
    await standInIndex(world, 3_600)
    const { report, ends } = await beside(world)
    expect(report.stopped).toBeUndefined()
    expect(report.total).toMatchObject({ discovered: 1 })
    expect(ends).toEqual(['lease', 'lease'])
    expect(world.hasTrespassed).toBe(false)
  })

  it('while it writes the rows of one page for six minutes', async () => {
    const mails = Array.from({ length: 96 }, (_, n) => delivered('2026-11-21T04:00:00Z', `mail${n}`))
    const world = worldWith(mails, { recordMs: 30 * secondMs })
    const { report, ends } = await beside(world)
    expect(report.stopped).toBeUndefined()
    expect(report.total).toMatchObject({ discovered: 96 })
    expect(ends).toEqual(['lease', 'lease'])
    expect(world.hasTrespassed).toBe(false)
  })
})
