import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { createHandler } from '../functions/ingest.ts'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import { startFunctionUrlServer, type FunctionUrlServer } from '../local/function-url-server.ts'
import { virtualClock } from '../local/virtual-clock.ts'
import { embeddedTables, rowsOf, type PlainRow } from './embedded-tables.ts'
import { otherBodies, type OtherBody } from './fixtures/other-providers/bodies.ts'
import sendCloudSamples from './fixtures/sendcloud/conformance.ts'
import { signatureOf, someToken } from './fixtures/sendcloud/sign.ts'
import sentSamples from './fixtures/sent/conformance.ts'
import tencentSamples from './fixtures/tencent-ses/conformance.ts'
import { noDeadline } from './no-deadline.ts'

// Somebody enters our URL at another provider, or changes providers and keeps the URL. What comes then must not be taken
// for what became of a mail.

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'
const key = 'the-app-key'

let server: FunctionUrlServer
let tables: Awaited<ReturnType<typeof engine.freshTables>>
const logged: string[] = []

beforeAll(async () => {
  tables = await engine.freshTables()
  const environment = {
    TABLE_PREFIX: tables.prefix,
    CALLBACK_TOKEN_SHA256: tokenDigest(token),
    SENDCLOUD_APP_KEY: key,
  }
  const on = {
    clock: virtualClock('2026-11-21T08:00:00Z'),
    log: (event: string) => logged.push(event),
    dynamoDb: () => engine.clientAs('ingest'),
    deadline: noDeadline,
  }
  server = await startFunctionUrlServer(createHandler(environment, on), 0)
})
afterAll(() => server.stop())

afterEach(async () => {
  for (const table of [tables.deliveries, tables.suppressions, tables.inbound]) {
    expect(await rowsOf(engine.client, table)).toEqual([])
  }
  expect(new Set(logged)).toEqual(new Set(['callback']))
})

interface Answer {
  readonly status: number
  /** The rows of the quarantine that hold the body. */
  readonly kept: readonly PlainRow[]
}

async function post(provider: string, { contentType, content }: OtherBody): Promise<Answer> {
  const isForm = contentType === 'application/x-www-form-urlencoded'
  const body = isForm ? formOf(content) : JSON.stringify(content)
  const response = await fetch(`${server.url}/${provider}/${token}`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
  })
  await response.arrayBuffer()
  const quarantine = await rowsOf(engine.client, tables.quarantine)
  return {
    status: response.status,
    kept: quarantine.filter((row) => row.body === body && row.provider === provider),
  }
}

function formOf(content: OtherBody['content']): string {
  const texts = Object.entries(content).map(([name, value]): [string, string] => [name, String(value)])
  return new URLSearchParams(texts).toString()
}

/** 202: well-formed, and of a type that is not known. 400: not what the provider sends. */
const keptAs = (provider: string) =>
  [
    { status: 202, kept: [expect.objectContaining({ provider, reason: 'unrecognised' })] },
    { status: 400, kept: [expect.objectContaining({ provider, reason: 'invalid' })] },
    { status: 400, kept: [expect.objectContaining({ provider, reason: 'unreadable' })] },
  ] as unknown as Answer[]

const isList = ([, { content }]: (typeof otherBodies)[number]) => Array.isArray(content)
/** Mailgun signs by fields of the same names as SendCloud does. */
const isMailguns = ([name]: (typeof otherBodies)[number]) => name.startsWith('Mailgun')

/** One body of each of those whose bodies are taken in, for the others. */
const ours = { contentType: 'application/json' }
const tencentBody = { ...ours, content: tencentSamples.good.fields }
const sendCloudBody = { ...ours, content: sendCloudSamples.twoRecipients!.content }
const sentBody = { ...ours, content: sentSamples.good.fields }

describe('at /tencent-ses', () => {
  it('a send that the application records is kept in quarantine, and is no delivery', async () => {
    expect(keptAs('tencent-ses')).toContainEqual(await post('tencent-ses', sentBody))
  })

  it.each(otherBodies)('%s is kept in quarantine, and is no delivery', async (_, body) => {
    expect(keptAs('tencent-ses')).toContainEqual(await post('tencent-ses', body))
  })
})

describe('at /sent', () => {
  it.each([
    ...otherBodies,
    ['a callback of Tencent SES', tencentBody] as const,
    ['a callback of SendCloud', sendCloudBody] as const,
  ])('%s is kept in quarantine, and is no delivery', async (_, body) => {
    expect(keptAs('sent')).toContainEqual(await post('sent', body))
  })
})

describe('at /sendcloud', () => {
  const lists = otherBodies.filter(isList)
  const signedByMailgun = otherBodies.filter(isMailguns)
  const others = otherBodies.filter((body) => !isList(body) && !isMailguns(body))

  it.each(others)('%s, without a signature, is taken for a probe, and nothing is stored', async (_, body) => {
    expect(await post('sendcloud', body)).toEqual({ status: 200, kept: [] })
  })

  it.each(signedByMailgun)('%s is refused for its signature, and at most kept as forged', async (_, body) => {
    const { status, kept } = await post('sendcloud', body)
    expect(status).toBe(401)
    expect(kept.map(({ reason }) => reason)).toEqual(kept.map(() => 'forged'))
  })

  it.each(lists)('%s, a list without a place for a signature, is kept in quarantine', async (_, body) => {
    const { status, kept } = await post('sendcloud', body)
    expect({ status, kept }).toMatchObject({ status: 400, kept: [{ reason: 'unreadable' }] })
  })

  it.each(otherBodies)('%s is no delivery even where our key has signed it', async (_, body) => {
    const timestamp = '1795233605000'
    const signature = { timestamp, token: someToken, signature: signatureOf(timestamp, someToken, key) }
    const signed = (fields: unknown) => ({ ...Object(fields), ...signature }) as Record<string, unknown>
    const content = Array.isArray(body.content) ? body.content.map(signed) : signed(body.content)
    expect(keptAs('sendcloud')).toContainEqual(await post('sendcloud', { ...body, content }))
  })
})
