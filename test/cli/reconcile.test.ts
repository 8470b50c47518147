import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { registerReconcile } from '../../cli/reconcile.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { reconcileJob } from '../../lib/wiring/poll.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { leaseByHand, runStore } from '../../lib/table/lease-and-checkpoint.ts'
import type { TableNames } from '../../lib/store/ports.ts'
import type { SimulatedDelivery } from '../../local/simulated-ses/mail.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { daysLeftOf, embeddedTables, rowsOf } from '../embedded-tables.ts'
import { captured, ledgerWith } from './captured.ts'
import { emulatedDeployment } from './emulated-deployment.ts'
import { mailAt, reportOf } from '../lib/reconcile/world.ts'

const engine = embeddedTables()
const deployment = emulatedDeployment()
const environmentBefore = { ...process.env }
const now = jest.spyOn(systemClock, 'now')
const sleep = jest.spyOn(systemClock, 'sleep')
let nowMs: number
let ses: SimulatedSes
let tables: TableNames

beforeAll(() => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_PROFILE: '',
    TENCENTCLOUD_SECRET_ID: 'AKIDsimulated',
    TENCENTCLOUD_SECRET_KEY: 'simulated-secret-key',
  })
})
beforeEach(async () => {
  // 16:00 of 2026-11-21 in UTC+8.
  nowMs = Date.parse('2026-11-21T08:00:00Z')
  now.mockImplementation(() => nowMs)
  sleep.mockImplementation((ms) => {
    nowMs += ms
    return Promise.resolve()
  })
  const fresh = await engine.freshTables()
  tables = fresh
  ses = await startSimulatedSes({
    port: 0,
    clock: systemClock,
    secretId: 'AKIDsimulated',
    secretKey: 'simulated-secret-key',
  })
  Object.assign(process.env, { TABLE_PREFIX: fresh.prefix, SES_ENDPOINT: ses.url, SES_POLL: '' })
  deploy({ RETENTION_DAYS: '400' })
})
afterEach(async () => {
  await ses.close()
})
afterAll(() => {
  process.env = environmentBefore
  now.mockRestore()
  sleep.mockRestore()
})

interface Printed {
  readonly out: string
  readonly error: string
  readonly exitCode: typeof process.exitCode
}

/** What `ledger reconcile …` prints, and with what it exits. */
async function printed(...words: readonly string[]): Promise<Printed> {
  const program = await ledgerWith(registerReconcile)
  const { stdout, stderr } = await captured(() =>
    program.parseAsync(['reconcile', ...words], { from: 'user' }),
  )
  return { out: stdout, error: stderr, exitCode: process.exitCode }
}

const delivered = (sentAt: string, name: string): SimulatedDelivery =>
  mailAt(sentAt, name, { timeline: [{ kind: 'delivered', atMs: Date.parse(sentAt) + 10_000 }] })
const bounced = (sentAt: string, name: string): SimulatedDelivery =>
  mailAt(sentAt, name, {
    timeline: [{ kind: 'bounced', atMs: Date.parse(sentAt) + 10_000, reason: '550 5.1.1 user unknown' }],
  })

/** Three mails of the 19th, one of which a callback reported, and 101 of the 20th. */
async function sendMail(): Promise<void> {
  const stuck = bounced('2026-11-19T06:00:00Z', 'stuck')
  ses.send(
    delivered('2026-11-19T06:00:00Z', 'anna'),
    delivered('2026-11-19T06:00:00Z', 'bert'),
    stuck,
    ...Array.from({ length: 101 }, (_, n) => delivered('2026-11-20T06:00:00Z', `n${n}`)),
  )
  const writer = deliveryWriter({
    client: engine.client,
    table: tables.deliveries,
    retentionDays: 400,
    clock: systemClock,
  })
  await writer.record(reportOf(stuck, { kind: 'deferred' }))
}

const lists = () => ses.calls.flatMap(({ requestDate }) => requestDate ?? [])

describe('ledger reconcile --from', () => {
  it('prints what each date added, and before it what is to be expected', async () => {
    await sendMail()
    const { out, error, exitCode } = await printed('--from', '2026-11-19', '--to', '2026-11-20')
    expect(error).toBe(
      '2 dates, about 3 calls: about 3 seconds at 1 request a second. (An estimate: what GetStatisticsReport counts is not documented.)\n',
    )
    expect(out).toBe(
      [
        'date        calls  rows  discovered  repaired  settled  added',
        'estimate        1',
        '2026-11-19      1     3           2         1        1  delivered 2, bounced 1',
        '2026-11-20      2   101         101         0        0  delivered 101',
        'total           4   104         103         1        1  delivered 103, bounced 1',
        '',
        'Every date is complete.',
        '',
      ].join('\n'),
    )
    expect(exitCode).toBeUndefined()
    expect((await rowsOf(engine.client, tables.deliveries)).length).toBe(104)
    expect((await rowsOf(engine.client, tables.suppressions)).length).toBe(1)
  })

  it('ends today by default', async () => {
    await printed('--from', '2026-11-19')
    expect(lists()).toEqual(['2026-11-19', '2026-11-20', '2026-11-21'])
  })

  it('writes nothing in a dry run, and says so', async () => {
    await sendMail()
    const { out, exitCode } = await printed('--from', '2026-11-19', '--to', '2026-11-20', '--dry-run')
    expect(out).toMatch(/^Dry run: nothing was written\.\ndate .* would be added\n/)
    expect(out).toMatch(/\ntotal +4 +104 +103 +1 +1 {2}delivered 103, bounced 1\n/)
    expect(exitCode).toBeUndefined()
    expect(await rowsOf(engine.client, tables.deliveries)).toMatchObject([{ status: 'deferred' }])
    expect(await rowsOf(engine.client, tables.suppressions)).toEqual([])
  })

  it('says of a second run that it added nothing', async () => {
    await sendMail()
    await printed('--from', '2026-11-19')
    const { out } = await printed('--from', '2026-11-19')
    expect(out).toMatch(/\ntotal +5 +104 +0 +0 +0 {2}nothing\n/)
  })

  it('prints JSON for programs', async () => {
    await sendMail()
    const { out } = await printed('--from', '2026-11-19', '--to', '2026-11-19', '--dry-run', '--json')
    const figures = {
      rows: 3,
      discovered: 2,
      repaired: 1,
      settled: 1,
      unreadable: 0,
      added: { delivered: 2, bounced: 1 },
    }
    expect(JSON.parse(out)).toEqual({
      from: '2026-11-19',
      to: '2026-11-19',
      isDryRun: true,
      dates: [{ requestDate: '2026-11-19', calls: 1, ...figures, offset: 3 }],
      unread: [],
      total: { calls: 2, ...figures },
    })
  })

  it('keeps the pace that is set, and takes its time', async () => {
    await sendMail()
    process.env.SES_REQUESTS_PER_SECOND = '0.5'
    const { error } = await printed('--from', '2026-11-20', '--to', '2026-11-20')
    delete process.env.SES_REQUESTS_PER_SECOND
    expect(error).toContain('1 date, about 2 calls: about 4 seconds at 0.5 requests a second.')
    const [first = 0, ...others] = ses.calls.map(({ atMs }) => atMs)
    expect(others.map((atMs) => atMs - first)).toEqual([2_000, 4_000])
  })

  it.each([
    ['0.02', 'about 74 calls: about 62 minutes at 0.02 requests a second'],
    ['0.01', 'about 74 calls: about 2.1 hours at 0.01 requests a second'],
  ])('says how long it takes at %s requests a second', async (pace, expected) => {
    ses.send(...Array.from({ length: 7_300 }, (_, n) => delivered('2026-11-20T06:00:00Z', `n${n}`)))
    ses.failWhen(({ requestDate }) => requestDate !== undefined, { code: 'InternalError' })
    process.env.SES_REQUESTS_PER_SECOND = pace
    const { error } = await printed('--from', '2026-11-20', '--to', '2026-11-20', '--dry-run')
    delete process.env.SES_REQUESTS_PER_SECOND
    expect(error).toContain(expected)
  })

  it('exits with 1 where a date is not complete, and says how to go on', async () => {
    await sendMail()
    ses.failWhen(({ requestDate, offset }) => requestDate === '2026-11-20' && offset === 100, {
      code: 'InternalError',
    })
    const { out, exitCode } = await printed('--from', '2026-11-19')
    expect(out).toContain(
      [
        '',
        '2026-11-20 is not complete, with 100 rows read. GetSendEmailStatus for 2026-11-20 at offset 100 failed: InternalError.',
        'Run it again: ledger reconcile --from 2026-11-20 --to 2026-11-20',
        '',
      ].join('\n'),
    )
    expect(exitCode).toBe(1)
  })

  it('says which dates a provider that answers nothing left unread', async () => {
    ses.failWhen(({ requestDate }) => requestDate !== undefined, { httpStatus: 503 })
    const { out, exitCode } = await printed('--from', '2026-11-16', '--dry-run')
    expect(out).toMatch(/\n2026-11-18 is not complete, with 0 rows read\. .*no usable answer/)
    expect(out).toMatch(
      /\n3 dates not begun\. Run it again: ledger reconcile --from 2026-11-16 --to 2026-11-21 --dry-run\n$/,
    )
    expect(exitCode).toBe(1)
  })

  it('goes on without an estimate where the credentials may not ask for one', async () => {
    await sendMail()
    ses.failWhen(({ action }) => action === 'GetStatisticsReport', {
      code: 'UnauthorizedOperation.CamNoAuth',
    })
    const { out, error, exitCode } = await printed('--from', '2026-11-19')
    expect(error).toBe(
      '3 dates at 1 request a second. How many calls they take is not known. GetStatisticsReport for 2026-11-19 to 2026-11-21 failed: UnauthorizedOperation.CamNoAuth. Allow ses:GetStatisticsReport to the account of TENCENTCLOUD_SECRET_ID.\n',
    )
    expect(out).toContain('Every date is complete.')
    expect(exitCode).toBeUndefined()
  })

  it('ends after its call on Ctrl-C, and gives the lease back', async () => {
    await sendMail()
    let asked = 0
    ses.failWhen(() => {
      asked += 1
      if (asked === 3) process.emit('SIGINT')
      return false
    }, 'hang-up')
    const { out, error, exitCode } = await printed('--from', '2026-11-19')
    expect(error).toContain('Ending after this call.')
    expect(out).toContain('2026-11-20 is not complete, with 100 rows read. Interrupted.\n')
    expect(out).toContain(
      '1 date not begun. Run it again: ledger reconcile --from 2026-11-20 --to 2026-11-21\n',
    )
    expect(exitCode).toBe(1)
    expect(await leaseByHand(engine.client, tables.reconciliation, reconcileJob).endsAtMs()).toBeUndefined()
    expect([process.listenerCount('SIGINT'), process.listenerCount('SIGTERM')]).toEqual([0, 0])
  })

  it('says why it ended where no date was begun', async () => {
    ses.failWhen(() => {
      process.emit('SIGINT')
      return false
    }, 'hang-up')
    const { out } = await printed('--from', '2026-11-19')
    expect(out).toMatch(
      /\n\nInterrupted\.\n3 dates not begun\. Run it again: ledger reconcile --from 2026-11-19 --to 2026-11-21\n$/,
    )
  })

  it('does not begin while another run is at work', async () => {
    const runs = runStore(engine.client, tables.reconciliation, reconcileJob, systemClock)
    await runs.acquire('scheduled', nowMs, nowMs + 90_000)
    await expect(printed('--from', '2026-11-19')).rejects.toThrow(
      'Another run holds the lease until 2026-11-21T08:01:30Z, longer if it goes on.',
    )
    expect(ses.calls).toEqual([])
  })

  it('refuses dates that the provider does not report', async () => {
    await expect(printed('--from', '2026-10-01')).rejects.toThrow(
      '2026-10-01 is out of reach: the provider reports 30 days. Dates from 2026-10-23 to 2026-11-21 (UTC+8) can be asked for.',
    )
    expect(ses.calls).toEqual([])
  })

  it('reads the lists of the provider that is named, and names those that there are', async () => {
    await sendMail()
    const { out } = await printed('--from', '2026-11-19', '--provider', 'tencent-ses')
    expect(out).toContain('Every date is complete.')
    await expect(printed('--from', '2026-11-19', '--provider', 'sendcloud')).rejects.toThrow(
      '--provider sendcloud: expected tencent-ses, whose poll is set up.',
    )
    await expect(printed('--provider', 'tencent-ses')).rejects.toThrow('--provider needs --from')
  })

  it('refuses to read a list where the poll is off', async () => {
    process.env.SES_POLL = 'off'
    await expect(printed('--from', '2026-11-19')).rejects.toThrow(
      'No poll is set up (SES_POLL=off, and no SENDCLOUD_API_USER): there is no list to read.',
    )
  })

  it('wants the retention of a deployment before it writes into it, and not to look', async () => {
    process.env.SES_POLL = 'off'
    deployment.functions.functions.clear()
    await expect(printed('--from', '2026-11-19')).rejects.toThrow('Set RETENTION_DAYS to what')
    await expect(printed('--from', '2026-11-19', '--dry-run')).rejects.toThrow('No poll is set up')
  })

  it('reads a deployment as it was deployed', async () => {
    ses.send(delivered('2026-11-19T06:00:00Z', 'anna'))
    deploy({ RETENTION_DAYS: '90', SES_REQUESTS_PER_SECOND: '0.5', SES_REGION: 'ap-hongkong' })
    const { error } = await printed('--from', '2026-11-19', '--to', '2026-11-19')
    expect(error).toContain('at 0.5 requests a second')
    expect(await daysLeft()).toEqual([90])
  })
})

/** The reconcile function of the deployment, with this in its environment. */
function deploy(environment: Readonly<Record<string, string>>): void {
  deployment.functions.functions.set(`${process.env.TABLE_PREFIX}-reconcile`, { environment })
}

const daysLeft = () => daysLeftOf(engine.client, tables.deliveries, nowMs)

describe('ledger reconcile', () => {
  it('does one pass where no date is named', async () => {
    await sendMail()
    const { out, error, exitCode } = await printed()
    expect(out).toMatch(/^6 calls, 203 rows: 101 discovered, .* Nothing is left to ask\.\n$/)
    expect(error).toBe('')
    expect(exitCode).toBeUndefined()
  })

  it('says on standard error what went wrong, and nothing that it says anyway', async () => {
    ses.failWhen(() => true, { code: 'InternalError' })
    const { out, error, exitCode } = await printed()
    const lines = error.trimEnd().split('\n')
    expect(lines.at(-1)).toMatch(/^GetSendEmailStatus for 2026-11-2\d at offset 0 failed: InternalError\.$/)
    expect(error).not.toMatch(/_aws|"event":"reconciled"/)
    expect(out).toMatch(/The provider did not answer; the next run goes on from here\.\n$/)
    expect(exitCode).toBe(1)
  })

  it('says how to change a setting that is refused', async () => {
    process.env.TENCENTCLOUD_SECRET_ID = 'AKIDanother'
    try {
      await expect(printed()).rejects.toThrow(
        /AuthFailure\.SecretIdNotFound\. Set .* by `npx ledger parameter put TENCENTCLOUD_SECRET_ID`\.$/,
      )
    } finally {
      process.env.TENCENTCLOUD_SECRET_ID = 'AKIDsimulated'
    }
  })

  it('keeps to what was deployed, unless this shell says otherwise', async () => {
    ses.send(delivered('2026-11-21T06:00:00Z', 'anna'))
    deploy({ RETENTION_DAYS: '90' })
    expect((await printed()).out).toContain('1 discovered')
    expect(await daysLeft()).toEqual([90])
    process.env.RETENTION_DAYS = '31'
    ses.send(delivered('2026-11-21T06:00:01Z', 'bert'))
    await printed()
    delete process.env.RETENTION_DAYS
    expect(await daysLeft()).toEqual([31, 90])
  })

  it('says how the credentials are put that a deployment lacks', async () => {
    const { TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY } = process.env
    Object.assign(process.env, { TENCENTCLOUD_SECRET_ID: '', TENCENTCLOUD_SECRET_KEY: '' })
    try {
      deploy({ RETENTION_DAYS: '90' })
      await expect(printed()).rejects.toThrow(
        `${process.env.TABLE_PREFIX} has no TENCENTCLOUD_SECRET_ID and no TENCENTCLOUD_SECRET_KEY: \`npx ledger parameter put TENCENTCLOUD_SECRET_ID\` and`,
      )
    } finally {
      Object.assign(process.env, { TENCENTCLOUD_SECRET_ID, TENCENTCLOUD_SECRET_KEY })
    }
  })

  it('says so where the poll is off', async () => {
    process.env.SES_POLL = 'off'
    const { out, error } = await printed()
    expect(error).toMatch(
      /^No poll is set up \(SES_POLL=off, and no SENDCLOUD_API_USER\): this pass asks nothing, and only closes what is over\.\n/,
    )
    expect(out).toMatch(/^0 calls, 0 rows/)
  })

  it('has no use for the end of a range without its beginning, nor for a dry run', async () => {
    await expect(printed('--to', '2026-11-20')).rejects.toThrow('add --from, where it begins.')
    await expect(printed('--dry-run')).rejects.toThrow('--dry-run needs --from')
    expect(ses.calls).toEqual([])
  })
})
