import { beforeEach, describe, expect, it } from '@jest/globals'
import { BatchWriteItemCommand, DeleteTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { Hono } from 'hono'
import { isOwnAlarm } from '../../../cli/console/alarms.ts'
import { deploymentOf } from '../../../cli/console/deployment.ts'
import { consoleApp } from '../../../cli/console/server.ts'
import { StatisticsReading } from '../../../cli/console/statistics-reading.ts'
import type { View } from '../../../cli/console/view.ts'
import { localTimes } from '../../../cli/local-time.ts'
import { languages, type Language } from '../../../cli/pages/words.ts'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { inboundMailWriter } from '../../../lib/table/inbound-writer.ts'
import { dynamoDbStore } from '../../../lib/table/dynamodb-store.ts'
import { quarantineWriter } from '../../../lib/table/quarantine-writer.ts'
import { suppressionReader } from '../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { emulatorClient } from '../../../local/dynamodb-emulator.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { eventWith, sampleMessage } from '../../events.ts'

const engine = embeddedTables()
const clock = virtualClock('2022-06-02T00:00:00Z')
const origin = 'http://127.0.0.1:3999'
const logged: unknown[] = []

let tables: Awaited<ReturnType<typeof engine.freshTables>>
let record: (...events: readonly Partial<DeliveryEvent>[]) => Promise<void>

beforeEach(async () => {
  logged.length = 0
  tables = await engine.freshTables()
  const writer = deliveryWriter({
    client: engine.client,
    table: tables.deliveries,
    retentionDays: 400,
    clock,
  })
  record = async (...events) => {
    for (const event of events) await writer.record(eventWith(event))
  }
})

interface Opened {
  readonly app: Hono
  readonly token: string
  readonly cookie: string
  readonly get: (path: string) => Promise<{ readonly status: number; readonly text: string }>
  readonly post: (
    path: string,
    fields: Readonly<Record<string, string>>,
    headers?: Readonly<Record<string, string>>,
  ) => Promise<{ readonly status: number; readonly text: string }>
}

interface Asked {
  readonly mayChange?: boolean
  readonly lang?: Language
}

/** The console of these tables, opened by its first URL. */
async function opened({ mayChange = false, lang = 'en' }: Asked = {}): Promise<Opened> {
  const { prefix, ...names } = tables
  const log = (event: string, fields?: object) => void logged.push([event, fields])
  const client = emulatorClient(engine.endpoint)
  const ledger = {
    store: dynamoDbStore({ client, tables: names, clock, log }),
    name: prefix,
    blocklistDays: 14,
    clock,
    log,
  }
  const environment = engine.environmentOf({ prefix })
  const view: View = {
    ledger,
    deployment: { ...(await deploymentOf(ledger, environment)), isLocal: true, stage: 'prod' },
    environment: { ...environment, RETENTION_DAYS: '400', INBOUND_RETENTION_DAYS: '30' },
    words: languages[lang],
    times: localTimes({ tz: 'Asia/Shanghai' }),
    mayChange,
    statistics: new StatisticsReading(ledger),
  }
  const { app, token } = consoleApp(view, () => [origin])
  const first = await app.request(`${origin}/?t=${token}`)
  const cookie = (first.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  const read = async (response: Response) => ({ status: response.status, text: await response.text() })
  return {
    app,
    token,
    cookie,
    get: async (path) => read(await app.request(`${origin}${path}`, { headers: { cookie } })),
    post: async (path, fields, headers = { origin }) =>
      read(
        await app.request(`${origin}${path}`, {
          method: 'POST',
          headers: { cookie, 'content-type': 'application/x-www-form-urlencoded', ...headers },
          body: new URLSearchParams(fields).toString(),
        }),
      ),
  }
}

/** What a page says, without its markup. */
function wordsIn(text: string): string {
  return text.replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ')
}

const bounce = {
  kind: 'bounced',
  bounceClass: 'hard',
  reply: '551 5.1.1 recipient is not exist',
  columns: { subject: 'Your order <script>alert(1)</script>', from: 'shop@example.org' },
} as const

describe('whoever asks', () => {
  it('is let in by the token of the first URL, which leaves the address bar for a cookie', async () => {
    const { app, token } = await opened()
    const first = await app.request(`${origin}/?t=${token}`)
    expect([first.status, first.headers.get('location')]).toEqual([302, '/'])
    expect(first.headers.get('set-cookie')).toMatch(
      /^ledger-console-3999=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/,
    )
    expect(first.headers.get('set-cookie')).not.toContain(token)
  })

  it.each([
    ['without a token', {}, '/', 401],
    ['with a wrong token', {}, '/?t=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 401],
    ['with the cookie of another console', { cookie: `ledger-console-3999=${'A'.repeat(32)}` }, '/', 401],
    ['by another name of this machine', { host: 'evil.example:3999' }, '/', 403],
    ['from a page of another site', { origin: 'https://evil.example' }, '/', 403],
    ['from no page at all', { origin: 'null' }, '/', 403],
  ])('is turned away %s', async (_, headers, path, status) => {
    const { app } = await opened()
    const response = await app.request(`${origin}${path}`, { headers })
    expect(response.status).toBe(status)
    expect(await response.text()).not.toContain('<nav')
  })

  it('changes nothing without the origin of the console', async () => {
    const { post } = await opened({ mayChange: true })
    const fields = { recipient: 'ann@example.com' }
    const wrong = [{}, { origin: 'null' }, { origin: 'http://127.0.0.1:4000' }]
    for (const headers of wrong) {
      expect((await post('/suppressions/add', fields, headers)).status).toBe(403)
    }
    const reader = suppressionReader({ client: engine.client, table: tables.suppressions })
    expect(await reader.ofRecipient('ann@example.com')).toBeUndefined()
  })

  it('gets pages that may run and load nothing, and that nobody keeps', async () => {
    const { app, cookie } = await opened()
    const { headers } = await app.request(`${origin}/`, { headers: { cookie } })
    expect(headers.get('content-security-policy')).toBe(
      "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    )
    expect(headers.get('cache-control')).toBe('no-store')
    // Under a policy of no referrer a form would send `Origin: null`.
    expect(headers.get('referrer-policy')).toBe('same-origin')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  })

  it('sees on every page which deployment it is, and what the page cost', async () => {
    const { get } = await opened()
    await record(bounce)
    const { text } = await get('/search?q=example@example.com')
    expect(text).toContain('stage stage-prod')
    expect(text).toContain(tables.prefix)
    expect(text).toMatch(/Cost of this page: [\d.]+ DynamoDB units?/)
  })
})

describe('a search', () => {
  it('shows the mails of an address, and warns of one to whom nothing should be sent', async () => {
    await record(bounce, { message: 'other-message', columns: { subject: 'Welcome' } })
    await suppressionWriter({ client: engine.client, table: tables.suppressions }).suppress({
      recipient: 'example@example.com',
      reason: 'complaint',
      occurredAtMs: clock.now(),
      source: 'callback',
      provider: 'sendcloud',
      detail: '',
    })
    const { get } = await opened()
    const { status, text } = await get('/search?q=Example@EXAMPLE.com')
    expect(status).toBe(200)
    expect(text).toContain('2 emails')
    expect(text).toContain('Welcome')
    expect(text).toContain('no such mailbox (gone): 551 5.1.1 recipient is not exist')
    expect(text).toContain('Do not send to this address')
  })

  it('escapes what strangers wrote', async () => {
    await record(bounce)
    const { get } = await opened()
    for (const path of [
      '/search?q=example@example.com',
      `/delivery?recipient=example@example.com&message=${sampleMessage}`,
      '/problems?day=2022-06-01',
    ]) {
      const { text } = await get(path)
      expect(text).toContain('Your order &lt;script&gt;alert(1)&lt;/script&gt;')
      expect(text).not.toContain('<script')
    }
  })

  it('says so where nothing is found, and repeats what was asked without trusting it', async () => {
    const { get } = await opened()
    const { text } = await get('/search?q=%3Cb%3E%20src=x%3E')
    expect(text).toContain('Nothing was found.')
    expect(text).not.toContain('<b>')
  })

  it('reads no more rows of an address than a page may, and says so', async () => {
    const rows = Array.from({ length: 1_001 }, (_, place) => ({
      PutRequest: {
        Item: {
          recipient: { S: 'ann@example.com' },
          message: { S: `m${place}` },
          provider: { S: 'sendcloud' },
          status: { S: 'delivered' },
        },
      },
    }))
    for (let from = 0; from < rows.length; from += 25) {
      await engine.client.send(
        new BatchWriteItemCommand({ RequestItems: { [tables.deliveries]: rows.slice(from, from + 25) } }),
      )
    }
    const { get } = await opened()
    const { text } = await get('/search?q=ann@example.com')
    expect(text).toContain('1,000 emails')
    expect(text).toContain('There is more than a page reads')
  })
})

describe('the page of a mail', () => {
  it('shows what happened with how it was learned, what a bounce means and what to do', async () => {
    await record(bounce, {
      kind: 'requested',
      occurredAtMs: Date.parse('2022-06-01T06:24:39Z'),
      source: 'poll',
    })
    const { get } = await opened()
    const { text } = await get(`/delivery?recipient=example@example.com&message=${sampleMessage}`)
    const flat = wordsIn(text)
    expect(flat).toContain('requested 2022-06-01 14:24:39 poll')
    expect(flat).toContain('bounced 2022-06-01 14:24:43 4 s after sending · callback')
    expect(flat).toContain('551 5.1.1 recipient is not exist')
    expect(flat).toContain('There is no such mailbox')
    expect(flat).toContain('no such mailbox (gone), by rule mailbox-not-there: a reason not to send to it.')
  })

  it('leads to the row as the table has it', async () => {
    await record(bounce)
    const { get } = await opened()
    const { text } = await get(`/row?recipient=example@example.com&message=${sampleMessage}`)
    const flat = wordsIn(text)
    expect(flat).toContain('bounced SS 2022-06-01T06:24:43Z hard 551 5.1.1 recipient is not exist')
    expect(flat).toContain('status S bounced')
  })

  it.each([
    '/delivery?recipient=example@example.com&message=nope',
    '/delivery',
    '/row?recipient=a&message=b',
    '/nowhere',
  ])('is not found at %s', async (path) => {
    const { get } = await opened()
    expect((await get(path)).status).toBe(404)
  })
})

describe('the problems of a day', () => {
  it('are counted by class with advice, and come as CSV', async () => {
    await record(bounce)
    const { get } = await opened()
    const { text } = await get('/problems?day=2022-06-01')
    expect(text).toContain('bounced: no such mailbox (gone)')
    expect(text).toContain('remove the address from your own data')
    const csv = await get('/problems.csv?day=2022-06-01')
    expect(csv.text.split('\n')[1]).toContain(
      '2022-06-01T06:24:39Z,example@example.com,bounced,gone,551 5.1.1 recipient is not exist',
    )
    expect((await get('/problems.csv?day=2022-06-01&class=full')).text.split('\n')).toHaveLength(2)
  })

  it.each(['例子.中国', 'XN--FSQU00A.XN--FIQS8S', '@例子.中国'])(
    'are those of a domain as people write it: %s',
    async (domain) => {
      await record(bounce, { ...bounce, recipient: 'a@xn--fsqu00a.xn--fiqs8s' })
      const { get } = await opened()
      const csv = await get(`/problems.csv?day=2022-06-01&domain=${encodeURIComponent(domain)}`)
      expect(csv.text).toContain('a@xn--fsqu00a.xn--fiqs8s')
      expect(csv.text).not.toContain('example@example.com')
    },
  )

  it('are refused for what is no day', async () => {
    const { get } = await opened()
    const { status, text } = await get('/problems?day=2022-02-30')
    expect([status, text.includes('got &#39;2022-02-30&#39;')]).toEqual([400, true])
  })
})

describe('statistics', () => {
  it('that could not be counted can be asked for again', async () => {
    const { get, post } = await opened()
    await engine.client.send(new DeleteTableCommand({ TableName: tables.deliveries }))
    const place = '/statistics?from=2022-05-25&amp;to=2022-06-01'
    const { text } = await get(place.replace('&amp;', '&'))
    expect(text).toContain('class="notice bad"')
    expect(text).toContain(`<form action="${place}" method="post">`)
    const { status, text: again } = await post(place.replace('&amp;', '&'), {})
    expect([status, again.includes('class="notice bad"') || again.includes('read')]).toEqual([200, true])
  })

  it('count a small table at once', async () => {
    await record(bounce, { recipient: 'ann@qq.com', message: 'qcloudses-30-251200670-date-20220531142439-a' })
    const { get } = await opened()
    const { text } = await get('/statistics?from=2022-05-25&to=2022-06-01')
    const flat = wordsIn(text)
    expect(flat).toContain('Emails 2')
    expect(flat).toContain('Bounce rate 50 %')
    expect(flat).toContain('from 2 rows')
    expect(text.match(/<svg class="plot"|<svg [^>]*class="plot"/g)).toHaveLength(3)
    expect(text).not.toMatch(/<style|style="/)
  })

  it.each([
    ['from=2022-06-02&to=2022-06-01', '2022-06-02 is later than 2022-06-01.'],
    ['from=soon&to=2022-06-01', 'got &#39;soon&#39;'],
  ])('refuse %s', async (query, words) => {
    const { get } = await opened()
    const { status, text } = await get(`/statistics?${query}`)
    expect([status, text.includes(words)]).toEqual([400, true])
  })
})

describe('the suppression list', () => {
  it('takes an address on and off by the forms, as the commands do', async () => {
    const { get, post } = await opened({ mayChange: true })
    const added = await post('/suppressions/add', {
      recipient: 'Ann@Example.com',
      note: 'asked <b>twice</b>',
    })
    expect(added.text).toContain('ann@example.com is on the list.')
    expect(added.text).toContain('asked &lt;b&gt;twice&lt;/b&gt;')
    expect((await get('/suppressions')).text).toContain('ann@example.com')
    clock.advance(1_000)
    const removed = await post('/suppressions/remove', { recipient: 'ann@example.com' })
    expect(removed.text).toContain('ann@example.com is off the list.')
    expect((await get('/suppressions?q=ann@example.com')).text).toContain('Not on the list.')
  })

  it('cannot be changed where the console only reads', async () => {
    const { get, post } = await opened()
    const refused = await post('/suppressions/add', { recipient: 'ann@example.com' })
    expect([refused.status, refused.text.includes('This console only reads.')]).toEqual([403, true])
    const { text } = await get('/suppressions?q=ann@example.com')
    expect(text).toContain('Not on the list, and nothing is known that would put it there.')
    expect(text).not.toContain('method="post"')
  })

  it('is gone through in parts of a hundred rows', async () => {
    const writer = suppressionWriter({ client: engine.client, table: tables.suppressions })
    const addresses = Array.from({ length: 130 }, (_, place) => `a${place}@example.com`)
    await Promise.all(
      addresses.map((recipient) =>
        writer.suppress({
          recipient,
          reason: 'by-hand',
          occurredAtMs: clock.now(),
          source: 'operator',
          detail: '',
        }),
      ),
    )
    const { get } = await opened()
    const seen = new Set<string>()
    let next: string | undefined = '/suppressions'
    let parts = 0
    while (next !== undefined && parts < 3) {
      const { text }: { text: string } = await get(next)
      for (const [, address = ''] of text.matchAll(/>(a\d+@example\.com)</g)) seen.add(address)
      next = /href="([^"]*after=[^"]*)"/.exec(text)?.[1]?.replaceAll('&amp;', '&')
      parts += 1
    }
    expect([parts, seen.size]).toEqual([2, 130])
  })

  it('refuses what is no address', async () => {
    const { get } = await opened()
    const { status, text } = await get('/suppressions?q=nobody')
    expect([status, text.includes('got &#39;nobody&#39;')]).toEqual([400, true])
  })
})

describe('the quarantine', () => {
  const body = 'event=deliver&token=abc&signature=5ec2e7&emailId=1'

  beforeEach(async () => {
    const writer = quarantineWriter({
      client: engine.client,
      table: tables.quarantine,
      retentionDays: 400,
      clock,
    })
    await writer.keep({
      provider: 'sendcloud',
      body: Buffer.from(body),
      contentType: 'application/x-www-form-urlencoded',
      reason: 'invalid',
      problems: ['recipient: expected an address, got nothing'],
      receivedAtMs: clock.now(),
      isVerified: true,
    })
  })

  async function idIn(console: Opened): Promise<string> {
    return /id=([0-9a-f]{20,})/.exec((await console.get('/quarantine')).text)?.[1] ?? ''
  }

  it('shows a body field by field, but for what signs it', async () => {
    const console = await opened()
    const { text } = await console.get(`/quarantine/body?id=${await idIn(console)}`)
    expect(text).toContain('event = deliver')
    expect(text).toContain('recipient: expected an address, got nothing')
    expect(text).toContain('signature = •••')
    expect(text).not.toContain('5ec2e7')
  })

  it('lets whoever may look try a replay, and whoever may change dismiss', async () => {
    const reading = await opened()
    const id = await idIn(reading)
    const tried = await reading.post(`/quarantine/replay?id=${id}`, { dryRun: 'yes' })
    expect(tried.text).toContain('It is still invalid')
    expect((await reading.post(`/quarantine/replay?id=${id}`, { dryRun: 'no' })).status).toBe(403)
    expect((await reading.post(`/quarantine/dismiss?id=${id}`, {})).status).toBe(403)

    const changing = await opened({ mayChange: true })
    expect((await changing.post(`/quarantine/replay?id=${id}`, { dryRun: 'no' })).text).toContain(
      'It is still invalid',
    )
    expect((await changing.post(`/quarantine/dismiss?id=${id}`, {})).text).toContain('It is dismissed.')
    expect((await changing.get('/quarantine')).text).toContain('Nothing is in quarantine.')
  })
})

describe('an inbound mail', () => {
  it('is shown as text, never as HTML', async () => {
    const writer = inboundMailWriter({
      client: engine.client,
      table: tables.inbound,
      retentionDays: 30,
      clock,
    })
    await writer.keep({
      provider: 'sendcloud',
      recipient: 'help@example.org',
      receivedAtMs: clock.now(),
      columns: { from: 'ann@example.com', subject: 'Where is <b>it</b>?' },
      content: JSON.stringify({ text: 'Hello <script>x</script>', html: '<p>Hello</p>' }),
    })
    const { get } = await opened()
    const { text } = await get('/inbound')
    expect(text).toContain('Where is &lt;b&gt;it&lt;/b&gt;?')
    const link = /href="(\/inbound\/mail[^"]*)"/.exec(text)?.[1] ?? ''
    const mail = await get(link)
    expect(mail.text).toContain('Hello &lt;script&gt;x&lt;/script&gt;')
    expect(mail.text).not.toContain('<p>Hello</p>')
  })
})

describe('the pages in Chinese', () => {
  it('have no English left but data and what commands say', async () => {
    await record(bounce)
    const { get } = await opened({ lang: 'zh' })
    const { text } = await get('/problems?day=2022-06-01')
    expect(text).toContain('<html lang="zh-CN">')
    expect(text).toContain('退信：邮箱不存在')
    expect(text).toContain('该邮箱不存在，请从自己的数据中删除该地址')
  })
})

describe('a page that fails', () => {
  it('says why, and the log has it', async () => {
    const console = await opened()
    await engine.client.send(new DeleteTableCommand({ TableName: tables.quarantine }))
    const { status, text } = await console.get('/quarantine')
    expect(status).toBe(500)
    expect(text).toContain('That did not work')
    expect(logged).toHaveLength(1)
  })
})

describe('what support answers with', () => {
  it('says what a status means, and when the mail was sent', async () => {
    await record({ kind: 'delivered', detail: '250 OK', columns: bounce.columns })
    const { get } = await opened()
    const { text } = await get(`/delivery?recipient=example@example.com&message=${sampleMessage}`)
    const flat = wordsIn(text)
    expect(flat).toContain('delivered sent 2022-06-01 14:24:39')
    expect(flat).toContain('mail server accepted it.')
  })

  it('warns of a domain alone to whoever unsubscribed from that domain alone', async () => {
    await record({ kind: 'delivered', detail: '' })
    await suppressionWriter({ client: engine.client, table: tables.suppressions }).suppress({
      recipient: 'example@example.com',
      reason: 'unsubscribe',
      occurredAtMs: Date.parse('2022-06-01T09:00:00Z'),
      source: 'callback',
      provider: 'tencent-ses',
      fromDomain: 'news.example',
      detail: '',
    })
    const { get } = await opened()
    const { text } = await get('/suppressions?q=example@example.com')
    expect(wordsIn(text)).toContain('2022-06-01 17:00:00, unsubscribed, only for email from news.example')
    const mail = wordsIn((await get(`/delivery?recipient=example@example.com&message=${sampleMessage}`)).text)
    expect(mail).toContain('Unsubscribed from emails of news.example')
  })

  it('doubts nothing about who is not on the list', async () => {
    await record({ ...bounce, reply: 'what nobody understands' })
    const { get } = await opened()
    const { text } = await get('/suppressions?q=example@example.com')
    expect(text).toContain('Not on the list')
    expect(text).not.toContain('In doubt')
  })
})

describe('alarms of a deployment', () => {
  it('are not those of another stage whose name begins alike', () => {
    expect(isOwnAlarm('delivery-ledger-prod-quarantine-not-empty', 'delivery-ledger-prod')).toBe(true)
    expect(isOwnAlarm('delivery-ledger-prod-eu-quarantine-not-empty', 'delivery-ledger-prod')).toBe(false)
  })
})

describe('a row that was changed by hand', () => {
  it('does not keep the last runs from being shown', async () => {
    await engine.client.send(
      new PutItemCommand({
        TableName: tables.reconciliation,
        Item: {
          job: { S: 'get-send-email-status' },
          lastRunAt: { S: '2022-06-01T09:00:00Z' },
          lastRun: { S: 'not a map' },
          leaseUntil: { N: '1' },
        },
      }),
    )
    const { get } = await opened()
    const { status, text } = await get('/runs')
    expect([status, text.includes('get-send-email-status')]).toEqual([200, true])
    expect(wordsIn((await get('/')).text)).toContain('Last check with the provider: 2022-06-01 17:00:00')
  })
})
