import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import pg from 'pg'
import { registerExport } from '../../cli/export.ts'
import { registerStats } from '../../cli/stats.ts'
import { registerSuppressions } from '../../cli/suppressions.ts'
import { pgDatabase } from '../../lib/postgres/pg-database.ts'
import { openPostgres } from '../../lib/postgres/postgres-store.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import type { Register } from '../cli/captured.ts'
import { runInProcess } from '../cli/in-process.ts'
import { eventWith } from '../events.ts'
import { serverUrl } from './server-url.ts'

// Two databases of one server, each with the same schema: 1,200 mails in the one and none in the other.

const schema = 'delivery-ledger-prod'
const names = ['checkpoints_one', 'checkpoints_other'] as const
const password = 'a-password'
const urlOf = (name: string) =>
  serverUrl()
    .replace('//ledger@', `//ledger:${password}@`)
    .replace(/\/postgres$/, `/${name}`)
const admin = new pg.Client({ connectionString: serverUrl() })
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'checkpoints-'))
  await admin.connect()
  for (const name of names) {
    await admin.query(`CREATE DATABASE ${name}`)
    const database = pgDatabase({ url: urlOf(name), timeoutMs: 20_000 })
    const clock = virtualClock('2026-11-21T08:00:00Z')
    const store = openPostgres({ database, schema, clock, log: () => undefined })
    await store.createTables()
    if (name === 'checkpoints_one') {
      const writer = store.deliveryWriter({ retentionDays: 4_000 })
      const recipients = Array.from({ length: 1_200 }, (_, n) => `r${n}@example.com`)
      await Promise.all(recipients.map((recipient) => writer.record(eventWith({ recipient }))))
    }
    await database.close()
  }
})
afterAll(async () => {
  for (const name of names) await admin.query(`DROP DATABASE ${name}`)
  await admin.end()
  await rm(folder, { recursive: true })
})

const commands: readonly (readonly [string, Register, readonly string[], string])[] = [
  ['stats', registerStats, ['stats', '--segments', '1', '--json', '--checkpoint', 'FILE'], 'FILE'],
  ['export', registerExport, ['export', '--segments', '1', '--out', 'FILE'], 'FILE.checkpoint.json'],
  ['recheck', registerSuppressions, ['suppressions', 'recheck', '--checkpoint', 'FILE'], 'FILE'],
]

it.each(commands)(
  'an interrupted `%s` of one database is not gone on with in another',
  async (command, register, words, checkpoint) => {
    const at = (text: string) => text.replace('FILE', join(folder, command))
    const run = (name: string, during: Promise<void> = Promise.resolve()) =>
      Promise.all([
        runInProcess(register, words.map(at), { DATABASE_URL: urlOf(name), RETENTION_DAYS: '400' }),
        during,
      ]).then(([ended]) => ended)
    const interrupted = await run(names[0], interruptedAtOnce())
    expect(interrupted.errors).toContain('Run it again to go on.')
    const kept = await readFile(at(checkpoint), 'utf8')
    expect(kept).not.toContain(password)
    const ofOther = await run(names[1])
    if (command === 'recheck') {
      expect(ofOther.errors).toBe(
        '0 rows of deliveries and 0 rows of the list read: 0 added, 0 in doubt, 0 removed.\n',
      )
      await writeFile(at(checkpoint), kept)
    } else {
      const what = command === 'stats' ? 'count' : 'export'
      expect(ofOther).toEqual({
        code: 1,
        output: '',
        errors: `${at('FILE')} holds an interrupted ${what} of another ledger or with other options: give the same, or begin anew with --restart.\n`,
      })
      expect(await readFile(at(checkpoint), 'utf8')).toBe(kept)
    }
    const whole = await run(names[0])
    expect([whole.code, whole.errors]).toEqual([0, expect.stringMatching(/^Going on /)])
  },
)

/** Ctrl-C as soon as the command listens for it. */
async function interruptedAtOnce(): Promise<void> {
  await new Promise<void>((resolve) => {
    const listened = (event: string | symbol) => {
      if (event !== 'SIGINT') return
      process.removeListener('newListener', listened)
      setImmediate(() => {
        process.emit('SIGINT')
        resolve()
      })
    }
    process.on('newListener', listened)
  })
}
