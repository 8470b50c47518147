import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isSuppressed } from '../../lib/is-suppressed.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { projectRoot } from '../running-command.ts'

const execute = promisify(execFile)
const engine = embeddedTables()
const at = (time: string) => Date.parse(time)
const environmentBefore = { ...process.env }
let environment: Record<string, string>

beforeAll(async () => {
  const tables = await engine.freshTables()
  environment = {
    TABLE_PREFIX: tables.prefix,
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    // A profile would take the place of the keys.
    AWS_PROFILE: '',
  }
  // The environment is read at the first call, not when the module is imported.
  Object.assign(process.env, environment)
  const list = suppressionWriter({ client: engine.client, table: tables.suppressions })
  for (const recipient of ['gone@example.com', 'back@example.com']) {
    await list.suppress({
      recipient,
      reason: 'hard-bounce',
      occurredAtMs: at('2026-11-21T08:00:03Z'),
      source: 'callback',
      detail: '551 5.1.1 recipient is not exist',
    })
  }
  await list.remove('back@example.com', at('2026-11-22T00:00:00Z'))
})
afterAll(() => {
  process.env = environmentBefore
})

describe('isSuppressed', () => {
  it.each([
    'gone@example.com',
    ' Gone@Example.COM ',
    'Somebody <gone@example.com>',
    '"Body, Some" <GONE@example.com>',
    '"gone"@example.com.',
    'gone@ｅｘａｍｐｌｅ。ｃｏｍ',
  ])("is true of '%s', who is on the list", async (recipient) => {
    expect(await isSuppressed(recipient)).toBe(true)
  })

  it('is false of an address of which nothing is known, and of one that was taken off the list', async () => {
    expect(await isSuppressed('somebody@example.com')).toBe(false)
    expect(await isSuppressed('back@example.com')).toBe(false)
  })

  it.each(['', 'gone', 'gone@example.com, back@example.com', 'gone@', 'go\u200bne@example.com'])(
    "refuses '%s', which is not one address, without repeating it",
    async (text) => {
      const refused = await isSuppressed(text).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(TypeError)
      expect((refused as Error).message).toBe(
        "isSuppressed: expected one email address, such as 'a@example.com' or 'Name <a@example.com>'; the argument is none.",
      )
    },
  )
})

describe('isSuppressed in an application that is bundled into one file', () => {
  let folder: string
  let bundle: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'delivery-ledger-'))
    bundle = join(folder, 'is-suppressed.mjs')
    await execute(join(projectRoot, 'node_modules/.bin/esbuild'), [
      join(projectRoot, 'lib/is-suppressed.ts'),
      `--outfile=${bundle}`,
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--main-fields=module,main',
    ])
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Asks in a Node of its own, with nothing in its environment but what is given. */
  async function asked(recipient: string, settings: Record<string, string>): Promise<string> {
    const script = `
      import { isSuppressed } from ${JSON.stringify(pathToFileURL(bundle).href)}
      console.log(await isSuppressed(process.argv[1]).catch((error) => error.name))`
    const { stdout } = await execute(
      process.execPath,
      ['--no-deprecation', '--input-type=module', '--eval', script, recipient],
      { env: { ...environment, ...settings } },
    )
    return stdout.trim()
  }

  it('answers from the list, and lets the process end', async () => {
    expect(await asked('Somebody <gone@example.com>', {})).toBe('true')
    expect(await asked('back@example.com', {})).toBe('false')
  })

  it('throws where the list is out of reach', async () => {
    expect(await asked('gone@example.com', { TABLE_PREFIX: 'nobodys' })).toBe('ResourceNotFoundException')
    expect(await asked('gone@example.com', { TABLE_PREFIX: 'a prefix' })).toBe('ConfigError')
    const nobodyThere = { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' }
    expect(await asked('gone@example.com', nobodyThere)).toMatch(/Error$/)
  })
})
