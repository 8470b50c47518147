import { beforeEach, describe, expect, it } from '@jest/globals'
import { BatchWriteItemCommand, type WriteRequest } from '@aws-sdk/client-dynamodb'
import { deploymentOf } from '../../../cli/console/deployment.ts'
import { consoleApp } from '../../../cli/console/server.ts'
import { StatisticsReading } from '../../../cli/console/statistics-reading.ts'
import { localTimes } from '../../../cli/local-time.ts'
import { languages } from '../../../cli/pages/words.ts'
import { readableBody } from '../../../cli/quarantined-body.ts'
import { problemPartitionOf } from '../../../lib/core/delivery.ts'
import { dynamoDbStore } from '../../../lib/table/dynamodb-store.ts'
import { inboundMailWriter } from '../../../lib/table/inbound-writer.ts'
import { emulatorClient } from '../../../local/dynamodb-emulator.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'

// What is larger, stranger or more at once than a page expects.

const engine = embeddedTables()
const clock = virtualClock('2022-06-02T00:00:00Z')
const origin = 'http://127.0.0.1:3999'
let tables: Awaited<ReturnType<typeof engine.freshTables>>

beforeEach(async () => {
  tables = await engine.freshTables()
})

function ledgerOf() {
  const { prefix, ...names } = tables
  const client = emulatorClient(engine.endpoint)
  const log = () => undefined
  const store = dynamoDbStore({ client, tables: names, clock, log })
  return { client, store, name: prefix, blocklistDays: 14, clock, log }
}

async function opened(ledger = ledgerOf()) {
  const { app, token } = consoleApp(
    {
      ledger,
      deployment: await deploymentOf(ledger, engine.environmentOf({ prefix: tables.prefix })),
      environment: engine.environmentOf({ prefix: tables.prefix }),
      words: languages.en,
      times: localTimes({ tz: 'UTC' }),
      mayChange: true,
      statistics: new StatisticsReading(ledger),
    },
    () => [origin],
  )
  const first = await app.request(`${origin}/?t=${token}`)
  const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return async (
    path: string,
    { headers = {}, ...init }: { method?: string; headers?: object; body?: string } = {},
  ) => {
    const response = await app.request(`${origin}${path}`, { ...init, headers: { cookie, ...headers } })
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
}

/** Writes rows of bounces that were sent on 2022-06-01. */
async function putRows(count: number, more: object = {}): Promise<void> {
  const rows = Array.from({ length: count }, (_, place): WriteRequest => {
    const recipient = `a${place}@example.com`
    const message = `qcloudses-30-251200670-date-20220601142439-m${place}`
    const item = {
      recipient: { S: recipient },
      message: { S: message },
      provider: { S: 'tencent-ses' },
      status: { S: 'bounced' },
      problemDay: { S: problemPartitionOf({ recipient, message }) },
      bounced: { SS: ['2022-06-01T06:24:43Z hard 551 5.1.1 recipient is not exist'] },
    }
    return { PutRequest: { Item: { ...item, ...more } } }
  })
  const batches = Array.from({ length: Math.ceil(count / 25) }, (_, place) =>
    rows.slice(25 * place, 25 * place + 25),
  )
  await Promise.all(
    batches.map((batch) =>
      engine.client.send(new BatchWriteItemCommand({ RequestItems: { [tables.deliveries]: batch } })),
    ),
  )
}

describe('a page from a page of another port of this machine, which has its cookie', () => {
  it.each(['same-site', 'cross-site'])('is refused: %s', async (site) => {
    const ask = await opened()
    const asked = await ask('/statistics', { headers: { 'sec-fetch-site': site } })
    expect([asked.status, asked.text.includes('<nav')]).toEqual([403, false])
    expect((await ask('/', { headers: { 'sec-fetch-site': 'none' } })).status).toBe(200)
    expect((await ask('/', { headers: { 'sec-fetch-site': 'same-origin' } })).status).toBe(200)
  })
})

describe('the problems of a day with more than a page reads', () => {
  it('are never said to be none', async () => {
    await putRows(2_001)
    const ask = await opened()
    const { text } = await ask('/problems?day=2022-06-01&class=full')
    expect(text).toContain('There are more problems than a page reads')
    expect(text).not.toContain('No email of this day has such a problem.')
    expect((await ask('/problems?day=2022-06-01&domain=other.example')).text).toContain(
      'No email of this day',
    )
    const { headers } = await ask('/problems.csv?day=2022-06-01')
    expect(headers.get('content-disposition')).toBe('attachment; filename="problems-2022-06-01-cut.csv"')
  })

  it('come whole as CSV, under their day, where there are no more', async () => {
    await putRows(1)
    const { headers, text } = await (await opened())('/problems.csv?day=2022-06-01')
    expect(headers.get('content-disposition')).toBe('attachment; filename="problems-2022-06-01.csv"')
    expect(text.split('\n')).toHaveLength(3)
  })
})

describe('what cannot be read', () => {
  it.each([
    ['/problems.csv?day=soon', 400, 'got &#39;soon&#39;'],
    ['/quarantine/body?id=abcdef', 404, 'Nothing of that id is in quarantine.'],
    ['/quarantine/body', 404, 'Nothing of that id is in quarantine.'],
    ['/inbound/mail?id=soon', 404, 'There is no such email.'],
  ])('is a page that says so: %s', async (path, status, words) => {
    const asked = await (await opened())(path)
    expect([asked.status, asked.text.includes(words)]).toEqual([status, true])
  })

  it('is a page that says so, of a form as well', async () => {
    const ask = await opened()
    const headers = { origin, 'content-type': 'multipart/form-data' }
    const { status, text } = await ask('/suppressions/add', { method: 'POST', headers, body: 'x' })
    expect([status, text.includes('The form could not be read.')]).toEqual([409, true])
  })
})

describe('text of strangers', () => {
  it('turns no direction, wherever it stands', async () => {
    await putRows(1, {
      recipient: { S: 'ann@example.com' },
      subject: { S: 'invoice \u202efdp.exe\u2066' },
    })
    const ask = await opened()
    const message = 'qcloudses-30-251200670-date-20220601142439-m0'
    for (const path of [
      '/search?q=ann@example.com',
      '/search?q=%E2%80%AEann',
      `/row?recipient=ann@example.com&message=${message}`,
    ]) {
      expect((await ask(path)).text).not.toMatch(/[\u202e\u2066]/)
    }
  })

  it('that is longer than a page shows is said to be cut', async () => {
    await inboundMailWriter({ client: engine.client, table: tables.inbound, retentionDays: 30, clock }).keep({
      provider: 'sendcloud',
      recipient: 'help@example.org',
      receivedAtMs: clock.now(),
      columns: { from: 'ann@example.com', subject: 'Long' },
      content: JSON.stringify({ text: '字'.repeat(50_001) }),
    })
    const ask = await opened()
    const link = /href="(\/inbound\/mail[^"]*)"/.exec((await ask('/inbound')).text)?.[1] ?? ''
    expect((await ask(link)).text).toContain('Only its first 50,000 characters are shown.')
  })
})

describe('a body in quarantine', () => {
  it.each([
    [
      'a large form',
      `signature=5ec2e7&token=abc123&x=${'y'.repeat(300_000)}`,
      'application/x-www-form-urlencoded',
    ],
    ['JSON that is cut', '{"signature": "5ec2e7", "token":"abc123", "x": "y', 'application/json'],
    [
      'JSON that is deep',
      `{"signature":"5ec2e7","token":"abc123","x":${'['.repeat(20_000)}${']'.repeat(20_000)}}`,
      'application/json',
    ],
  ])('shows nothing that signs it, %s', (_, body, contentType) => {
    const text = readableBody(Buffer.from(body), contentType)
    expect(text).toContain('•••')
    expect(text).not.toMatch(/5ec2e7|abc123/)
  })
})

describe('statistics that are asked for several times at once', () => {
  it('read one after the other, each by four segments', async () => {
    await putRows(20)
    const ledger = ledgerOf()
    const statistics = new StatisticsReading(ledger)
    let [now, most] = [0, 0]
    ledger.client.middlewareStack.add((next) => async (args) => {
      now += 1
      most = Math.max(most, now)
      return next(args).finally(() => {
        now -= 1
      })
    })
    const days = ['2022-05-01', '2022-05-02', '2022-05-03']
    await Promise.all(days.map((from) => statistics.begin({ from, to: '2022-06-01' })))
    const last = { from: '2022-05-03', to: '2022-06-01' }
    for (let turns = 0; turns < 20_000 && statistics.of(last)?.countedAtMs === undefined; turns += 1) {
      await new Promise(setImmediate)
    }
    expect(most).toBe(4)
    expect(statistics.of(last)?.overview.rows).toBe(20)
  })

  it('go on where another page is looked at meanwhile, and are what the menu leads to', async () => {
    await putRows(20)
    const ledger = ledgerOf()
    const ask = await opened(ledger)
    const { promise, resolve: goOn } = Promise.withResolvers<undefined>()
    ledger.client.middlewareStack.add((next) => async (args) => {
      if ('TotalSegments' in args.input) await promise
      return next(args)
    })
    const form = { method: 'POST', headers: { origin } }
    await ask('/statistics?from=2022-01-01&to=2022-06-01', form)
    const other = await ask('/statistics?from=2022-05-01&to=2022-06-01')
    expect(other.text).toContain('The emails of 2022-01-01 to 2022-06-01 are being counted.')
    expect((await ask('/statistics')).text).toContain('value="2022-01-01"')
    goOn(undefined)
  })
})
