import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from '@jest/globals'
import {
  BatchWriteItemCommand,
  DeleteItemCommand,
  ScanCommand,
  type AttributeValue,
} from '@aws-sdk/client-dynamodb'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import type { TableNames } from '../../../lib/store/ports.ts'
import type { ReconcileDependencies } from '../../../lib/reconcile/reconcile.ts'
import type { SimulatedDelivery } from '../../../local/simulated-ses/mail.ts'
import { embeddedTables, rowsOf, type PlainRow } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'
import { mailAt, messageIdAt, reportOf, worldAt, type TableWorld as World, type Ports } from './world.ts'
import { isProof } from '../../strength.ts'

// A run may die anywhere: what it left undone is done by the next one, and the table is as if nothing had happened.

const now = '2026-11-21T08:00:00Z'
/** When the dead run's lease has run out for sure; nothing happens to any mail in between. */
const later = '2026-11-21T08:30:00Z'
const at = (instant: string) => Date.parse(instant)

const engine = embeddedTables()
const opened: World[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map((world) => world.close()))
})

const delivered = (instant: string) => ({ kind: 'delivered', atMs: at(instant) }) as const
const deferred = (instant: string) => ({ kind: 'deferred', atMs: at(instant), reason: '451 later' }) as const
const softBounced = (instant: string) =>
  ({ kind: 'bounced', atMs: at(instant), reason: '452 4.2.2 mailbox full' }) as const
const shared = messageIdAt('2026-11-19T04:00:00Z', 'shared')

const mails = {
  discovered: mailAt('2026-11-21T05:00:00Z', 'discovered', {
    recipient: 'Discovered@example.com',
    timeline: [
      delivered('2026-11-21T05:00:10Z'),
      { kind: 'opened', atMs: at('2026-11-21T06:00:00Z') },
      { kind: 'complained', atMs: at('2026-11-21T07:00:00Z') },
    ],
  }),
  openedUndelivered: mailAt('2026-11-21T05:10:00Z', 'opened-undelivered', {
    timeline: [{ kind: 'opened', atMs: at('2026-11-21T06:00:00Z') }],
  }),
  openedDeferred: mailAt('2026-11-21T05:15:00Z', 'opened-deferred', {
    timeline: [deferred('2026-11-21T05:15:05Z'), { kind: 'opened', atMs: at('2026-11-21T06:00:00Z') }],
  }),
  dropped: mailAt('2026-11-21T05:20:00Z', 'dropped', {
    timeline: [{ kind: 'dropped', atMs: at('2026-11-21T05:20:05Z'), sendStatus: 1007 }],
  }),
  complete: mailAt('2026-11-21T05:30:00Z', 'complete', { timeline: [delivered('2026-11-21T05:30:05Z')] }),
  discoveredYesterday: mailAt('2026-11-20T05:00:00Z', 'discovered-yesterday', {
    timeline: [deferred('2026-11-20T05:00:05Z')],
  }),
  repairedYesterday: mailAt('2026-11-20T05:10:00Z', 'repaired-yesterday', {
    timeline: [
      delivered('2026-11-20T05:10:10Z'),
      { kind: 'bounced', atMs: at('2026-11-20T06:00:00Z'), reason: '551 5.1.1 recipient is not exist' },
      { kind: 'unsubscribed', atMs: at('2026-11-20T07:00:00Z') },
    ],
  }),
  due: mailAt('2026-11-18T04:00:00Z', 'due', {
    timeline: [deferred('2026-11-18T04:00:05Z'), delivered('2026-11-18T20:00:00Z')],
  }),
  stillDeferred: mailAt('2026-11-18T05:00:00Z', 'still-deferred', {
    timeline: [deferred('2026-11-18T05:00:05Z')],
  }),
  sharedDelivered: mailAt('2026-11-19T04:00:00Z', 'shared-delivered', {
    messageId: shared,
    timeline: [delivered('2026-11-19T04:00:05Z')],
  }),
  sharedSoft: mailAt('2026-11-19T04:00:00Z', 'shared-soft', {
    messageId: shared,
    timeline: [softBounced('2026-11-19T04:00:05Z')],
  }),
  undated: mailAt('2026-11-19T06:00:00Z', 'undated', {
    messageId: 'qcloud-ses-0a1b2c',
    timeline: [delivered('2026-11-19T06:00:05Z')],
  }),
  softForGood: mailAt('2026-11-16T04:00:00Z', 'soft-for-good', {
    timeline: [softBounced('2026-11-16T04:00:05Z')],
  }),
  softDelivered: mailAt('2026-11-16T05:00:00Z', 'soft-delivered', {
    timeline: [softBounced('2026-11-16T05:00:05Z'), delivered('2026-11-17T05:00:00Z')],
  }),
  forgotten: mailAt('2026-10-20T04:00:00Z', 'forgotten'),
} satisfies Record<string, SimulatedDelivery>

const callbacks: readonly DeliveryEvent[] = [
  reportOf(mails.complete, { kind: 'delivered' }),
  reportOf(mails.repairedYesterday, { kind: 'delivered', occurredAtMs: at('2026-11-20T05:10:10Z') }),
  reportOf(mails.due, { kind: 'deferred' }),
  reportOf(mails.stillDeferred, { kind: 'deferred' }),
  reportOf(mails.sharedDelivered, { kind: 'requested' }),
  reportOf(mails.sharedSoft, { kind: 'requested' }),
  reportOf(mails.undated, { kind: 'deferred', sentAtMs: mails.undated.sentAtMs }),
  reportOf(mails.softForGood, { kind: 'bounced', bounceClass: 'soft' }),
  reportOf(mails.softDelivered, { kind: 'bounced', bounceClass: 'soft' }),
  reportOf(mails.forgotten, { kind: 'requested' }),
  eventWith({ message: 'task:77', kind: 'deferred', occurredAtMs: at('2026-10-20T04:00:00Z') }),
]

type Items = readonly Record<string, AttributeValue>[]

async function itemsOf(table: string): Promise<Items> {
  return (await engine.client.send(new ScanCommand({ TableName: table }))).Items ?? []
}

/** Puts a table back to what it was: quicker than making it anew. */
async function restore(tables: TableNames, items: Items): Promise<void> {
  const keyOf = ({ recipient, message }: Record<string, AttributeValue>) => ({
    recipient: recipient!,
    message: message!,
  })
  const kept = new Set(items.map((item) => JSON.stringify(keyOf(item))))
  const strangers = (await itemsOf(tables.deliveries))
    .map(keyOf)
    .filter((key) => !kept.has(JSON.stringify(key)))
  await engine.client.send(
    new BatchWriteItemCommand({
      RequestItems: {
        [tables.deliveries]: [
          ...items.map((Item) => ({ PutRequest: { Item } })),
          ...strangers.map((Key) => ({ DeleteRequest: { Key } })),
        ],
      },
    }),
  )
  await engine.client.send(
    new DeleteItemCommand({
      TableName: tables.reconciliation,
      Key: { job: { S: 'get-send-email-status' } },
    }),
  )
}

async function openWorld(tables?: TableNames): Promise<World> {
  const world = await worldAt(now, engine, Object.values(mails), {}, tables)
  opened.push(world)
  return world
}

/** A world as callbacks left it, and the items to come back to. */
async function seededWorld(): Promise<{ tables: TableNames; seed: Items }> {
  const world = await openWorld()
  await world.reported(...callbacks)
  return { tables: world.tables, seed: await itemsOf(world.tables.deliveries) }
}

/** Lists in pages of three, so that a few mails make many steps. */
function inSmallPages({ statusApi, ...ports }: Ports): Ports {
  return {
    ...ports,
    statusApi: {
      ...statusApi,
      async page(query) {
        const page = await statusApi.page(query)
        const deliveries = page.deliveries.slice(0, 3)
        return { ...page, deliveries, rows: deliveries.length, isLast: page.rows <= 3 }
      },
    },
  }
}

/** What the run was at when it died. */
class Killed extends Error {}

type Moment = 'before' | 'after'

/** Steps that only look: to die after one of them is to die before the next. */
const looking = new Set(['page', 'rowsOf', 'pending', 'sleep'])

/** Counts the steps through which a run acts on the world, and dies at one of them: no step of a dead run is begun. */
class Killer {
  readonly #step: number
  readonly #moment: Moment
  readonly #underway: Promise<unknown>[] = []
  /** The names of the steps so far. */
  readonly steps: string[] = []
  isDead = false
  /** The name of the step at which the run died. */
  diedAt = ''

  constructor(step: number, moment: Moment) {
    this.#step = step
    this.#moment = moment
  }

  /** A write that was sent before the end may still arrive: waits for those. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underway)
  }

  wrap(ports: Ports): Ports {
    const { statusApi, deliveries, runs, clock } = ports
    return {
      ...ports,
      statusApi: { ...statusApi, page: (query) => this.#through('page', () => statusApi.page(query)) },
      deliveries: {
        record: (event) => this.#through(`record ${event.kind}`, () => deliveries.record(event)),
        rowsOf: (keys) => this.#through('rowsOf', () => deliveries.rowsOf(keys)),
        leavePending: (key, status) =>
          this.#through('leavePending', () => deliveries.leavePending(key, status)),
        pending: () => this.#pending(deliveries),
      },
      runs: {
        acquire: (owner, nowMs, untilMs) =>
          this.#through('acquire', () => runs.acquire(owner, nowMs, untilMs)),
        save: (owner, checkpoint, untilMs) =>
          this.#through('save', () => runs.save(owner, checkpoint, untilMs)),
        release: (owner, checkpoint, figures) =>
          this.#through('release', () => runs.release(owner, checkpoint, figures)),
      },
      clock: { now: clock.now, sleep: (ms) => this.#through('sleep', () => clock.sleep(ms)) },
    }
  }

  async *#pending({ pending }: ReconcileDependencies['deliveries']): ReturnType<typeof pending> {
    yield* await this.#through('pending', () => Array.fromAsync(pending()))
  }

  async #through<T>(name: string, step: () => Promise<T>): Promise<T> {
    if (this.isDead) throw new Killed(name)
    if (this.#moment === 'after' && looking.has(name)) return step()
    this.steps.push(name)
    const isLast = this.steps.length === this.#step
    if (isLast) {
      this.isDead = true
      this.diedAt = `${name}, step ${this.steps.length}`
      if (this.#moment === 'before') throw new Killed(name)
    }
    const done = step()
    this.#underway.push(done)
    const result = await done
    if (isLast) throw new Killed(name)
    return result
  }
}

/** A run that dies at a step, and the run after it; the steps that the first one would have gone. */
async function runKilledAt(
  step: number,
  moment: Moment,
  tables: TableNames,
): Promise<{ killer: Killer; rows: readonly PlainRow[]; end: string }> {
  const world = await worldAt(now, engine, Object.values(mails), {}, tables)
  try {
    const killer = new Killer(step, moment)
    const run = world.run({ owner: 'first', wrap: (ports) => killer.wrap(inSmallPages(ports)) })
    if (step <= 0) await run
    else {
      await run.catch((error: unknown) => {
        if (!(error instanceof Killed)) throw error
      })
    }
    await killer.settled()
    world.clock.advanceTo(at(later))
    const { figures } = await world.run({ owner: 'second', wrap: inSmallPages })
    return { killer, rows: await world.rows(), end: figures.stoppedBy }
  } finally {
    await world.close()
  }
}

/** The number of each step; or of the first of each kind. */
function stepsToDieAt(names: readonly string[]): readonly number[] {
  const kinds = names.map((name) => name.replace(/ .*/, ''))
  const all = names.map((_, index) => index + 1)
  return isProof ? all : all.filter((step) => kinds.indexOf(kinds[step - 1] ?? '') === step - 1)
}

describe('a run that dies', () => {
  it.each(['before', 'after'] as const)(
    'at any step, %s it took effect, leaves the next one to end in the same table',
    async (moment) => {
      const { tables, seed } = await seededWorld()
      const unkilled = await runKilledAt(0, moment, tables)
      const statuses = Object.fromEntries(
        unkilled.rows.map(({ recipient, status }) => [String(recipient).replace(/@.*/, ''), String(status)]),
      )
      expect(statuses).toEqual({
        discovered: 'delivered',
        'opened-undelivered': 'delivered',
        'opened-deferred': 'delivered',
        dropped: 'dropped',
        complete: 'delivered',
        'discovered-yesterday': 'deferred',
        'repaired-yesterday': 'bounced',
        due: 'delivered',
        'still-deferred': 'deferred',
        'shared-delivered': 'delivered',
        'shared-soft': 'soft-bounced',
        undated: 'delivered',
        'soft-for-good': 'soft-bounced',
        // Until the sweep of its date.
        'soft-delivered': 'soft-bounced',
        forgotten: 'unknown',
        example: 'unknown',
      })
      const steps = unkilled.killer.steps
      expect(steps.length).toBeGreaterThan(20)
      const died: string[] = []
      for (const step of stepsToDieAt(steps)) {
        await restore(tables, seed)
        const { killer, rows, end } = await runKilledAt(step, moment, tables)
        const survived = { diedAt: killer.diedAt, end, rows }
        died.push(killer.diedAt.replace(/[ ,].*/, ''))
        const expected: typeof survived = { diedAt: killer.diedAt, end: 'done', rows: unkilled.rows }
        expect(survived).toEqual(expected)
      }
      const changing = ['acquire', 'record', 'release', 'save', 'leavePending']
      const expected = moment === 'before' ? [...changing, ...looking] : changing
      expect(new Set(died)).toEqual(new Set(expected))
    },
  )
})

const script = fileURLToPath(new URL('../../fixtures/reconcile-once.ts', import.meta.url))

function spawnRun(world: World): ChildProcess {
  return spawn(
    process.execPath,
    [
      '--no-warnings',
      script,
      new Date(world.clock.now()).toISOString(),
      engine.endpoint,
      world.ses.url,
      world.tables.deliveries,
      world.tables.reconciliation,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
}

describe('a process that is killed', () => {
  const unkilledRows = async () => {
    const { tables } = await seededWorld()
    return (await runKilledAt(0, 'before', tables)).rows
  }

  it.each(isProof ? [1, 3, 6] : [3])(
    'while it waits for answer %i leaves the next one to end in the same table',
    async (k) => {
      const expected = await unkilledRows()
      const { tables } = await seededWorld()
      const world = await openWorld(tables)
      const child = spawnRun(world)
      const ended = once(child, 'exit')
      let calls = 0
      const mend = world.ses.failWhen(() => {
        calls += 1
        if (calls === k) child.kill('SIGKILL')
        return calls >= k
      }, 'hang-up')
      expect(await ended).toEqual([null, 'SIGKILL'])
      mend()
      // What it had sent may still be on its way into the emulator: a scan comes after it.
      const atDeath = await rowsOf(engine.client, tables.deliveries)
      expect(atDeath).not.toEqual(expected)
      world.clock.advanceTo(at(later))
      expect((await world.run()).figures.stoppedBy).toBe('done')
      expect(await world.rows()).toEqual(expected)
    },
  )
})
