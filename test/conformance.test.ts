import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { createHandler } from '../functions/ingest.ts'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import { ingest } from '../lib/ingest/ingest.ts'
import type { Provider } from '../lib/providers/provider.ts'
import { providers } from '../lib/providers/registry.ts'
import { replay, rowsToReplay } from '../lib/quarantine/replay.ts'
import { startFunctionUrlServer, type FunctionUrlServer } from '../local/function-url-server.ts'
import { virtualClock, type VirtualClock } from '../local/virtual-clock.ts'
import {
  encoded,
  encodedList,
  isList,
  reencodings,
  type ConformanceSamples,
  type Encoding,
  type Posted,
  type SampleFields,
  type SampleSigning,
} from './conformance-samples.ts'
import { embeddedTables, rowsOf } from './embedded-tables.ts'
import { garbage, goodButFor, withDepth, withFields, type Post } from './garbage.ts'
import { allRowsOf, noRows, wiredLedger } from './wired-ledger.ts'
import { times } from './strength.ts'

// What every provider of lib/providers/registry.ts passes, end to end: HTTP, the real function, the embedded engine.

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'
const otherToken = 'the-token-that-replaces-it'

let clock: VirtualClock
let server: FunctionUrlServer | undefined
let tables: Awaited<ReturnType<typeof engine.freshTables>>
let logged: Readonly<Record<string, unknown>>[]

const log = (event: string, fields?: Readonly<Record<string, unknown>>) => {
  logged.push({ event, ...fields })
}
/** Anything but `callback` is a fault that nobody expected. */
const events = () => new Set(logged.map(({ event }) => event))
const stored = () => allRowsOf(engine.client, tables)
/** What stands anywhere but in the quarantine, which garbage fills. */
const believed = async () => {
  const rows = [tables.deliveries, tables.suppressions, tables.inbound].map((table) =>
    rowsOf(engine.client, table),
  )
  return (await Promise.all(rows)).flat()
}

async function startServer(keys: Readonly<Record<string, string>>): Promise<void> {
  tables = await engine.freshTables()
  logged = []
  clock = virtualClock('2026-11-21T08:00:00Z')
  const handler = createHandler(
    {
      TABLE_PREFIX: tables.prefix,
      CALLBACK_TOKEN_SHA256: `${tokenDigest(token)},${tokenDigest(otherToken)}`,
      ...keys,
    },
    { clock, log, dynamoDb: () => engine.clientAs('ingest') },
  )
  server = await startFunctionUrlServer(handler, 0)
}
afterEach(async () => {
  await server?.stop()
  server = undefined
})

/** Sends a request and answers its status. No content type is sent where it is empty. */
async function send(path: string, { contentType, body }: Post, method = 'POST'): Promise<number> {
  const response = await fetch(`${server?.url ?? ''}${path}`, {
    method,
    headers: contentType === '' ? {} : { 'content-type': contentType },
    ...(method === 'POST' && { body: new Uint8Array(Buffer.from(body)) }),
  })
  await response.arrayBuffer()
  return response.status
}

const nothing: Post = { contentType: '', body: '' }

type Loaded = { readonly samples: ConformanceSamples } | { readonly cause: unknown }

async function load({ name }: Provider): Promise<Loaded> {
  try {
    const module = (await import(`./fixtures/${name}/conformance.ts`)) as { default: ConformanceSamples }
    return { samples: module.default }
  } catch (cause) {
    return { cause }
  }
}

const loaded = await Promise.all(
  providers.map(async (provider) => ({ provider, found: await load(provider) })),
)

/** One provider under test: its samples signed by its first key, where it signs. */
interface Candidate {
  readonly provider: Provider
  readonly samples: ConformanceSamples
  readonly path: string
  readonly keys: Readonly<Record<string, string>>
  readonly signed: (fields: SampleFields) => SampleFields
}

function candidateOf(provider: Provider, samples: ConformanceSamples): Candidate {
  const { signing } = samples
  return {
    provider,
    samples,
    path: `/${provider.name}/${token}`,
    keys: provider.signing && signing ? { [provider.signing.keySetting]: signing.keys.join() } : {},
    signed: (fields) => (signing ? signedBy(signing, fields, signing.keys[0]) : fields),
  }
}

function signedBy(signing: SampleSigning, fields: SampleFields, key: string): SampleFields {
  return { ...fields, ...signing.signatureOf(fields, key) }
}

describe.each(loaded)('$provider.name', ({ provider, found }) => {
  if ('cause' in found) {
    it('has samples of its own', () => {
      throw new Error(`test/fixtures/${provider.name}/conformance.ts: expected samples to import`, found)
    })
    return
  }
  const candidate = candidateOf(provider, found.samples)
  const { signing } = found.samples
  it('has samples of its signature exactly where it signs', () => {
    expect(signing !== undefined).toBe(provider.signing !== undefined)
  })
  describe('its URL', () => {
    urlIsAnswered(candidate)
  })
  describe.each(found.samples.encodings)('its events as %s', (encoding) => {
    eventsAreRead(candidate, encoding)
  })
  describe('a body that was kept', () => {
    replaysToTheSameRow(candidate)
  })
  if (provider.signing && signing) {
    const { keySetting } = provider.signing
    describe('its signature', () => {
      signatureDecides(candidate, signing, keySetting)
    })
  }
})

function urlIsAnswered({ provider, samples, path, keys, signed }: Candidate): void {
  const good = samples.encodings.map((encoding) => encoded(signed(samples.good.fields), encoding))
  beforeEach(() => startServer(keys))

  it.each([
    `/${provider.name}/wrong`,
    `/${provider.name}/${token}x`,
    `/${provider.name}/`,
    `/${provider.name}`,
  ])('answers 401 to %s, and nothing is stored or parsed', async (wrong) => {
    for (const post of [...good, nothing, { contentType: 'application/json', body: '{not json' }]) {
      for (const method of ['POST', 'GET', 'HEAD']) expect(await send(wrong, post, method)).toBe(401)
    }
    expect(await stored()).toEqual(noRows)
    // What is parsed is in the log.
    const event = { event: 'callback', provider: provider.name, status: 401 }
    const counted = { deployment: tables.prefix, job: 'ingest', rejectedCallbacks: 1 }
    for (const line of logged) {
      expect(line).toEqual({ ...event, ...counted, _aws: expect.anything() })
    }
  })

  it('takes either of two tokens while one is being replaced', async () => {
    for (const post of good) expect(await send(`/${provider.name}/${otherToken}`, post)).toBe(200)
    expect(await stored()).toEqual({ ...noRows, deliveries: [samples.good.row] })
  })

  it('answers 200 to probes, and nothing is stored', async () => {
    for (const method of ['GET', 'HEAD']) expect(await send(path, nothing, method)).toBe(200)
    for (const { contentType } of [nothing, ...good]) {
      expect(await send(path, { contentType, body: '' })).toBe(200)
      expect(await send(path, { contentType, body: ' \r\n' })).toBe(200)
    }
    expect(await stored()).toEqual(noRows)
  })

  it('answers 413 to what is too large, and at most keeps it in quarantine', async () => {
    for (const { contentType, body } of good) {
      const tooLarge = body.padEnd(provider.maxBodyBytes + 1 - (Buffer.byteLength(body) - body.length))
      expect(await send(path, { contentType, body: tooLarge })).toBe(413)
    }
    const { quarantine, ...others } = await stored()
    expect({ ...others, quarantine: [] }).toEqual(noRows)
    // What is beyond 6 MB does not even reach the function.
    const isReached = provider.maxBodyBytes < 6 * 1024 * 1024
    expect(quarantine.map(({ reason }) => reason)).toEqual(isReached ? good.map(() => 'too-large') : [])
  })

  it('answers no garbage by 5xx, and makes no delivery of it', async () => {
    const signature = samples.signing?.signatureOf(samples.good.fields, samples.signing.keys[0])
    const covered = Object.keys(samples.signing?.covered ?? {})
    const prefix = {
      ...signature,
      ...Object.fromEntries(covered.map((field) => [field, samples.good.fields[field]])),
    }
    await fc.assert(
      fc.asyncProperty(garbage(samples.good.fields), fc.boolean(), async (post, isSigned) => {
        const { contentType, body } = isSigned ? withFields(post, prefix) : post
        const status = await send(path, { contentType, body: withDepth(body) })
        expect([200, 202, 400, 401]).toContain(status)
        expect(logged.at(-1)?.recorded ?? 0).toBe(0)
      }),
      { numRuns: times({ quick: 6, proof: 120 }), endOnFailure: true },
    )
    expect(await believed()).toEqual([])
    expect(events()).toEqual(new Set(['callback']))
  })
}

function eventsAreRead({ provider, samples, path, keys, signed }: Candidate, encoding: Encoding): void {
  const { good, twoRecipients, unknownEvent } = samples
  const goodPost = encoded(signed(good.fields), encoding)
  beforeEach(() => startServer(keys))

  it('become the row that a person expects, however often they come', async () => {
    for (let times = 0; times < 3; times += 1) expect(await send(path, goodPost)).toBe(200)
    expect(await stored()).toEqual({ ...noRows, deliveries: [good.row] })
  })

  it.each([...reencodings(signed(good.fields), encoding)])('become the same row from %s', async (_, post) => {
    expect(await send(path, post)).toBe(200)
    expect(await stored()).toEqual({ ...noRows, deliveries: [good.row] })
  })

  if (twoRecipients) {
    it('become two rows where one body reports two recipients', async () => {
      const { content, rows } = twoRecipients
      expect(new Set(rows.map(({ recipient }) => recipient)).size).toBe(2)
      const post = isList(content) ? encodedList(content.map(signed)) : encoded(signed(content), encoding)
      expect(await send(path, post)).toBe(200)
      expect(await stored()).toEqual({ ...noRows, deliveries: rows })
    })
  }

  if (unknownEvent) {
    it('become no row where their type is unknown: 202, and the body is kept', async () => {
      const post = encoded(signed(unknownEvent), encoding)
      expect(await send(path, post)).toBe(202)
      const kept = {
        provider: provider.name,
        reason: 'unrecognised',
        body: post.body,
        contentType: post.contentType,
      }
      expect(await stored()).toMatchObject({ ...noRows, quarantine: [kept] })
    })
  }

  it('become no other row where the body is cut off', async () => {
    const bytes = Buffer.from(goodPost.body)
    const count = times({ quick: 6, proof: 60 })
    const cuts = Array.from({ length: count }, (_, index) => Math.floor((index * bytes.length) / count))
    for (const cut of [...cuts, bytes.length - 2, bytes.length - 1]) {
      const status = await send(path, { ...goodPost, body: bytes.subarray(0, cut) })
      expect({ cut, status, isFault: status >= 500 }).toEqual({ cut, status, isFault: false })
    }
    expect([[], [good.row]]).toContainEqual(await believed())
    expect(events()).toEqual(new Set(['callback']))
  })

  it('are answered, and by no 5xx, where a field holds garbage', async () => {
    await fc.assert(
      fc.asyncProperty(goodButFor(signed(good.fields), encoding), async ({ contentType, body }) => {
        expect([200, 202, 400, 401]).toContain(await send(path, { contentType, body: withDepth(body) }))
      }),
      { numRuns: times({ quick: 5, proof: 60 }), endOnFailure: true },
    )
    expect(events()).toEqual(new Set(['callback']))
  })
}

function replaysToTheSameRow({ provider, samples, path, signed }: Candidate): void {
  /** The provider as it was before it knew any event. */
  const earlier: Provider = {
    ...provider,
    read: (callback, nowMs) =>
      provider.read(callback, nowMs).map(() => ({
        type: 'unrecognised',
        problem: { pointer: '/event', expected: 'an event of then', received: 'a string' },
      })),
  }

  it.each(samples.encodings)(
    'as %s before its type was known replays to the row of live input',
    async (encoding) => {
      await startServer({})
      const ledger = wiredLedger(engine.client, tables, clock, log)
      const post = encoded(signed(samples.good.fields), encoding)
      const answer = await ingest(
        {
          method: 'POST',
          path,
          headers: new Map([['content-type', post.contentType]]),
          body: post.body,
          isBase64Encoded: false,
        },
        {
          ...ledger,
          deployment: 'test',
          quarantine: ledger.keeper,
          providers: [earlier],
          tokenDigests: new Map([[provider.name, [tokenDigest(token)]]]),
          signingKeys: () => Promise.resolve(samples.signing?.keys ?? []),
          responseDeadlineMs: 2_000,
        },
      )
      expect(answer.status).toBe(202)
      const kept = { provider: provider.name, reason: 'unrecognised', body: post.body }
      expect(await stored()).toMatchObject({ ...noRows, quarantine: [kept] })

      const on = { ...ledger, quarantine: ledger.store, providers }
      const replayAll = async () =>
        replay(await rowsToReplay(ledger.store, {}), on, { isDryRun: false, onReplayed: () => undefined })
      expect(await replayAll()).toMatchObject([{ left: 'resolved' }])
      const after = await stored()
      expect(after).toMatchObject({
        ...noRows,
        deliveries: [samples.good.row],
        quarantine: [{ resolvedAt: '2026-11-21T08:00:00Z' }],
      })
      expect(after.deliveries).toEqual([samples.good.row])

      clock.advance(60_000)
      expect(await replayAll()).toEqual([])
      expect(await stored()).toEqual(after)
    },
  )
}

function signatureDecides({ samples, path, keys }: Candidate, signing: SampleSigning, setting: string): void {
  const { fields, row } = samples.good
  const [firstKey, secondKey] = signing.keys
  const posts = (content: SampleFields) =>
    samples.encodings.map((encoding): Posted => encoded(content, encoding))

  it('lets nothing in without a key to check it by: 503, and an event waits in quarantine', async () => {
    await startServer({})
    for (const post of posts(signedBy(signing, fields, firstKey))) expect(await send(path, post)).toBe(503)
    for (const method of ['GET', 'HEAD']) expect(await send(path, nothing, method)).toBe(503)
    await expectWaiting('forged', posts(signedBy(signing, fields, firstKey)))
    expect(logged).toContainEqual(expect.objectContaining({ problem: `${setting} is not set` }))
  })

  it('may be by either of two keys while one is being replaced', async () => {
    await startServer(keys)
    for (const post of posts(signedBy(signing, fields, secondKey))) expect(await send(path, post)).toBe(200)
    expect(await stored()).toEqual({ ...noRows, deliveries: [row] })
  })

  it('is missing where a console probes the URL: 200, and nothing is stored', async () => {
    await startServer(keys)
    for (const content of [{ hello: 'world' }, { event: 7 }]) {
      for (const post of posts(content)) expect(await send(path, post)).toBe(200)
    }
    expect(await stored()).toEqual(noRows)
  })

  it('is missing of an event: 200, and it waits in quarantine', async () => {
    await startServer(keys)
    const unsigned = [fields, samples.unknownEvent ?? fields].flatMap(posts)
    for (const post of unsigned) expect(await send(path, post)).toBe(200)
    await expectWaiting('unsigned', unsigned)
  })

  it('is refused where no key made it: 401, and the event waits in quarantine', async () => {
    await startServer(keys)
    const signature = signing.signatureOf({ ...fields, ...signing.covered }, firstKey)
    const wrong = [
      signedBy(signing, fields, 'third-key'),
      signedBy(signing, fields, keys[setting] ?? ''),
      { ...fields, ...signature },
    ]
    for (const post of wrong.flatMap(posts)) expect(await send(path, post)).toBe(401)
    await expectWaiting('forged', wrong.flatMap(posts))
  })

  it.each(signing.fields)(
    'is refused where its %s is missing or empty: 401, and the event waits in quarantine',
    async (field) => {
      await startServer(keys)
      const whole = Object.entries(signedBy(signing, fields, firstKey))
      const half = Object.fromEntries(whole.filter(([name]) => name !== field))
      const refused = [half, { ...half, [field]: '' }].flatMap(posts)
      for (const post of refused) expect(await send(path, post)).toBe(401)
      await expectWaiting('forged', refused)
    },
  )
}

/** Nothing but these bodies came, and nobody proved who sent them. */
async function expectWaiting(reason: 'forged' | 'unsigned', posts: readonly Post[]): Promise<void> {
  const { quarantine, ...others } = await stored()
  expect({ ...others, quarantine: [] }).toEqual(noRows)
  expect(quarantine.map((row) => [row.reason, row.body]).sort()).toEqual(
    [...new Set(posts.map(({ body }) => body))].map((body) => [reason, body]).sort(),
  )
}
