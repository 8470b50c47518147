import { readFile } from 'node:fs/promises'
import { beforeAll, describe, expect, it } from '@jest/globals'
import { createHandler } from '../../functions/ingest.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { sampleMessage } from '../events.ts'
import { formOf, signedForm, signedJson, type UnsignedFields } from '../fixtures/sendcloud/sign.ts'
import { noDeadline } from '../no-deadline.ts'

// What the ingest function logs, before anything is redacted.

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'
const appKey = 'a-key-of-sendcloud'
const lines: Readonly<Record<string, unknown>>[] = []
let handler: ReturnType<typeof createHandler>

beforeAll(async () => {
  const { prefix } = await engine.freshTables()
  handler = createHandler(
    { TABLE_PREFIX: prefix, CALLBACK_TOKEN_SHA256: tokenDigest(token), SENDCLOUD_APP_KEY: appKey },
    {
      clock: virtualClock('2026-11-27T08:00:00Z'),
      log: (event, fields) => lines.push({ event, ...fields }),
      dynamoDb: () => engine.clientAs('ingest'),
      deadline: noDeadline,
    },
  )
})

/** Posts a body, and returns what is logged of it. */
async function logged(path: string, body: unknown, contentType = 'application/json'): Promise<object> {
  lines.length = 0
  await handler(
    {
      rawPath: `/${path}/${token}`,
      headers: { 'content-type': contentType },
      body: typeof body === 'string' ? body : JSON.stringify(body),
      requestContext: { http: { method: 'POST' } },
    },
    lambdaContext(() => 60_000),
  )
  const [line] = lines.filter(({ event }) => event === 'callback')
  return line ?? {}
}

const fixture = async (name: string) =>
  JSON.parse(await readFile(new URL(`../fixtures/${name}.json`, import.meta.url), 'utf8')) as UnsignedFields
const textOf = ({ body }: { body: Uint8Array }) => new TextDecoder().decode(body)
const formType = 'application/x-www-form-urlencoded'
const delivered = {
  event: 'delivered',
  email: 'ann@private.example',
  bulkId: sampleMessage,
  timestamp: 1654064683,
}

describe('the line of a callback names no address', () => {
  it.each([
    '2025-10-bounce',
    ...['click', 'deferred', 'delivered', 'dropped', 'open', 'spamreport', 'batch'].map(
      (kind) => `hand-made-${kind}`,
    ),
  ])("of Tencent's %s", async (name) => {
    const body = await fixture(`tencent-ses/${name}`)
    expect(await logged('tencent-ses', body)).toMatchObject({ status: 200 })
    expect(JSON.stringify(lines)).not.toMatch(/@|%40|example\.com/)
  })

  it.each([
    'click',
    'deliver',
    'invalid',
    'open',
    'report_spam',
    'request',
    'route',
    'soft_bounce',
    'unsubscribe',
  ])("of SendCloud's %s, signed, unsigned and forged", async (name) => {
    const body = await fixture(`sendcloud/hand-made-${name}`)
    for (const { posted, type } of [
      { posted: signedJson(body, appKey), type: 'application/json' },
      { posted: signedForm(body, appKey), type: formType },
      { posted: signedForm(body, 'another key'), type: formType },
      { posted: formOf({ ...body, token: '', signature: '' }), type: formType },
    ]) {
      expect(await logged('sendcloud', textOf(posted), type)).toHaveProperty('status')
      expect(JSON.stringify(lines)).not.toMatch(/@|%40|example\.com/)
    }
  })

  it.each([
    'bob@private.example',
    'bob%40private.example',
    'bounce-bob=private.example',
    'bob＠private.example',
    'task:bob.private',
  ])('whose id is %s', async (id) => {
    const ofTask = id.startsWith('task:') ? { bulkId: undefined, taskId: 'bob.private' } : { bulkId: id }
    await logged('tencent-ses', { ...delivered, ...ofTask })
    await logged('sent', {
      messageId: id,
      recipients: ['ann@private.example'],
      sentAt: '2026-11-21T07:00:00Z',
    })
    const fields = { event: 'deliver', emailId: `${id}$ann@private.example`, timestamp: 1795237210000 }
    await logged('sendcloud', textOf(signedJson(fields, appKey)))
    expect(JSON.stringify(lines)).not.toMatch(/private/)
  })

  it.each([
    [{ event: 'bob@private.example' }],
    [{ 'bob@private.example': 1, event: 'delivered' }],
    [[{ ...delivered, email: 'bob at private' }, delivered]],
    ['{"bob@private.example'],
  ])('that cannot be read: %j', async (body) => {
    expect(await logged('tencent-ses', body)).toHaveProperty('problems')
    expect(JSON.stringify(lines)).not.toMatch(/private/)
  })
})

describe('the line of a callback', () => {
  it('names each recorded event by what finds its row', async () => {
    const bounced = { ...delivered, event: 'bounce', bounceType: 'soft_bounce', reason: '452 full' }
    expect(
      await logged('tencent-ses', [delivered, bounced, { ...delivered, event: 'teleported' }]),
    ).toMatchObject({
      mails: [
        {
          kind: 'delivered',
          provider: 'tencent-ses',
          message: sampleMessage,
          occurredAt: '2022-06-01T06:24:43Z',
        },
        { kind: 'bounced', class: 'soft', provider: 'tencent-ses', message: sampleMessage },
      ],
      problems: [expect.stringMatching(/^\/2\/event: expected one of .*, got teleported$/)],
    })
  })

  it('names the first twenty of a request, and three problems', async () => {
    const many = Array.from({ length: 30 }, (_, place) => ({ ...delivered, timestamp: 1654064683 + place }))
    const odd = Array.from({ length: 10 }, () => ({ ...delivered, event: 'teleported' }))
    const line = await logged('tencent-ses', [...many, ...odd])
    expect(line).toMatchObject({ recorded: 30 })
    expect((line as { mails: unknown[] }).mails).toHaveLength(20)
    expect((line as { problems: unknown[] }).problems).toHaveLength(3)
  })

  it('names no batch task, by which no row is found', async () => {
    expect(
      await logged('tencent-ses', { ...delivered, bulkId: undefined, taskId: 9_007_199_254_740_991 }),
    ).toMatchObject({
      mails: [{ kind: 'delivered', provider: 'tencent-ses', occurredAt: '2022-06-01T06:24:43Z' }],
    })
    expect(JSON.stringify(lines)).not.toContain('9007199254740991')
  })

  it('names the message that a mail which came in answers', async () => {
    const route = await fixture('sendcloud/hand-made-route')
    const line = await logged('sendcloud', textOf(signedJson(route, appKey)))
    expect(line).toMatchObject({ mails: [{ kind: 'inbound mail', provider: 'sendcloud' }] })
  })
})
