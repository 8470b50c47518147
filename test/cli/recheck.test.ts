import { access, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { registerSuppressions } from '../../cli/suppressions.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { suppressionReader } from '../../lib/table/suppression-reader.ts'
import { createTables } from '../../local/tables.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith } from '../events.ts'
import { comparedOn } from './compared-on.ts'
import { printedBy } from './printed-by.ts'

const engine = embeddedTables()
const elsewhere = embeddedTables({ onlyHere: true })
const environmentBefore = { ...process.env }
let folder: string
let checkpoint: string
let tables: Awaited<ReturnType<typeof engine.freshTables>>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'recheck-'))
  checkpoint = join(folder, 'checkpoint.json')
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_PROFILE: '',
  })
})
beforeEach(async () => {
  tables = await engine.freshTables()
  process.env.TABLE_PREFIX = tables.prefix
  await rm(checkpoint, { force: true })
  const writer = deliveryWriter({
    client: engine.client,
    table: tables.deliveries,
    retentionDays: 400,
    clock: systemClock,
  })
  await writer.record(
    eventWith({
      recipient: 'gone@example.com',
      kind: 'bounced',
      bounceClass: 'hard',
      reply: '550 Invalid User',
    }),
  )
})
afterAll(async () => {
  process.env = environmentBefore
  await rm(folder, { recursive: true })
})

const recheck = (...words: readonly string[]) =>
  printedBy(registerSuppressions, 'suppressions', 'recheck', '--checkpoint', checkpoint, ...words)

const list = () => suppressionReader({ client: engine.client, table: tables.suppressions })

/** Of a recheck that has read all deliveries. */
async function checkpointOf({ isDryRun = false, of = engine }): Promise<string> {
  const compared = await comparedOn(of, tables, { isDryRun, isRemoving: false, rulesVersion: 2 })
  const counts = { deliveries: 1, suppressions: 0, added: 0, doubtful: 0, removed: 0 }
  return JSON.stringify({ of: compared, phase: 'suppressions', ...counts })
}

describe('ledger suppressions recheck', () => {
  it('prints who was added and why, and leaves no checkpoint behind', async () => {
    const printed = await recheck()
    expect(printed).toMatch(
      /^gone@example\.com {2}added: 2022-06-01T06:24:43Z hard-bounce tencent-ses \S+ gone\/no-such-mailbox 550 Invalid User$/m,
    )
    expect(await list().ofRecipient('gone@example.com')).toBeDefined()
    await expect(access(checkpoint)).rejects.toThrow(/ENOENT/)
  })

  it('only prints what it would do with --dry-run', async () => {
    expect(await recheck('--dry-run')).toMatch(/^gone@example\.com {2}belongs on the list: /m)
    expect(await list().ofRecipient('gone@example.com')).toBeUndefined()
  })

  it('prints a line of JSON for each finding with --json', async () => {
    const [line = ''] = (await recheck('--json')).split('\n')
    expect(JSON.parse(line)).toMatchObject({ type: 'missing', recipient: 'gone@example.com' })
  })

  it('goes on from its checkpoint, and begins anew with --restart', async () => {
    const left = await checkpointOf({})
    await writeFile(checkpoint, left)
    expect(await recheck()).not.toMatch(/added:/)
    await writeFile(checkpoint, left)
    expect(await recheck('--restart')).toMatch(/added:/)
  })

  it('goes on from no dry run, which added nobody', async () => {
    await writeFile(checkpoint, await checkpointOf({ isDryRun: true }))
    expect(await recheck()).toMatch(/added:/)
  })

  it('begins anew in tables of the same names elsewhere', async () => {
    await createTables(elsewhere.client, tables.prefix)
    await writeFile(checkpoint, await checkpointOf({ of: elsewhere }))
    expect(await recheck()).toMatch(/added:/)
  })

  it('refuses a file that is no checkpoint of its own, and --remove beside --dry-run', async () => {
    await writeFile(checkpoint, '{"phase":"somewhere"}')
    await expect(recheck()).rejects.toThrow(`${checkpoint} is no checkpoint of a recheck`)
    expect(await readFile(checkpoint, 'utf8')).toBe('{"phase":"somewhere"}')
    await expect(recheck('--dry-run', '--remove')).rejects.toThrow('--dry-run changes nothing')
  })
})
