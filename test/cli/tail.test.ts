import { DeleteItemCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { registerTail } from '../../cli/tail.ts'
import { EventRows } from '../../cli/tail/rows.ts'
import { entriesOf } from '../../cli/tail/entry.ts'
import type { Delivery } from '../../lib/core/delivery.ts'
import { parseFact } from '../../lib/core/fact.ts'
import { freePorts } from '../../local/local-environment.ts'
import { localSettings } from '../../local/settings.ts'
import { formType, signedForm } from '../../local/simulated-sendcloud/callback.ts'
import { sampleFields } from '../../local/simulated-sendcloud/sample.ts'
import { startLocalStack, type LocalStack } from '../../local/stack.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { runInProcess } from './in-process.ts'

const message = 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1'
const later = 'qcloudses-30-251200670-date-20220601150000-later'
const token = 'Zk3pQ8vXw1LmN7bYt5RcJ2hGf9DsA4uE6iOoPqTzVxCyBnKj0W'
const cameInMs = Date.now() - 60_000
let stack: LocalStack
let environment: Record<string, string>

beforeAll(async () => {
  const settings = localSettings({ ...freePorts, CALLBACK_TOKEN: 'a-token-for-the-test' })
  stack = await startLocalStack(settings, { clock: virtualClock(cameInMs), log: () => undefined })
  environment = {
    DYNAMODB_PORT: new URL(stack.dynamoDbEndpoint).port,
    LOGS_PORT: new URL(stack.logsUrl).port,
  }
  const event = { email: 'anna@example.com', bulkId: message, timestamp: 1654064683, subject: '您的 订单' }
  const reason = '550 5.1.1 <anna@example.com>: no such user'
  await post(stack.callbackUrls.tencentSes, { ...event, event: 'bounce', bounceType: 'hard_bounce', reason })
  await post(stack.callbackUrls.tencentSes, {
    ...event,
    event: 'delivered',
    bulkId: later,
    email: 'ben@example.com',
  })
  await post(stack.callbackUrls.sent, {
    messageId: message,
    recipients: ['cleo@example.com', 'dora@example.com'],
  })
  await post(stack.callbackUrls.tencentSes, [{ ...event, event: 'teleported' }])
  await post(stack.callbackUrls.tencentSes, '{"event":')
  await post(stack.callbackUrls.tencentSes.replace('a-token', 'another-token'), event)
  const fields = sampleFields(cameInMs)
  await post(
    stack.callbackUrls.sendCloud,
    signedForm(fields, { appKey: stack.sendCloudAppKey, token }),
    formType,
  )
  await post(stack.callbackUrls.sendCloud, signedForm(fields, { appKey: 'another', token }), formType)
  await fetch(stack.callbackUrls.tencentSes)
  const Key = { recipient: { S: 'ben@example.com' }, message: { S: later } }
  await stack.dynamoDb.send(new DeleteItemCommand({ TableName: `${stack.tablePrefix}-deliveries`, Key }))
  await stack.reconcile()
})
afterAll(() => stack.stop())

async function post(url: string, body: unknown, type = 'application/json'): Promise<void> {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  await fetch(url, { method: 'POST', headers: { 'content-type': type }, body: text })
}

const tail = (...words: readonly string[]) => runInProcess(registerTail, ['tail', ...words], environment)
const all = ['--since', '10m', '--no-follow', '--tz', 'UTC'] as const

describe('ledger tail', () => {
  it('shows one line for each thing that came in, with masked recipients', async () => {
    const { output, errors, code } = await tail(...all)
    expect({ errors, code }).toEqual({ errors: '', code: 0 })
    const time = new Date(cameInMs).toISOString().slice(0, 19).replace('T', ' ')
    const lines = output.trimEnd().split('\n')
    expect(lines.slice(0, 10).filter((line) => !line.startsWith(`${time}  `))).toEqual([])
    const cells = lines.map((line) => line.slice(time.length + 2).split(/ {2,}/))
    expect(cells.slice(0, 9)).toEqual([
      ['bounced, gone', 'tencent-ses', 'a…@example.com', '您的 订单', '550 5.1.1 <[address]>: no such user'],
      // Its row is not there.
      ['delivered', 'tencent-ses', later],
      ['requested', 'tencent-ses', 'c…@example.com'],
      ['requested', 'tencent-ses', 'd…@example.com'],
      [
        '202',
        'tencent-ses',
        expect.stringMatching(
          /^\/0\/event: expected .*, got teleported; kept in quarantine as unrecognised$/,
        ),
      ],
      [
        '400',
        'tencent-ses',
        expect.stringMatching(/^body: expected JSON, got .*; kept in quarantine as unreadable$/),
      ],
      ['401', 'tencent-ses', 'the token in the path is not accepted'],
      ['delivered', 'sendcloud', 'e…@example.com'],
      [
        '401',
        'sendcloud',
        expect.stringMatching(/^no key made its signature; .*kept in quarantine as forged$/),
      ],
    ])
    expect(cells[9]).toEqual(['200', 'tencent-ses', 'a probe (GET)'])
    expect(cells.slice(10).map(([what]) => what)).toContain('reconciled')
    expect(output).not.toMatch(/anna|ben@|cleo|dora|metrics/)
  })

  it('shows addresses whole where that is asked for', async () => {
    const { output } = await tail(...all, '--addresses')
    expect(output).toContain('anna@example.com  您的 订单  550 5.1.1 <anna@example.com>: no such user\n')
  })

  it('prints lines of JSON, masked as well', async () => {
    const { output } = await tail(...all, '--json')
    const [bounced, , , , kept] = output
      .split('\n')
      .map((line) => (line === '' ? {} : (JSON.parse(line) as object)))
    expect(bounced).toEqual({
      at: new Date(cameInMs).toISOString().replace('.000Z', 'Z'),
      type: 'event',
      kind: 'bounced',
      bounceClass: 'hard',
      class: 'gone',
      provider: 'tencent-ses',
      message,
      occurredAt: '2022-06-01T06:24:43Z',
      recipients: ['a…@example.com'],
      subject: '您的 订单',
      reply: '550 5.1.1 <[address]>: no such user',
    })
    expect(kept).toMatchObject({ type: 'request', status: 202, provider: 'tencent-ses' })
    expect(output).not.toMatch(/anna|cleo/)
  })

  it('shows nothing of before the age', async () => {
    expect((await tail('--since', '0m', '--no-follow')).output).toBe('')
    expect((await tail('--no-follow')).output).toBe('')
  })

  it.each([
    [['--since', 'yesterday'], 'Expected an age, such as 30m, 24h or 3d.'],
    [['--tz', 'Mars/Olympus'], 'Expected the name of a time zone, such as UTC or Asia/Shanghai.'],
    [['someone@example.com'], 'too many arguments'],
  ])('refuses %j', async (words, said) => {
    const { code, errors } = await tail(...words)
    expect(code).toBe(1)
    expect(errors).toContain(said)
  })
})

describe('a line of the log', () => {
  const entries = (text: string) => entriesOf({ id: '1', atMs: 0, text })

  it('of Lambda itself is shown where something failed', () => {
    expect(entries('REPORT RequestId: 1\tDuration: 3 ms')).toEqual([])
    expect(entries('2026-11-21T08:00:10Z 1 Task timed out after 10.00 seconds')).toMatchObject([
      { type: 'other' },
    ])
  })

  it('that names only the first of its events says how many there are', () => {
    const mail = { kind: 'requested', provider: 'sendcloud', message: 'm' }
    const line = {
      event: 'callback',
      provider: 'sendcloud',
      status: 200,
      recorded: 100,
      mails: [mail, mail, {}],
    }
    expect(entries(JSON.stringify(line)).slice(1)).toEqual([
      { atMs: 0, type: 'event', ...mail, among: { place: 1, of: 2 } },
      { atMs: 0, type: 'more', provider: 'sendcloud', events: 98 },
    ])
  })

  it('of another version or hand is no fault', () => {
    for (const text of ['null', '{}', '{"event":"callback"}', '{"event":1}'])
      expect(() => entries(text)).not.toThrow()
  })
})

describe('the rows of events', () => {
  const fact = '2022-06-01T06:24:43Z'
  const delivery = (recipient: string, at = fact): Delivery => ({
    recipient,
    message,
    provider: 'tencent-ses',
    status: 'delivered',
    spellings: [],
    emailIds: [],
    facts: new Map([['delivered', [parseFact('delivered', at)]]]),
    columns: new Map(),
  })
  const event = { kind: 'delivered', message, occurredAt: fact } as const

  function watched(ofMessage: (message: string) => Promise<readonly Delivery[]>) {
    const clock = virtualClock(0)
    const reads: string[] = []
    const troubles: unknown[] = []
    const reader = {
      ofMessage(asked: string) {
        reads.push(asked)
        return ofMessage(asked)
      },
    }
    const rows = new EventRows({
      reader,
      clock,
      signal: new AbortController().signal,
      onTrouble: (error) => troubles.push(error),
    })
    return { rows, clock, reads, troubles }
  }
  const namesOf = async (found: Promise<readonly Delivery[]>) =>
    (await found).map(({ recipient }) => recipient)

  it('are those of the recipients whose event it was, read once', async () => {
    const { rows, reads } = watched(() =>
      Promise.resolve([delivery('ann@example.com', '2022-06-01T06:24:44Z'), delivery('bob@example.com')]),
    )
    expect(await namesOf(rows.of(event, false))).toEqual(['bob@example.com'])
    expect(await namesOf(rows.of({ ...event, occurredAt: '2022-06-01T06:24:44Z' }, false))).toEqual([
      'ann@example.com',
    ])
    expect(reads).toEqual([message])
  })

  it('are read again where a new event is not among them', async () => {
    const known: Delivery[] = []
    const { rows, reads } = watched(() => Promise.resolve([...known]))
    expect(await namesOf(rows.of(event, false))).toEqual([])
    known.push(delivery('ann@example.com'))
    expect(await namesOf(rows.of(event, false))).toEqual(['ann@example.com'])
    expect(reads).toHaveLength(2)
  })

  it('are at most a hundred a second: what waits gets its own, what does not gets none', async () => {
    const { rows, clock, reads } = watched(() => Promise.resolve([]))
    for (let place = 0; place < 150; place += 1) await rows.of({ ...event, message: String(place) }, false)
    expect(reads).toHaveLength(100)
    await rows.of({ ...event, message: 'waits' }, true)
    expect(reads.at(-1)).toBe('waits')
    expect(clock.now()).toBe(1_000)
  })

  it('are none where the table cannot be read, which is said once', async () => {
    const { rows, troubles } = watched(() => Promise.reject(new Error('no')))
    expect(await namesOf(rows.of(event, false))).toEqual([])
    expect(await namesOf(rows.of(event, false))).toEqual([])
    expect(troubles).toHaveLength(1)
  })
})
