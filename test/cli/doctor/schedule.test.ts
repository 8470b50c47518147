import { readFileSync } from 'node:fs'
import { PutItemCommand, type AttributeValue } from '@aws-sdk/client-dynamodb'
import { describe, expect, it } from '@jest/globals'
import type { Check } from '../../../cli/doctor/check.ts'
import { checkSchedule, longestRunMs, scheduleIntervalMs } from '../../../cli/doctor/schedule.ts'
import type { RunFigures, StopReason } from '../../../lib/reconcile/ports.ts'
import type { TableNames } from '../../../lib/store/ports.ts'
import { dynamoDbStore } from '../../../lib/table/dynamodb-store.ts'
import { runStore } from '../../../lib/table/lease-and-checkpoint.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { projectRoot } from '../../running-command.ts'

const engine = embeddedTables()
const minuteMs = 60_000
const nowMs = Date.parse('2026-11-21T08:00:00Z')
const prod = { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'ap-southeast-1' }
const log = '`npx serverless logs --function reconcile --stage prod --region ap-southeast-1 --startTime 1h`'
const whyNone = `Look whether the schedule that calls reconcile is enabled (EventBridge, in the console), and into ${log}: a run that lacks a setting ends before it leaves a trace here.`

interface Ran {
  readonly minutesAgo: number
  readonly stoppedBy?: StopReason
}

/** What the doctor says at 08:00 of runs that ended then, and of a lease that one has until then. */
async function reported(
  ended: Ran | undefined,
  lease?: { readonly takenMinutesAgo: number; readonly untilMs?: number },
  environment: Record<string, string> = prod,
): Promise<Check> {
  const tables = await engine.freshTables()
  const clock = virtualClock(nowMs)
  const atMs = (minutesAgo: number) => nowMs - minutesAgo * minuteMs
  if (ended) {
    const runs = runStore(engine.client, tables.reconciliation, 'get-send-email-status', {
      ...clock,
      now: () => atMs(ended.minutesAgo),
    })
    await runs.acquire('a', atMs(ended.minutesAgo), atMs(ended.minutesAgo - 2))
    await runs.release('a', '{}', figures(ended.stoppedBy ?? 'done'))
  }
  if (lease) {
    const runs = runStore(engine.client, tables.reconciliation, 'get-send-email-status', clock)
    const takenMs = atMs(lease.takenMinutesAgo)
    await runs.acquire('b', takenMs, lease.untilMs ?? takenMs + 2 * minuteMs)
  }
  return checkSchedule({ store: storeOf(tables), clock }, environment)
}

function storeOf(tables: TableNames) {
  return dynamoDbStore({ client: engine.client, tables, clock: virtualClock(nowMs), log: () => undefined })
}

function figures(stoppedBy: StopReason): RunFigures {
  const nothing = { calls: 1, rows: 0, discovered: 0, repaired: 0, settled: 0, unknown: 0, pending: 0 }
  return { ...nothing, stoppedBy }
}

describe('the schedule', () => {
  it('is the one of serverless.yml', () => {
    const declared = readFileSync(`${projectRoot}serverless.yml`, 'utf8')
    expect(declared).toContain(`rate(${scheduleIntervalMs / minuteMs} minutes)`)
    expect(declared).toContain(`timeout: ${longestRunMs / 1_000}`)
  })

  it.each([
    ['done', 'nothing was left to ask'],
    ['time', 'its time was used up, and the next one goes on from there'],
    ['calls', 'its calls were used up, and the next one goes on from there'],
  ] as const)('is alive where the last run was %s', async (stoppedBy, ending) => {
    expect(await reported({ minutesAgo: 3, stoppedBy })).toEqual({
      check: 'schedule',
      verdict: 'passed',
      found: `the last run ended 3 min ago: ${ending}`,
    })
  })

  it('may skip two runs, and not three', async () => {
    expect(await reported({ minutesAgo: 15 })).toMatchObject({ verdict: 'passed' })
    expect(await reported({ minutesAgo: 16 })).toEqual({
      check: 'schedule',
      verdict: 'failed',
      found: 'the last run ended 16 min ago, and there should be one every 5 min',
      advice: whyNone,
    })
  })

  it('waits as long as a run may take while one is at work', async () => {
    const atWork = { takenMinutesAgo: 1 }
    expect(await reported({ minutesAgo: 29 }, atWork)).toMatchObject({ verdict: 'passed' })
    expect(await reported({ minutesAgo: 30 }, atWork)).toEqual({
      check: 'schedule',
      verdict: 'failed',
      found: 'no run has ended for 30 min, though one is at work',
      advice: `Is somebody reading dates by hand (\`ledger reconcile --from\`)? Then wait. Else runs are cut off before they end: see by what in ${log}.`,
    })
  })

  it('has begun where the first run is at work', async () => {
    expect(await reported(undefined, { takenMinutesAgo: 1 })).toMatchObject({
      verdict: 'passed',
      found: 'the first run is at work',
    })
  })

  it('never began where no run left a row', async () => {
    expect(await reported(undefined)).toEqual({
      check: 'schedule',
      verdict: 'failed',
      found: 'reconcile has never run',
      advice: `Wait five minutes after the first deploy. ${whyNone}`,
    })
  })

  it('is looked for in the terminal of a local stack, and not in the cloud', async () => {
    expect(await reported(undefined, undefined, {})).toMatchObject({
      advice:
        'Wait a minute after `npm start`. Look into what `npm start` prints: a run that lacks a setting ends before it leaves a trace here.',
    })
  })

  it('has failed where the first run died', async () => {
    expect(await reported(undefined, { takenMinutesAgo: 10 })).toMatchObject({
      verdict: 'failed',
      found: 'no run has ended yet, and the last one died',
      advice: `See why in ${log}.`,
    })
  })

  it('goes on after a run that died, until nobody takes its lease over', async () => {
    expect(await reported({ minutesAgo: 8 }, { takenMinutesAgo: 4 })).toMatchObject({ verdict: 'passed' })
    expect(await reported({ minutesAgo: 14 }, { takenMinutesAgo: 18 })).toEqual({
      check: 'schedule',
      verdict: 'failed',
      found: 'a run died, its lease ended at 2026-11-21T07:44:00Z, and none has begun since',
      advice: whyNone,
    })
  })

  it.each([
    ['hourly with CloudBase', { CLOUDBASE_ENV_ID: 'my-env-1a2b3c' }, 179, 181, '60 min'],
    [
      'as often as the server is set',
      { DATABASE_URL: 'postgres://h/d', SCHEDULE_MINUTES: '30' },
      89,
      91,
      '30 min',
    ],
    ['every five minutes with PostgreSQL', { DATABASE_URL: 'postgres://h/d' }, 14, 16, '5 min'],
  ])('is due %s', async (_, environment, notYet, late, every) => {
    expect(await reported({ minutesAgo: notYet }, undefined, environment)).toMatchObject({
      verdict: 'passed',
    })
    expect(await reported({ minutesAgo: late }, undefined, environment)).toMatchObject({
      verdict: 'failed',
      found: expect.stringContaining(`and there should be one every ${every}`),
    })
  })

  it('is stuck where a clock that is wrong took the lease for long', async () => {
    const untilMs = Date.parse('2026-11-21T08:07:00Z')
    expect(await reported({ minutesAgo: 3 }, { takenMinutesAgo: 0, untilMs })).toMatchObject({
      verdict: 'passed',
    })
    const hours = { takenMinutesAgo: 0, untilMs: Date.parse('2026-11-22T08:00:00Z') }
    expect(await reported({ minutesAgo: 3 }, hours)).toEqual({
      check: 'schedule',
      verdict: 'failed',
      found: 'no run can begin before 2026-11-22T08:00:00Z: one with a wrong clock took the lease until then',
      advice: expect.stringMatching(
        /^Empty leaseOwner and leaseUntil in the row get-send-email-status of test-\d+-reconciliation; if the clock of this machine is wrong, set it first\.$/,
      ),
    })
  })

  it('fails where the last run was refused for its settings', async () => {
    expect(await reported({ minutesAgo: 2, stoppedBy: 'settings' })).toEqual({
      check: 'schedule',
      verdict: 'failed',
      found:
        'the last run ended 2 min ago: Tencent refuses the settings with which it was deployed (stoppedBy settings)',
      advice: `Its log names the setting: ${log}. Change it and deploy. Where the poll API is fine below, deploy with the settings of this environment.`,
    })
  })

  it('fails where the provider kept failing', async () => {
    expect(await reported({ minutesAgo: 2, stoppedBy: 'provider' })).toMatchObject({
      verdict: 'failed',
      found: 'the last run ended 2 min ago: Tencent kept failing (stoppedBy provider)',
      advice: `The next run goes on from there. Should it stay so, look into ${log}.`,
    })
  })

  it('is not guessed from a row that somebody changed', async () => {
    const tables = await engine.freshTables()
    const Item: Record<string, AttributeValue> = {
      job: { S: 'get-send-email-status' },
      lastRunAt: { S: 'yesterday' },
    }
    await engine.client.send(new PutItemCommand({ TableName: tables.reconciliation, Item }))
    const clock = virtualClock(nowMs)
    await expect(checkSchedule({ store: storeOf(tables), clock }, prod)).rejects.toThrow('finite')
  })
})
