import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import { deploymentOf } from '../../cli/console/deployment.ts'
import { consoleApp } from '../../cli/console/server.ts'
import { StatisticsReading } from '../../cli/console/statistics-reading.ts'
import type { View } from '../../cli/console/view.ts'
import { localTimes } from '../../cli/local-time.ts'
import { languages } from '../../cli/pages/words.ts'
import { createIngest } from '../../functions/any-cloud/ingest.ts'
import { hourMs } from '../../lib/core/instant.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import type { Environment } from '../../lib/runtime/config.ts'
import { openPostgres } from '../../lib/postgres/postgres-store.ts'
import type { Store, WriteStore } from '../../lib/store/ports.ts'
import { dynamoDbStore } from '../../lib/table/dynamodb-store.ts'
import { tableNames } from '../../lib/table/names.ts'
import { dynamoDbWrites } from '../../lib/table/dynamodb-writes.ts'
import { simulatedAppKey } from '../../local/local-environment.ts'
import { formType, signedForm } from '../../local/simulated-sendcloud/callback.ts'
import { sampleFields } from '../../local/simulated-sendcloud/sample.ts'
import { planCallbacks } from '../../local/simulated-ses/callback-plan.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { runInProcess, type Ended } from '../cli/in-process.ts'
import type { Register } from '../cli/captured.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { noDeadline } from '../no-deadline.ts'
import { startSimulatedCloudBase, type SimulatedCloudBase } from '../tencent/simulated-cloudbase.ts'

// Two ledgers took the same callbacks, one in DynamoDB and one in PostgreSQL. Every command answers the same of both.

const now = '2026-11-21T08:00:00Z'
const token = 'a-token-for-the-test'
const clock = virtualClock(now)
const engine = embeddedTables({ onlyHere: true })
const postgres = embeddedPostgres()

/** The environments in which a command runs, by the store that it looks into. */
const environments = new Map<string, Record<string, string>>()
let folder: string

beforeAll(async () => {
  jest.spyOn(systemClock, 'now').mockReturnValue(Date.parse(now))
  folder = await mkdtemp(join(tmpdir(), 'same-answers-'))
  const { prefix, ...tables } = await engine.freshTables(indexed)
  environments.set('DynamoDB', {
    ...indexed,
    ...engine.environmentOf({ prefix }),
    RETENTION_DAYS: '400',
    INBOUND_RETENTION_DAYS: '30',
  })
  environments.set('PostgreSQL', {
    ...indexed,
    DATABASE_URL: process.env.TEST_DATABASE_URL ?? '',
    TABLE_PREFIX: postgres.schema,
    RETENTION_DAYS: '400',
    INBOUND_RETENTION_DAYS: '30',
  })
  await happen(dynamoDbWrites({ client: engine.client, tables, clock }))
  await happen(await postgres.emptied(clock))
}, 120_000)
afterAll(async () => {
  jest.restoreAllMocks()
  await rm(folder, { recursive: true })
})

const indexed = { CORRELATION_HEADER: 'X-Tencentcloudses-Cb-Order', RFC_MESSAGE_ID_INDEX: 'on' }

/** Three days of mail of Tencent SES with its faults, a few callbacks of SendCloud, answers of people, and bodies that nobody understands. */
async function happen(store: WriteStore): Promise<void> {
  const settings: Environment = {
    ...indexed,
    CALLBACK_TOKEN_SHA256: tokenDigest(token),
    SENDCLOUD_APP_KEY: simulatedAppKey,
  }
  const respond = createIngest(settings, { clock, log: () => undefined, deadline: noDeadline }, () => store)
  const post = async (path: string, body: string, type = 'application/json') => {
    const { status } = await respond({
      method: 'POST',
      path: `/${path}/${token}`,
      headers: new Map([['content-type', type]]),
      body,
      isBase64Encoded: false,
    })
    return status
  }
  for (const { body } of tencentCallbacks()) expect(await post('tencent-ses', body)).toBe(200)
  for (const event of ['deliver', 'open', 'request', 'invalid']) {
    const fields = { ...sampleFields(Date.parse('2026-11-21T07:00:00Z')), event, subject: 'Welcome' }
    const body = signedForm(fields, { appKey: simulatedAppKey, token: 'Zk3pQ8vXw1LmN7bYt5RcJ2hGf9DsA4uE' })
    expect(await post('sendcloud', body, formType)).toBe(200)
  }
  for (const strange of ['{"event":"teleported"}', 'no JSON at all', '[]']) await post('tencent-ses', strange)
}

function tencentCallbacks() {
  const fromMs = Date.parse('2026-11-18T00:00:00Z')
  const mails = makeTraffic({ seed: 7, count: 150, fromMs, overMs: 70 * hourMs })
  const weather = {
    seed: 7,
    lossRate: 0.1,
    repeatRate: 0.2,
    lateRate: 0.2,
    maxDelayMs: hourMs,
    reorderRate: 0.2,
  }
  return planCallbacks(mails, weather).callbacks.filter(({ arrivesAtMs }) => arrivesAtMs < Date.parse(now))
}

async function answered(store: string, line: string): Promise<Ended> {
  const words = line.split(' ')
  const module = (await import(`../../cli/${words[0] ?? ''}.ts`)) as Record<string, Register>
  const register = Object.entries(module).find(([exported]) => exported.startsWith('register'))?.[1]
  if (register === undefined) throw new Error(`There is no command '${line}'.`)
  const before = process.cwd()
  process.chdir(folder)
  try {
    return await runInProcess(register, words, environments.get(store) ?? {})
  } finally {
    process.chdir(before)
  }
}

/** What one store says of itself: its name of the deployment, and what reading costs. */
function withoutStore(text: string): string {
  return (
    text
      .replaceAll(postgres.schema, '<name>')
      .replaceAll(environments.get('DynamoDB')?.TABLE_PREFIX ?? '', '<name>')
      .replaceAll('<name>.', '<name>-')
      .replace(/^This reads .*\n/m, '')
      // Each store has backups of its own kind.
      .replace(/^ {2}- backups: .*\n/m, '')
  )
}

/** Sorted: what is read as it lies has the order of the table. */
function linesOf(text: string): readonly string[] {
  return text.split('\n').toSorted()
}

function withLines({ output, ...rest }: Ended): object {
  return { ...rest, lines: linesOf(output) }
}

async function bothAnswer(line: string): Promise<readonly [Ended, Ended]> {
  const [inTables, inDatabase] = [await answered('DynamoDB', line), await answered('PostgreSQL', line)]
  return [inTables, inDatabase].map(({ code, output, errors }) => ({
    code,
    output: withoutStore(output),
    errors: withoutStore(errors),
  })) as [Ended, Ended]
}

describe('of two ledgers with the same callbacks', () => {
  it.each([
    'problems --from 2026-11-18 --tz UTC',
    'problems --from 2026-11-18 --class gone --csv',
    'problems --from 2026-11-18 --json',
    'stuck --older-than 1h --tz UTC',
    'stats --from 2026-11-18 --to 2026-11-21 --by mailbox-provider',
    'stats --from 2026-11-18 --json',
    'bounces --from 2026-11-18',
    'bounces --from 2026-11-18 --json',
    'suppressions list --tz UTC',
    'suppressions list --json',
    'inbound list --tz UTC',
    'suppressions recheck --dry-run',
    'erase --list',
  ])('`ledger %s` is the same', async (line) => {
    const [inTables, inDatabase] = await bothAnswer(line)
    expect(inDatabase).toEqual(inTables)
    expect(inTables.output + inTables.errors).not.toBe('')
  })

  it.each(['suppressions export', 'quarantine list --tz UTC', 'quarantine replay --dry-run'])(
    '`ledger %s` has the same lines',
    async (line) => {
      const [inTables, inDatabase] = await bothAnswer(line)
      expect(withLines(inDatabase)).toEqual(withLines(inTables))
      expect(linesOf(inTables.output).length).toBeGreaterThan(2)
    },
  )

  it('exports the same rows', async () => {
    const [inTables, inDatabase] = await bothAnswer('export --format ndjson')
    const rowsIn = (output: string) => output.trim().split('\n').toSorted()
    expect(rowsIn(inDatabase.output)).toEqual(rowsIn(inTables.output))
    expect(rowsIn(inTables.output).length).toBeGreaterThan(100)
  })

  it('reports the same figures', async () => {
    const pages = []
    for (const store of environments.keys()) {
      await answered(store, `report --html ${store}.html`)
      const page = await readFile(join(folder, `${store}.html`), 'utf8')
      pages.push(withoutStore(page))
    }
    expect(pages[1]).toBe(pages[0])
    expect(pages[0]).toContain('<svg')
  })
})

describe('the console', () => {
  const stores = new Map<string, Store>()
  const apps = new Map<string, (path: string) => Promise<string>>()

  beforeAll(async () => {
    const log = () => undefined
    const { TABLE_PREFIX = '' } = environments.get('DynamoDB') ?? {}
    stores.set(
      'DynamoDB',
      dynamoDbStore({ client: engine.client, tables: tableNames(TABLE_PREFIX), clock, log }),
    )
    stores.set(
      'PostgreSQL',
      openPostgres({ database: postgres.database, schema: postgres.schema, clock, log }),
    )
    for (const [name, store] of stores) apps.set(name, await pagesOf(store, environments.get(name) ?? {}))
  })

  async function pagesOf(
    store: Store,
    environment: Readonly<Record<string, string>>,
  ): Promise<(path: string) => Promise<string>> {
    const ledger = {
      store,
      name: environment.TABLE_PREFIX ?? '',
      blocklistDays: 14,
      clock,
      log: () => undefined,
    }
    const deployment = { ...(await deploymentOf(ledger, environment)), isLocal: true }
    const view: View = {
      ledger,
      deployment,
      environment,
      words: languages.en,
      times: localTimes({ tz: 'UTC' }),
      mayChange: false,
      statistics: new StatisticsReading(ledger),
    }
    const origin = 'http://127.0.0.1:3999'
    const { app, token: ofUrl } = consoleApp(view, () => [origin])
    const first = await app.request(`${origin}/?t=${ofUrl}`)
    const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    return async (path) => (await app.request(`${origin}${path}`, { headers: { cookie } })).text()
  }

  /** Without what one store says of itself. */
  function pageWithoutStore(page: string): string {
    return withoutStore(page)
      .replace(/(?:Cost of this page: |This page (?:ran|read) )[^<]*?\.\s/, '')
      .replace(/<header class="stage[^]*?<\/header>/, '')
  }

  it.each(['/', '/problems?from=2026-11-18', '/stuck', '/suppressions', '/quarantine', '/inbound', '/runs'])(
    '%s is the same page',
    async (path) => {
      const pages = await Promise.all([...apps.values()].map((read) => read(path)))
      const [inTables = [], inDatabase = []] = pages.map((page) => linesOf(pageWithoutStore(page)))
      expect(inDatabase).toEqual(inTables)
      expect(inTables.join('')).toContain('<h1>')
    },
  )
})

describe('of a ledger in CloudBase', () => {
  const environmentId = 'an-environment'
  let cloudBase: SimulatedCloudBase
  let environment: Record<string, string>

  beforeAll(async () => {
    const secretId = 'an-id'
    const secretKey = 'a-key'
    cloudBase = await startSimulatedCloudBase({
      environmentId,
      credentials: () => ({ secretId, secretKey }),
      run: (statement) => postgres.run(statement),
    })
    environment = {
      ...indexed,
      CLOUDBASE_ENV_ID: environmentId,
      CLOUDBASE_ENDPOINT: cloudBase.url,
      TENCENTCLOUD_SECRET_ID: secretId,
      TENCENTCLOUD_SECRET_KEY: secretKey,
      TABLE_PREFIX: postgres.schema,
    }
    environments.set('CloudBase', environment)
  })
  afterAll(() => cloudBase.close())

  it.each([
    'suppressions list --tz UTC',
    'problems --from 2026-11-18 --tz UTC',
    'stuck --older-than 1h --tz UTC',
  ])('`ledger %s` is the same', async (line) => {
    const called = cloudBase.calls.length
    expect(await answered('CloudBase', line)).toEqual(await answered('PostgreSQL', line))
    expect(cloudBase.calls.length).toBeGreaterThan(called)
  })

  it('a command says whose keys it lacks', async () => {
    environments.set('CloudBase', { ...environment, TENCENTCLOUD_SECRET_KEY: '' })
    const { code, errors } = await answered('CloudBase', 'suppressions list')
    expect(code).toBe(1)
    expect(errors).toContain(
      'TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY: expected those of an account that may call tcb:ExecutePGSql',
    )
  })
})

describe('what is changed by hand', () => {
  it.each([
    'suppressions add cleo@example.com --note telephone',
    'suppressions show cleo@example.com --tz UTC',
    'suppressions remove cleo@example.com',
    'suppressions show cleo@example.com --tz UTC',
    'suppressions import list.csv --reason unsubscribe --as-of 2026-11-20',
    'suppressions list --tz UTC',
    'quarantine replay',
    'erase fred@example.com --yes',
    'erase --list --tz UTC',
    'suppressions recheck --apply',
  ])('`ledger %s` ends alike', async (line) => {
    await writeFile(join(folder, 'list.csv'), 'email\nemil@example.com\nFred <fred@example.com>\nnobody\n')
    const [inTables, inDatabase] = await bothAnswer(line)
    expect(withLines(inDatabase)).toEqual(withLines(inTables))
  })
})
