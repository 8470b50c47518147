import { gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  DeleteItemCommand,
  PutItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import { createHandler as createIngest } from '../../functions/ingest.ts'
import { createHandler as createReconcile } from '../../functions/reconcile.ts'
import { erase } from '../../lib/erase/erase.ts'
import { find } from '../../lib/erase/find.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { contentIdOf } from '../../lib/rows/content-id.ts'
import { putParts } from '../../lib/table/parts.ts'
import { scanItems, type Item } from '../../lib/table/pages.ts'
import { dynamoDbReconciling } from '../../lib/table/dynamodb-reconciling.ts'
import { quarantineStore } from '../../lib/table/quarantine-store.ts'
import { eraseWiring } from '../../lib/wiring/erase.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { callbackOf } from '../../local/simulated-ses/callback.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { startSimulatedSendCloud, type SimulatedSendCloud } from '../../local/simulated-sendcloud/server.ts'
import type { SendCloudMessage } from '../../local/simulated-sendcloud/mail.ts'
import { virtualClock, type VirtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { signedForm } from '../fixtures/sendcloud/sign.ts'
import { mailAt } from '../lib/reconcile/world.ts'
import { noDeadline } from '../no-deadline.ts'
import { times } from '../strength.ts'

// Whatever became of ann.lee@example.com is in every table; then it is erased, and everything is reported once more.

const engine = embeddedTables()
const at = (instant: string) => Date.parse(instant)
const token = 'a-token-of-the-callback-url'
const ann = 'ann.lee@example.com'

const tencentMail = mailAt('2026-11-21T06:00:00Z', 'one', {
  recipient: 'Ann.Lee@Example.com',
  timeline: [
    { kind: 'delivered', atMs: at('2026-11-21T06:00:10Z') },
    // More than a row holds: what is left over stands beside it.
    ...Array.from({ length: 52 }, (_, second) => ({
      kind: 'opened' as const,
      atMs: at('2026-11-21T06:30:00Z') + second * 1_000,
    })),
    { kind: 'complained', atMs: at('2026-11-21T07:00:00Z'), reason: 'ann.lee@example.com does not want it' },
  ],
})

const messageId = '1795240800000_144383_11771_2575.sc-10_9_13_218-inbound'
const sendCloudMail: SendCloudMessage = {
  messageId,
  apiUser: 'example_trigger',
  headers: {},
  sentAtMs: at('2026-11-21T06:00:00Z'),
  deliveries: ['ann.lee@example.com', 'bob@example.com'].map((recipient, index) => ({
    messageId,
    recipient,
    emailId: `${messageId}${index}$${recipient}`,
    sentAtMs: at('2026-11-21T06:00:00Z'),
    timeline: [{ kind: 'delivered', atMs: at('2026-11-21T06:00:12Z') }],
  })),
}

type Posted = readonly [path: string, body: string | Uint8Array, contentType: string]

const json = (path: string, body: unknown): Posted => [path, JSON.stringify(body), 'application/json']
const signed = (fields: object): Posted => {
  const { body, contentType } = signedForm(
    { timestamp: at('2026-11-21T07:10:00Z'), ...fields },
    'the-app-key',
  )
  return ['/sendcloud', body, contentType]
}
const emailId = `${messageId}0$${ann}`
const teleported = (email: string) => ({
  ...callbackOf(tencentMail, tencentMail.timeline[0]!),
  event: 'teleported',
  eventid: '',
  email,
})

const callbacks: readonly Posted[] = [
  json('/sent', { messageId: tencentMail.messageId, recipients: ['Ann Lee <Ann.Lee@Example.com>'] }),
  json(
    '/tencent-ses',
    tencentMail.timeline.map((entry) => callbackOf(tencentMail, entry)),
  ),
  signed({
    event: 'request',
    messageId,
    recipientArray: [ann, 'bob@example.com'],
    emailIds: [emailId, `${messageId}1$bob@example.com`],
  }),
  signed({
    event: 'invalid',
    emailId,
    recipient: ann,
    substat: 406,
    message: `550 5.1.1 <${ann}>: no such user`,
  }),
  signed({
    event: 'route',
    x_mx_rcptto: 'support@ours.example',
    from: `Ann Lee <${ann}>`,
    to: 'support@ours.example',
    text: 'from ann.lee',
  }),
  signed({
    event: 'route',
    x_mx_rcptto: 'support@ours.example',
    x_mx_mailfrom: ann,
    to: 'support@ours.example',
    text: `${'x'.repeat(360_000)} ann.lee`,
  }),
  signed({
    event: 'route',
    x_mx_rcptto: 'support@ours.example',
    from: 'bob@example.com',
    to: 'support@ours.example',
    text: 'from bob',
  }),
  // Of Ann alone, and what nobody can read.
  json('/tencent-ses', teleported('ANN.LEE@example.com')),
  [
    '/tencent-ses',
    String.raw`{"event":"open","email":"ann.lee\u0040example.com","more":`,
    'application/json',
  ],
  // In parts, and in bytes that are no text.
  signed({ event: 'teleported', recipient: ann, emailId, text: 'x'.repeat(400_000) }),
  [
    '/sendcloud',
    Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`event=open&recipient=ann.lee%40example.com`)]),
    'application/x-www-form-urlencoded',
  ],
]
/** It may not be lost for Bob. */
const ofBoth = json('/tencent-ses', [teleported(ann), teleported('bob@example.com')])

let clock: VirtualClock
let tables: Awaited<ReturnType<typeof engine.freshTables>>
let ses: SimulatedSes
let sendCloud: SimulatedSendCloud
let logged: Readonly<Record<string, unknown>>[]
const log = (event: string, fields?: Readonly<Record<string, unknown>>) => logged.push({ event, ...fields })

beforeEach(async () => {
  clock = virtualClock('2026-11-21T08:00:00Z')
  logged = []
  tables = await engine.freshTables()
  const [secretId, secretKey] = ['AKIDsimulated', 'simulated-secret-key']
  ses = await startSimulatedSes({ port: 0, clock, secretId, secretKey })
  sendCloud = await startSimulatedSendCloud({
    port: 0,
    clock,
    apiUsers: ['example_trigger'],
    apiKey: 'a key',
  })
})
afterEach(async () => {
  await ses.close()
  await sendCloud.close()
})

async function post(...posted: readonly Posted[]): Promise<readonly number[]> {
  const handler = createIngest(
    {
      TABLE_PREFIX: tables.prefix,
      CALLBACK_TOKEN_SHA256: tokenDigest(token),
      SENDCLOUD_APP_KEY: 'the-app-key',
    },
    { clock, log, deadline: noDeadline, dynamoDb: () => engine.clientAs('ingest') },
  )
  const statuses: number[] = []
  for (const [path, body, contentType] of posted) {
    const event = {
      rawPath: `${path}/${token}`,
      headers: { 'content-type': contentType },
      body: Buffer.from(body).toString('base64'),
      isBase64Encoded: true,
      requestContext: { http: { method: 'POST' } },
    }
    statuses.push(
      (
        await handler(
          event,
          lambdaContext(() => 60_000),
        )
      ).statusCode,
    )
  }
  return statuses
}

function run(client = engine.clientAs('reconcile'), settings: Readonly<Record<string, string>> = {}) {
  const handler = createReconcile(
    {
      TABLE_PREFIX: tables.prefix,
      SES_ENDPOINT: ses.url,
      TENCENTCLOUD_SECRET_ID: 'AKIDsimulated',
      TENCENTCLOUD_SECRET_KEY: 'simulated-secret-key',
      SENDCLOUD_ENDPOINT: sendCloud.url,
      SENDCLOUD_API_USER: 'example_trigger',
      SENDCLOUD_API_KEY: 'a key',
      SYNC_PROVIDER_LISTS: 'off',
      ...settings,
    },
    { clock, log, dynamoDb: () => client },
  )
  return handler(
    {},
    lambdaContext(() => 840_000),
  )
}

const wiring = (client: DynamoDBClient = engine.client) =>
  eraseWiring(dynamoDbReconciling({ client, tables, clock, log }), { clock, log, blocklistDays: 14 })
const goingOn = { signal: new AbortController().signal, onRows: () => undefined, onStep: () => undefined }

async function eraseAnn(isSuppressionKept = true) {
  const deps = wiring()
  const found = (await find(deps.tables, ann, goingOn))!
  return { found, erased: await erase(deps, { recipient: ann, found, isSuppressionKept }, goingOn) }
}

/** Where any row of any table names Ann, however it is kept: `quarantine body`. */
async function whereAnnIs(): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of ['deliveries', 'suppressions', 'inbound', 'quarantine', 'reconciliation'] as const) {
    for await (const item of scanItems(engine.client, { TableName: tables[name] })) {
      const where = Object.entries(item).flatMap(([attribute, value]) =>
        names(attribute, value) ? [`${name} ${attribute}`] : [],
      )
      found.push(...(item.recipient?.S === '#erased' ? ['tombstone'] : where))
    }
  }
  return [...new Set(found)].sort()
}

function names(attribute: string, value: AttributeValue): boolean {
  const bytes = value.B && Buffer.from(value.B)
  const text = bytes
    ? (attribute === 'data' ? gunzipSync(bytes) : bytes).toString('latin1')
    : JSON.stringify(value)
  const plain = decodeURIComponent(text.replace(/%(?![\da-f]{2})/gi, '')).replaceAll(String.raw`\u0040`, '@')
  return /ann[.]lee/i.test(`${attribute} ${plain}`)
}

const everywhere = [
  ...['emailIds', 'recipient', 'spellings'].map((attribute) => `deliveries ${attribute}`),
  ...['content', 'from', 'mailFrom'].map((attribute) => `inbound ${attribute}`),
  ...['body', 'data'].map((attribute) => `quarantine ${attribute}`),
  ...['evidence', 'recipient'].map((attribute) => `suppressions ${attribute}`),
]

const ofBob = async () => ({
  deliveries: (await rowsOf(engine.client, tables.deliveries)).filter(
    ({ recipient }) => recipient === 'bob@example.com',
  ),
  inbound: (await rowsOf(engine.client, tables.inbound)).filter(({ from }) => from === 'bob@example.com'),
})

describe('an erasure', () => {
  it('leaves of the address, in every table, what it promises, and so does everything that is reported again', async () => {
    ses.send(tencentMail)
    sendCloud.send(sendCloudMail)
    expect(await post(...callbacks, ofBoth)).toEqual([
      200, 200, 200, 200, 200, 200, 200, 202, 400, 202, 400, 202,
    ])
    const bobBefore = await ofBob()
    expect(await whereAnnIs()).toEqual(expect.arrayContaining(everywhere))

    const { found, erased } = await eraseAnn()
    expect(erased).toMatchObject({ mails: 2, suppressions: 1, inbound: 2, quarantined: 4, isWhole: true })
    expect(erased.mailRows).toBe(4)
    expect(found.waiting).toHaveLength(1)
    expect(await whereAnnIs()).toEqual(['quarantine body', 'suppressions recipient', 'tombstone'])
    expect(await ofBob()).toEqual(bobBefore)
    const suppression = {
      recipient: ann,
      reason: 'complaint',
      since: '2026-11-21T07:00:00Z',
      suppressedBy: '2026-11-21T07:00:00Z complaint - -',
      evidence: ['2026-11-21T07:00:00Z complaint - -', '2026-11-21T07:10:00Z hard-bounce - -'],
      rulesVersion: 2,
    }
    expect(await rowsOf(engine.client, tables.suppressions)).toEqual([suppression])

    const store = quarantineStore({ client: engine.client, table: tables.quarantine, clock, log })
    await store.dismissed(found.waiting[0]!, clock.now())
    clock.advanceTo(at('2026-11-21T08:10:00Z'))
    await post(...callbacks)
    expect(await whereAnnIs()).toEqual(expect.arrayContaining(everywhere))
    expect(await run()).toMatchObject({ stoppedBy: 'done' })
    expect(logged).toContainEqual({
      event: 'erased again',
      mails: 2,
      mailRows: erased.mailRows,
      suppressions: 1,
      inbound: 2,
      quarantined: 5,
    })
    expect(await whereAnnIs()).toEqual(['suppressions recipient', 'tombstone'])
    expect(await rowsOf(engine.client, tables.suppressions)).toEqual([suppression])
    // What the poll found of his.
    expect(await ofBob()).toMatchObject({ deliveries: [{ status: 'delivered' }], inbound: bobBefore.inbound })
    expect(JSON.stringify(logged)).not.toMatch(/ann[.]lee/i)
  })

  it('is brought back by none of the polls, but is once the tombstone is lifted', async () => {
    ses.send(tencentMail)
    sendCloud.send(sendCloudMail)
    await eraseAnn()
    expect(await run()).toMatchObject({ discovered: 1, stoppedBy: 'done' })
    expect(await whereAnnIs()).toEqual(['tombstone'])
    expect(await wiring().tombstones.lift(ann)).toBe(true)
    clock.advanceTo(at('2026-11-22T18:00:00Z'))
    await run()
    expect(await whereAnnIs()).toContain('deliveries recipient')
  })

  it('fails the run that cannot erase again, once the polls are done', async () => {
    sendCloud.send(sendCloudMail)
    await eraseAnn()
    await post(callbacks[0]!)
    const refusing = Object.create(engine.client) as DynamoDBClient
    refusing.send = ((command: object, ...rest: never[]) =>
      command instanceof DeleteItemCommand
        ? Promise.reject(new Error('no'))
        : engine.client.send(command as never, ...rest)) as DynamoDBClient['send']
    await expect(run(refusing)).rejects.toThrow('no')
    expect(logged).toContainEqual({ event: 'not erased again', failures: 1, error: 'Error' })
    expect((await ofBob()).deliveries).toMatchObject([{ status: 'delivered' }])
    await run()
    expect(await whereAnnIs()).toEqual(['tombstone'])
  })

  it('is over after 35 days', async () => {
    await eraseAnn()
    expect(await wiring().tombstones.live()).toMatchObject([{ recipient: ann }])
    clock.advanceTo(at('2026-12-26T08:00:01Z'))
    expect(await wiring().tombstones.live()).toEqual([])
  })

  it('removes the suppression where that is wanted, but for what is learned of later mail', async () => {
    await post(...callbacks.slice(0, 4))
    await eraseAnn(false)
    expect(await rowsOf(engine.client, tables.suppressions)).toEqual([])
    await post(...callbacks.slice(0, 4))
    clock.advanceTo(at('2026-11-22T08:00:00Z'))
    const fields = {
      timestamp: at('2026-11-22T07:00:00Z'),
      emailId: `1795330800000_1_1_1.sc-1-inbound0$${ann}`,
    }
    await post(signed({ event: 'unsubscribe', recipient: ann, ...fields }))
    await run()
    expect(await rowsOf(engine.client, tables.suppressions)).toMatchObject([
      {
        reason: 'unsubscribe',
        evidence: ['2026-11-22T07:00:00Z unsubscribe sendcloud 1795330800000_1_1_1.sc-1-inbound'],
      },
    ])
  })
})

describe('a blocklisting that states no end', () => {
  const refused = signed({
    event: 'invalid',
    emailId,
    recipient: ann,
    substat: 401,
    message: `${ann} is on the list of bounces`,
  })

  it('is left as long as the deployment counts it', async () => {
    await post(refused)
    await eraseAnn()
    clock.advanceTo(at('2026-12-15T08:00:00Z'))
    await post(refused)
    await run()
    expect(await rowsOf(engine.client, tables.suppressions)).toEqual([])
    await post(refused)
    await run(engine.clientAs('reconcile'), { BLOCKLIST_DAYS: '30' })
    expect(await rowsOf(engine.client, tables.suppressions)).toMatchObject([
      {
        recipient: ann,
        blocklisted: ['2026-11-21T07:10:00Z[list] blocklist - - until:2026-12-21T07:10:00Z'],
      },
    ])
  })
})

describe('somebody who comes back as a customer', () => {
  it('keeps what is sent after the erasure, and nothing of what was sent before', async () => {
    await post(...callbacks.slice(0, 3))
    await eraseAnn()
    clock.advanceTo(at('2026-11-25T08:00:00Z'))
    const newMail = mailAt('2026-11-25T06:00:00Z', 'new', {
      recipient: ann,
      timeline: [{ kind: 'delivered', atMs: at('2026-11-25T06:00:10Z') }],
    })
    const newId = '1795586400000_144383_11771_2575.sc-10_9_13_218-inbound'
    const fields = { timestamp: at('2026-11-25T07:00:00Z'), recipient: ann }
    ses.send(tencentMail, newMail)
    await post(
      json('/tencent-ses', {
        ...callbackOf(tencentMail, tencentMail.timeline[1]!),
        timestamp: at('2026-11-25T07:00:00Z') / 1_000,
      }),
      json('/tencent-ses', callbackOf(newMail, newMail.timeline[0]!)),
      signed({ event: 'open', emailId, ...fields }),
      signed({ event: 'open', emailId: `${newId}0$${ann}`, ...fields }),
      // Nothing says when it was sent.
      signed({ event: 'open', emailId: `an-id-without-a-time$${ann}`, ...fields }),
      json('/tencent-ses', { ...teleported(ann), bulkId: newMail.messageId }),
    )
    await run()
    const rows = await rowsOf(engine.client, tables.deliveries)
    expect(rows.filter(({ recipient }) => recipient === ann).map(({ message }) => message)).toEqual([
      newId,
      newMail.messageId,
    ])
    expect(await rowsOf(engine.client, tables.quarantine)).toMatchObject([{ reason: 'unrecognised' }])
  })
})

describe('parts of which no head was written', () => {
  it('are erased where they name the address, and in quarantine nobody else', async () => {
    const put = (name: 'inbound' | 'quarantine', text: string) =>
      putParts({
        client: engine.client,
        table: tables[name],
        id: contentIdOf(name, Buffer.from(text)),
        bytes: Buffer.from(text),
        expiresAt: { N: '4102444800' },
      })
    await put('inbound', `from ${ann} to bob@example.com`)
    await put('quarantine', `${' '.repeat(360_000)}{"email":"${ann}"}`)
    await put('quarantine', `${ann} and bob@example.com`)
    expect((await eraseAnn()).erased).toMatchObject({ inbound: 1, quarantined: 1 })
    expect(await rowsOf(engine.client, tables.inbound)).toEqual([])
    expect(await rowsOf(engine.client, tables.quarantine)).toHaveLength(1)
  })
})

describe('an erasure that is broken off', () => {
  /** A client of which one write fails: before it took effect, or after. */
  function failing(write: number, isAfter: boolean): DynamoDBClient {
    let writes = 0
    const client = Object.create(engine.client) as DynamoDBClient
    client.send = (async (command: { constructor: { name: string } }, ...rest: never[]) => {
      const isWrite = /^(?:Put|Update|Delete)/.test(command.constructor.name)
      if (isWrite) writes += 1
      const isHit = isWrite && writes === write
      if (isHit && !isAfter) throw new Error('broken off')
      const answer: unknown = await engine.client.send(command as never, ...rest)
      if (isHit) throw new Error('broken off')
      return answer
    }) as DynamoDBClient['send']
    return client
  }

  it('leaves mails and suppression to the next run, since the tombstone is written first', async () => {
    await post(...callbacks.slice(0, 4))
    const deps = wiring(failing(2, false))
    const found = (await find(deps.tables, ann, goingOn))!
    const erasing = erase(deps, { recipient: ann, found, isSuppressionKept: true }, goingOn)
    await expect(erasing).rejects.toThrow('broken off')
    await run()
    expect(await whereAnnIs()).toEqual(['suppressions recipient', 'tombstone'])
  })

  it('at any write ends the same when it is run again', async () => {
    await post(...callbacks.filter((_, index) => [2, 3, 5, 9].includes(index)))
    const before = await itemsOfAll()
    const eraseBy = async (client: DynamoDBClient) => {
      const deps = wiring(client)
      const found = (await find(deps.tables, ann, goingOn))!
      await erase(deps, { recipient: ann, found, isSuppressionKept: true }, goingOn)
    }
    await eraseBy(engine.client)
    const after = await itemsOfAll()
    let broken = 0
    for (let write = 1; ; write += times({ quick: 3, proof: 1 })) {
      await restore(before)
      try {
        await eraseBy(failing(write, write % 2 === 0))
        break
      } catch {
        broken += 1
      }
      await eraseBy(engine.client)
      expect(await itemsOfAll()).toEqual(after)
    }
    // Tombstone, delivery, suppression; mail and body each a mark, the parts, and the head.
    expect(broken).toBe(times({ quick: 4, proof: 11 }))
  })

  const names = ['deliveries', 'suppressions', 'inbound', 'quarantine'] as const

  async function itemsOfAll(): Promise<Readonly<Record<string, readonly Item[]>>> {
    const of = await Promise.all(
      names.map(async (name) => {
        const items = await Array.fromAsync(scanItems(engine.client, { TableName: tables[name] }))
        return [name, items.sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))] as const
      }),
    )
    return Object.fromEntries(of)
  }

  async function restore(items: Readonly<Record<string, readonly Item[]>>): Promise<void> {
    await engine.client.send(
      new DeleteItemCommand({
        TableName: tables.deliveries,
        Key: { recipient: { S: '#erased' }, message: { S: ann } },
      }),
    )
    for (const name of names) {
      for (const Item of items[name]!)
        await engine.client.send(new PutItemCommand({ TableName: tables[name], Item }))
    }
  }
})
