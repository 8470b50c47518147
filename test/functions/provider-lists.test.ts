import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createHandler } from '../../functions/reconcile.ts'
import { requestDateOf } from '../../lib/core/instant.ts'
import { suppressionReader } from '../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { emulatorClient } from '../../local/dynamodb-emulator.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { startSimulatedSendCloud, type SimulatedSendCloud } from '../../local/simulated-sendcloud/server.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { virtualClock, type VirtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { limitToRole, watchCalls } from '../function-roles.ts'
import { mailAt } from '../lib/reconcile/world.ts'
import { messageAt } from '../local/simulated-sendcloud/sample-mail.ts'

const engine = embeddedTables()
const at = (instant: string) => Date.parse(instant)
const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }
const sendCloudCredentials = { apiUsers: ['example_trigger'], apiKey: 'a key' }

let clock: VirtualClock
let ses: SimulatedSes
let sendCloud: SimulatedSendCloud
let logged: Readonly<Record<string, unknown>>[]

beforeEach(async () => {
  clock = virtualClock('2026-11-21T08:00:00Z')
  ses = await startSimulatedSes({ port: 0, clock, ...credentials })
  sendCloud = await startSimulatedSendCloud({ port: 0, clock, ...sendCloudCredentials })
  logged = []
})
afterEach(async () => {
  await ses.close()
  await sendCloud.close()
})

/** Puts an address on Tencent's blocklist. The callback of its bounce was lost, and the mail is out of the poll's reach. */
function bounce(name: string, bouncedAt = '2026-11-20T08:00:00Z'): void {
  const bounced = { kind: 'bounced', atMs: at(bouncedAt), bounceType: 'hard_bounce' } as const
  const timeline = [{ ...bounced, reason: '421 too busy' }]
  ses.send(mailAt('2026-09-01T08:00:00Z', name, { timeline }))
}

async function deployed(settings: Readonly<Record<string, string>> = {}, isByHand = false) {
  const tables = await engine.freshTables()
  const client = emulatorClient(engine.endpoint)
  limitToRole(client, 'reconcile')
  const suppressionWrites: string[] = []
  watchCalls(client, ({ action, resource }) => {
    if (resource === 'suppressions' && action !== 'dynamodb:BatchGetItem') suppressionWrites.push(action)
  })
  const handler = createHandler(
    {
      TABLE_PREFIX: tables.prefix,
      SES_ENDPOINT: ses.url,
      TENCENTCLOUD_SECRET_ID: credentials.secretId,
      TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
      SENDCLOUD_ENDPOINT: sendCloud.url,
      SENDCLOUD_API_USER: 'example_trigger',
      SENDCLOUD_API_KEY: 'a key',
      ...settings,
    },
    {
      clock,
      log: (event, fields) => logged.push({ event, ...fields }),
      dynamoDb: () => client,
    },
    isByHand,
  )
  const to = { client: engine.client, table: tables.suppressions }
  return {
    run: () =>
      handler(
        {},
        lambdaContext(() => 840_000),
      ),
    list: { ...suppressionReader(to), ...suppressionWriter(to) },
    suppressionWrites,
  }
}

/** What the runs asked of the lists: action, and the first date that it names. */
function asked(): readonly string[] {
  const ofSes = ses.calls.filter(({ action }) => action.startsWith('List')).map(({ action }) => action)
  const ofSendCloud = sendCloud.calls
    .filter(({ action }) => /^(?:bounce|unsubscribe|complaint)\//.test(action))
    .map(({ action, parameters }) => `${action} ${parameters.startDate}`)
  return [...ofSes, ...ofSendCloud]
}

const synced = (provider: string) =>
  logged.filter((line) => line.event === 'lists synced' && line.provider === provider)

describe("the providers' own lists", () => {
  it('become evidence in ours, with source and end', async () => {
    const { run, list } = await deployed()
    bounce('gone')
    ses.block('own@example.com', '2026-12-01')
    ses.block('ever@example.com')
    const atMs = at('2026-11-20T09:00:00Z')
    sendCloud.send(
      messageAt(at('2026-09-01T08:00:00Z'), 'dead', [
        { kind: 'bounced', atMs, bounceType: 'hard_bounce', cause: '421 too busy' },
        { kind: 'unsubscribed', atMs },
        { kind: 'complained', atMs },
      ]),
    )
    await run()
    const rows = await Array.fromAsync(list.all())
    const lines = rows.flatMap(({ evidence, blocklisted }) => [...evidence, ...blocklisted])
    expect(lines.sort()).toEqual([
      '2026-11-20T08:00:00Z[list] blocklist tencent-ses - 421 too busy',
      '2026-11-20T09:00:00Z[list] blocklist sendcloud - until:2027-05-19T09:00:00Z 421 too busy',
      '2026-11-20T09:00:00Z[list] complaint sendcloud -',
      '2026-11-20T09:00:00Z[list] unsubscribe sendcloud -',
      '2026-11-21T08:00:00Z[list] blocklist tencent-ses - until:2026-12-01T16:00:00Z',
      '2026-11-21T08:00:00Z[list] by-hand tencent-ses -',
    ])
    expect(synced('tencent-ses')).toMatchObject([{ calls: 2, rows: 3, added: 3, stoppedBy: 'done' }])
    expect(JSON.stringify(logged)).not.toContain('@')
  })

  it('are read once a day, the days since then, and whole once a week; what is known costs no write', async () => {
    const { run, list, suppressionWrites } = await deployed()
    bounce('gone')
    await run()
    expect(asked()).toEqual([
      'ListBlackEmailAddress',
      'ListCustomBlacklist',
      'bounce/list 2026-08-24',
      'unsubscribe/list 2026-08-24',
      'complaint/list 2026-08-24',
    ])
    await run()
    expect(asked()).toHaveLength(5)
    const written = suppressionWrites.length
    const before = await Array.fromAsync(list.all())
    clock.advanceTo(at('2026-11-21T16:00:00Z'))
    await run()
    expect(asked().slice(1)).toEqual([
      'ListCustomBlacklist',
      'ListBlackEmailAddress',
      ...['bounce', 'unsubscribe', 'complaint'].map((module) => `${module}/list 2026-08-24`),
      ...['bounce', 'unsubscribe', 'complaint'].map((module) => `${module}/list 2026-11-19`),
    ])
    expect(synced('tencent-ses').at(-1)).toMatchObject({ calls: 1, rows: 1, known: 1 })
    expect(suppressionWrites).toHaveLength(written)
    expect(await Array.fromAsync(list.all())).toEqual(before)
    clock.advanceTo(at('2026-11-28T08:00:00Z'))
    await run()
    expect(asked().filter((call) => call === 'ListCustomBlacklist')).toHaveLength(2)
    expect(asked().at(-1)).toBe('complaint/list 2026-08-31')
  })

  it('bring back nobody who was taken off ours, until something newer speaks against them', async () => {
    const { run, list } = await deployed()
    bounce('gone')
    await run()
    const recipient = 'gone@example.com'
    await list.remove(recipient, at('2026-11-21T09:00:00Z'))
    const removed = await list.ofRecipient(recipient)
    clock.advanceTo(at('2026-11-22T08:00:00Z'))
    await run()
    expect(await list.ofRecipient(recipient)).toEqual(removed)
    expect(synced('tencent-ses').at(-1)).toMatchObject({ added: 0, known: 0, still: 1 })
    bounce('gone', '2026-11-22T09:00:00Z')
    clock.advanceTo(at('2026-11-23T08:00:00Z'))
    await run()
    expect((await list.ofRecipient(recipient))?.blocklisted).toHaveLength(2)
  })

  it('go on in the next run where one had too few calls', async () => {
    const { run, list } = await deployed({ SES_REQUESTS_PER_SECOND: '0.05', SES_POLL: 'on' })
    for (let index = 0; index < 301; index += 1) bounce(`a${index}`)
    await run()
    expect(synced('tencent-ses')).toMatchObject([{ calls: 3, rows: 300, stoppedBy: 'calls' }])
    clock.advance(300_000)
    await run()
    expect(synced('tencent-ses').at(-1)).toMatchObject({ calls: 2, rows: 1, added: 1, stoppedBy: 'done' })
    expect(await Array.fromAsync(list.all())).toHaveLength(301)
  })

  it('fail no run where the permission is missing, are logged once a day, and are made up for', async () => {
    const { run, list } = await deployed()
    bounce('gone')
    ses.block('own@example.com', '2026-12-01')
    const allow = ses.failWhen(({ action }) => action === 'ListBlackEmailAddress', {
      code: 'AuthFailure.UnauthorizedOperation',
    })
    sendCloud.failWhen(({ action }) => action === 'complaint/list', { code: '50101' })
    expect(await run()).toMatchObject({ stoppedBy: 'done' })
    await run()
    const problems = logged.filter(({ event }) => event === 'list not read')
    expect(problems).toEqual([
      {
        event: 'list not read',
        provider: 'tencent-ses',
        list: 'ListBlackEmailAddress',
        problem:
          'ListBlackEmailAddress for 2026-10-23 2026-11-21 offset 0 failed: AuthFailure.UnauthorizedOperation. Allow ses:ListBlackEmailAddress to the account of TENCENTCLOUD_SECRET_ID.',
      },
      {
        event: 'list not read',
        provider: 'sendcloud',
        list: 'complaint/list',
        problem: expect.stringContaining('at offset 0 failed: 50101 A planted fault.'),
      },
    ])
    expect(await Array.fromAsync(list.all())).toMatchObject([{ recipient: 'own@example.com' }])
    allow()
    clock.advanceTo(at('2026-11-22T08:00:00Z'))
    await run()
    expect(await list.ofRecipient('gone@example.com')).toBeDefined()
    // Of what was never read all is read, and of the rest what is new.
    expect(asked()).toContain('unsubscribe/list 2026-11-19')
    expect(asked().at(-1)).toBe('complaint/list 2026-08-25')
  })

  it.each([
    ['are not asked where a setting says so', { SYNC_PROVIDER_LISTS: 'off' }, false],
    ['are not asked by hand', {}, true],
  ])('%s', async (_, settings, isByHand) => {
    const { run } = await deployed(settings, isByHand)
    await run()
    expect(asked()).toEqual([])
    expect(requestDateOf(clock.now())).toBe('2026-11-21')
  })

  it('are asked of each provider alone that is set up', async () => {
    const { run } = await deployed({ SES_POLL: 'off' })
    await run()
    expect(asked()).toHaveLength(3)
    expect(ses.calls).toEqual([])
  })
})
