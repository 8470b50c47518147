import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import { registerQuarantine } from '../../cli/quarantine.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import type { Callback } from '../../lib/providers/provider.ts'
import { quarantineWriter } from '../../lib/table/quarantine-writer.ts'
import { daysLeftOf, embeddedTables, rowsOf } from '../embedded-tables.ts'
import { formOf, signedForm } from '../fixtures/sendcloud/sign.ts'
import { emulatedDeployment } from './emulated-deployment.ts'
import { printedBy } from './printed-by.ts'

const engine = embeddedTables()
const deployment = emulatedDeployment()
const at = (time: string) => Date.parse(time)
const environmentBefore = { ...process.env }
const now = jest.spyOn(systemClock, 'now')
let table: string
let deliveries: string

/** sha256('tencent-ses\n{"event":') */
const id = '066c43d0f361'

beforeAll(() => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_PROFILE: '',
  })
})
beforeEach(async () => {
  const tables = await engine.freshTables()
  process.env.TABLE_PREFIX = tables.prefix
  table = tables.quarantine
  deliveries = tables.deliveries
  now.mockReturnValue(at('2026-11-23T10:00:00Z'))
})
afterAll(() => {
  process.env = environmentBefore
  now.mockRestore()
})

async function keep(body = '{"event":', receivedAt = '2026-11-21T08:00:00Z'): Promise<void> {
  await quarantineWriter({ client: engine.client, table, retentionDays: 400, clock: systemClock }).keep({
    provider: 'tencent-ses',
    body: new TextEncoder().encode(body),
    contentType: 'application/json',
    reason: 'unreadable',
    problems: ['body: expected JSON, got a string'],
    receivedAtMs: at(receivedAt),
  })
}

/** What `ledger quarantine …` prints. */
function printed(...words: readonly string[]): Promise<string> {
  const zone = ['list', 'show'].includes(words[0] ?? '') ? ['--tz', 'Asia/Shanghai'] : []
  return printedBy(registerQuarantine, 'quarantine', ...words, ...zone)
}

describe('ledger quarantine dismiss', () => {
  it('takes a body off the list, and says so wherever it is shown', async () => {
    await keep()
    expect(await printed('dismiss', id)).toBe(`${id}  dismissed  body: expected JSON, got a string\n`)
    expect(await printed('list')).toBe('Nothing is in quarantine.\n')
    expect(await printed('list', '--all')).toMatch(/^066c43d0f361 .* {2}dismissed {2}1× {2}0 replays/)
    expect(await printed('show', id)).toMatch(/^dismissed 2026-11-23 18:00:00 \(Asia\/Shanghai\)$/m)
  })

  it('holds until the same body comes again', async () => {
    await keep()
    await printed('dismiss', id)
    await keep('{"event":', '2026-11-24T08:00:00Z')
    expect(await printed('list')).toMatch(/^066c43d0f361 .* {2}unreadable {2}2×/)
  })

  it('shows when it came in the zone that is asked for', async () => {
    await keep()
    expect(await printed('list')).toBe(
      `${id}  2026-11-21 16:00:00  tencent-ses  unreadable  1×  0 replays  body: expected JSON, got a string\nTimes are in Asia/Shanghai.\n`,
    )
    expect(await printed('show', id)).toMatch(/^came {6}2026-11-21 16:00:00 \(Asia\/Shanghai\)$/m)
    expect(JSON.parse(await printed('list', '--json'))).toMatchObject([
      { lastSeenAt: '2026-11-21T08:00:00Z' },
    ])
  })

  it.each([
    ['2026-11-21', true],
    ['2026-11-22', false],
    ['2d', false],
    ['3d', true],
    ['2026-11-20T16:30:00Z', true],
    ['2026-11-20T16:31:00Z', false],
  ])('is listed since %s, whose day is one in UTC+8: %s', async (since, isListed) => {
    await keep('{"event":', '2026-11-20T16:30:00Z')
    const nothing = 'Nothing of that kind is in quarantine.\n'
    expect((await printed('list', '--since', since)) === nothing).toBe(!isListed)
  })

  it.each(['2026-02-30', '1', 'soon', '2026-11-21T99'])(
    'is not listed since %s, which is none',
    async (since) => {
      await expect(printed('list', '--since', since)).rejects.toThrow(/Expected (?:a day|an age)/)
    },
  )

  it('needs no part of the body', async () => {
    await keep('x'.repeat(400 * 1024))
    const [head, part] = await rowsOf(engine.client, table)
    await engine.client.send(
      new DeleteItemCommand({ TableName: table, Key: { id: { S: String(part?.id) } } }),
    )
    expect(await printed('dismiss', String(head?.id))).toContain('dismissed')
  })

  it('says so where there is nothing to dismiss', async () => {
    await expect(printed('dismiss', 'abcdef')).rejects.toThrow('Nothing of that id is in quarantine.')
    await keep()
    await printed('dismiss', id)
    await expect(printed('dismiss', id)).rejects.toThrow('It was dismissed already, at 2026-11-23T10:00:00Z.')
    await expect(printed('dismiss')).rejects.toThrow(/missing required argument 'id'/)
  })
})

describe('ledger quarantine replay', () => {
  const delivery = { event: 'deliver', emailId: 'id-inbound0$a@example.com', timestamp: '1795237210000' }
  const keepForm = (reason: 'unsigned' | 'forged', { body, contentType }: Callback) =>
    quarantineWriter({ client: engine.client, table, retentionDays: 400, clock: systemClock }).keep({
      provider: 'sendcloud',
      body,
      contentType,
      reason,
      problems: [],
      receivedAtMs: at('2026-11-21T08:00:00Z'),
    })
  const deploy = (environment: Record<string, string>) =>
    deployment.functions.functions.set(`${process.env.TABLE_PREFIX}-ingest`, { environment })

  it('leaves out what carries no signature until it is trusted', async () => {
    deploy({ RETENTION_DAYS: '400', INBOUND_RETENTION_DAYS: '30' })
    await keepForm('unsigned', formOf(delivery))
    expect(await printed('replay')).toMatch(/^Nothing but what carries no signature is in quarantine\./)
    expect(await printed('replay', '--reason', 'unsigned')).toContain(
      'still unsigned: signature: expected one, got none\n1 body: 0 resolved, 1 left.',
    )
    expect(await rowsOf(engine.client, deliveries)).toEqual([])
    expect(await printed('replay', '--trust-unsigned', '--dry-run')).toContain('would be resolved  delivered')
    expect(await printed('replay', '--trust-unsigned')).toContain('1 body: 1 resolved, 0 left.')
    expect(await rowsOf(engine.client, deliveries)).toMatchObject([{ recipient: 'a@example.com' }])
  })

  it('verifies what no key had signed with the keys of now', async () => {
    deploy({ RETENTION_DAYS: '400', INBOUND_RETENTION_DAYS: '30' })
    await keepForm('forged', signedForm(delivery, 'key-of-now'))
    process.env.SENDCLOUD_APP_KEY = 'another-key'
    expect(await printed('replay', '--trust-unsigned')).toContain(
      'still forged: signature: expected one by SEND',
    )
    process.env.SENDCLOUD_APP_KEY = 'another-key,key-of-now'
    expect(await printed('replay')).toContain('1 body: 1 resolved, 0 left.')
    delete process.env.SENDCLOUD_APP_KEY
  })

  it('ends after what is under way where it is interrupted, and goes on when it is run again', async () => {
    deploy({ RETENTION_DAYS: '400', INBOUND_RETENTION_DAYS: '30' })
    const reported = { event: 'open', email: 'a@example.com', bulkId: 'a-message' }
    for (let index = 0; index < 40; index += 1) {
      await keep(JSON.stringify({ ...reported, timestamp: 1795237210 + index }))
    }
    const listeners = process.listenerCount('SIGINT')
    // The first look at the clock after the replay has begun.
    now.mockImplementation(() => {
      if (process.listenerCount('SIGINT') > listeners) process.emit('SIGINT')
      return at('2026-11-23T10:00:00Z')
    })
    const said = jest.spyOn(process.stderr, 'write').mockReturnValue(true)
    try {
      expect(await printed('replay')).toMatch(/\n16 bodies: 16 resolved, 0 left\.\n$/)
      expect(said.mock.calls.flat()).toContain('\nEnding after what is under way.\n')
      expect(said.mock.calls.flat()).toContain(
        'Interrupted: the others are as they were. Run it again to go on.\n',
      )
      expect(process.exitCode).toBe(1)
      now.mockReturnValue(at('2026-11-23T10:00:00Z'))
      expect(await printed('replay')).toMatch(/\n24 bodies: 24 resolved, 0 left\.\n$/)
      expect(process.listenerCount('SIGINT')).toBe(listeners)
    } finally {
      said.mockRestore()
    }
  })

  it('writes rows that stay as long as those of the deployment', async () => {
    await keep(await readFile('test/fixtures/tencent-ses/2025-10-bounce.json', 'utf8'))
    process.env.AWS_ENDPOINT_URL_DYNAMODB = engine.endpoint.replace('127.0.0.1', '127.1')
    try {
      await expect(printed('replay')).rejects.toThrow(
        /^Set RETENTION_DAYS and INBOUND_RETENTION_DAYS to what .* was deployed with \(400 and 30 unless you changed them\)/,
      )
      deploy({ RETENTION_DAYS: '90', INBOUND_RETENTION_DAYS: '7' })
      expect(await printed('replay')).toContain('1 body: 1 resolved, 0 left.')
      expect(await daysLeftOf(engine.client, deliveries, at('2026-11-23T10:00:00Z'))).toEqual([90])
    } finally {
      process.env.AWS_ENDPOINT_URL_DYNAMODB = engine.endpoint
    }
  })
})
