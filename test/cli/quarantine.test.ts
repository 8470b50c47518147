import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import { registerQuarantine } from '../../cli/quarantine.ts'
import { systemClock } from '../../lib/clock.ts'
import { quarantineWriter } from '../../lib/table/quarantine-writer.ts'
import { daysLeftOf, embeddedTables, rowsOf } from '../embedded-tables.ts'
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
  return printedBy(registerQuarantine, 'quarantine', ...words)
}

describe('ledger quarantine dismiss', () => {
  it('takes a body off the list, and says so wherever it is shown', async () => {
    await keep()
    expect(await printed('dismiss', id)).toBe(`${id}  dismissed  body: expected JSON, got a string\n`)
    expect(await printed('list')).toBe('Nothing is in quarantine.\n')
    expect(await printed('list', '--all')).toMatch(/^066c43d0f361 .* {2}dismissed {2}1× {2}0 replays/)
    expect(await printed('show', id)).toMatch(/^dismissed 2026-11-23T10:00:00Z$/m)
  })

  it('holds until the same body comes again', async () => {
    await keep()
    await printed('dismiss', id)
    await keep('{"event":', '2026-11-24T08:00:00Z')
    expect(await printed('list')).toMatch(/^066c43d0f361 .* {2}unreadable {2}2×/)
  })

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
  it('writes rows that stay as long as those of the deployment', async () => {
    await keep(await readFile('test/fixtures/tencent-ses/2025-10-bounce.json', 'utf8'))
    process.env.AWS_ENDPOINT_URL_DYNAMODB = engine.endpoint.replace('127.0.0.1', '127.1')
    try {
      await expect(printed('replay')).rejects.toThrow(
        /^Set RETENTION_DAYS and INBOUND_RETENTION_DAYS to what .* was deployed with \(400 and 30 unless you changed them\)/,
      )
      deployment.functions.functions.set(`${process.env.TABLE_PREFIX}-ingest`, {
        environment: { RETENTION_DAYS: '90', INBOUND_RETENTION_DAYS: '7' },
      })
      expect(await printed('replay')).toContain('1 body: 1 resolved, 0 left.')
      expect(await daysLeftOf(engine.client, deliveries, at('2026-11-23T10:00:00Z'))).toEqual([90])
    } finally {
      process.env.AWS_ENDPOINT_URL_DYNAMODB = engine.endpoint
    }
  })
})
