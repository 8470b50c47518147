import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { build } from 'esbuild'
import { unzipSync } from 'fflate'
import { bundle, packageOf } from '../../deploy/tencent/bundle.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { startSimulatedSes } from '../../local/simulated-ses/server.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { projectRoot } from '../running-command.ts'
import { nodeOf, runtimes, type Runtime } from './old-nodes.ts'
import { startFunction, type RunningFunction } from './running-function.ts'

const execute = promisify(execFile)

/** What a script prints on the Node of that runtime, as JSON. */
async function printed(runtime: Runtime | undefined, script: string): Promise<unknown> {
  const node = runtime === undefined ? process.execPath : await nodeOf(runtime)
  const { stdout } = await execute(node, ['--no-warnings', '--input-type=commonjs', '--eval', script])
  return JSON.parse(stdout)
}

/** Every property of what the language and the web have built in: `Map.groupBy`, and of instances `Array#toSorted`. */
const builtIns = `
  const owners = ${JSON.stringify([
    ...[
      'Object',
      'Array',
      'Map',
      'Set',
      'WeakMap',
      'String',
      'Number',
      'BigInt',
      'Symbol',
      'RegExp',
      'Date',
      'Math',
    ],
    ...['JSON', 'Promise', 'Reflect', 'Error', 'ArrayBuffer', 'Uint8Array', 'Iterator', 'Intl', 'Atomics'],
    ...[
      'URL',
      'URLSearchParams',
      'AbortSignal',
      'AbortController',
      'Response',
      'Request',
      'Headers',
      'Buffer',
    ],
    ...[
      'ReadableStream',
      'TextDecoder',
      'TextEncoder',
      'Blob',
      'Event',
      'EventTarget',
      'performance',
      'crypto',
    ],
  ])}
  const names = owners.flatMap((owner) => {
    const value = globalThis[owner]
    if (value === undefined) return []
    const ofInstances = value.prototype ? Object.getOwnPropertyNames(value.prototype) : []
    return [...Object.getOwnPropertyNames(value).map((name) => owner + '.' + name), ...ofInstances.map((name) => owner + '#' + name)]
  })
  console.log(JSON.stringify([...names, ...Object.getOwnPropertyNames(globalThis)]))`

/** Whether code may use a built-in property: one of instances is known by its name alone. */
function mayUse(code: string, builtIn: string): boolean {
  const [owner = '', name = ''] = builtIn.split(/[.#]/)
  if (builtIn.includes('#')) return new RegExp(`\\.${name}\\(`).test(code)
  return new RegExp(name === '' ? `(?<![.\\w$"'-])${owner}\\b(?![:"'=-])` : `\\b${owner}\\.${name}\\b`).test(
    code,
  )
}

describe('the bundles', () => {
  it.each([
    ['ingest', 450_000],
    ['reconcile', 570_000],
  ])('of %s has at most %d bytes', async (name, maxBytes) => {
    expect((await bundle(projectRoot, name)).code.length).toBeLessThanOrEqual(maxBytes)
  })

  it.each(['ingest', 'reconcile'])('of %s have neither middy nor the client of parameters', async (name) => {
    const { metafile } = await bundle(projectRoot, name)
    const held = Object.values(metafile.outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([file, { bytesInOutput }]) => (bytesInOutput > 0 ? [file] : [])),
    )
    expect(held).toContain(`functions/tencent/${name}.ts`)
    expect(held.filter((file) => /@middy|client-ssm/.test(file))).toEqual([])
  })

  it.each(['ingest', 'reconcile'])(
    'of %s are one file at the root of a zip that does not change',
    async (name) => {
      const zip = await packageOf(projectRoot, name)
      expect(Object.keys(unzipSync(zip))).toEqual(['index.js'])
      expect(Buffer.from(zip).equals(await packageOf(projectRoot, name))).toBe(true)
    },
  )

  it.each(['ingest', 'reconcile'])('of %s call no method of arrays on an iterator', async (name) => {
    const code = Buffer.from((await bundle(projectRoot, name)).code).toString('utf8')
    const method = '(?:map|filter|some|every|find|flatMap|reduce|forEach|take|drop|toArray)'
    const iterators = '(?<!Object)\\.(?:values|keys|entries|matchAll)'
    expect(code.match(new RegExp(`${iterators}\\([^()]*\\)\\.${method}\\(`, 'g'))).toBeNull()
  })
})

describe.each(runtimes)('on %s', (runtime) => {
  it('the bundles use nothing that Node lacks and no polyfill adds', async () => {
    const [now, then] = (await Promise.all([printed(undefined, builtIns), printed(runtime, builtIns)])) as [
      string[],
      string[],
    ]
    const methodsThen = new Set(then.flatMap((builtIn) => builtIn.split('#')[1] ?? []))
    const lacking = now
      .filter((builtIn) => !then.includes(builtIn))
      // Of something else that is there, as `map` of arrays; iterators have them only since Node 22.
      .filter((builtIn) => !methodsThen.has(builtIn.split('#')[1] ?? ''))
    expect(lacking).toContain('Map.groupBy')
    const codes = await Promise.all(
      ['ingest', 'reconcile'].map(async (name) =>
        Buffer.from((await bundle(projectRoot, name)).code).toString('utf8'),
      ),
    )
    const used = lacking.filter((builtIn) => codes.some((code) => mayUse(code, builtIn)))
    expect(used.filter((builtIn) => !othersNames.has(builtIn)).sort()).toEqual(polyfilled[runtime])
  })

  it('the polyfills do what the language says', async () => {
    const { outputFiles } = await build({
      entryPoints: [`${projectRoot}functions/tencent/polyfills.ts`],
      bundle: true,
      write: false,
      format: 'cjs',
      target: 'node18.15',
    })
    const script = `${outputFiles[0]!.text}\n(async () => console.log(JSON.stringify(await (${answers})())))()`
    const here = await printed(undefined, script)
    expect(here).toEqual(expectedAnswers)
    expect(await printed(runtime, script)).toEqual(expectedAnswers)
  })
})

/** What looks like a built-in, and is a property of something else, or used only where it is there. */
const othersNames: ReadonlySet<string> = new Set([
  // Of the poll's room in its budget, and of a provider's list.
  'Iterator#take',
  // `debug`, of Tencent's SDK, asks `typeof navigator` first; node-fetch looks for the name of a class.
  'navigator',
  'File',
  // Of a message that `pg` reads.
  'Blob#bytes',
  'Request#bytes',
  'Response#bytes',
])

const polyfilled: Readonly<Record<Runtime, readonly string[]>> = {
  'Nodejs20.19': ['Array.fromAsync', 'Map.groupBy', 'Object.groupBy', 'Promise.withResolvers'],
  'Nodejs18.15': [
    'AbortSignal.any',
    'Array#toReversed',
    'Array#toSorted',
    'Array.fromAsync',
    'Map.groupBy',
    'Object.groupBy',
    'Promise.withResolvers',
    'String#toWellFormed',
    'URL.canParse',
  ],
}

const answers = `async () => {
  const stopped = new AbortController()
  const both = AbortSignal.any([new AbortController().signal, stopped.signal])
  const before = both.aborted
  stopped.abort('a reason')
  const given = [3, 1, 2]
  const [kept, broken] = [Promise.withResolvers(), Promise.withResolvers()]
  kept.resolve('kept')
  broken.reject('broken')
  return {
    resolvers: [await kept.promise, await broken.promise.catch((reason) => reason)],
    map: [...Map.groupBy([1, 2, 3], (number, index) => (number + index) % 2 === 1 ? 'odd' : 'even')],
    mapFromIterator: [...Map.groupBy(new URLSearchParams('a=1&b=2&a=3'), ([name]) => name).keys()],
    object: Object.entries(Object.groupBy(['a', 'b', 'c', 'a'], (letter) => letter)),
    hasNoPrototype: Object.getPrototypeOf(Object.groupBy([], String)) === null,
    fromAsync: await Array.fromAsync((async function* () { yield 1; yield 2 })()),
    fromPromises: await Array.fromAsync([Promise.resolve(1), 2]),
    sorted: [given.toSorted(), given.toSorted((a, b) => b - a), given.toReversed(), given],
    wellFormed: ['a\\uD800b', '\\uDC00\\uD800', '\\u{1F600}', 'ok'].map((text) => text.toWellFormed()),
    any: [before, both.aborted, both.reason, AbortSignal.any([stopped.signal]).aborted, AbortSignal.any([]).aborted],
    canParse: [URL.canParse('ws://a.b'), URL.canParse('ws://'), URL.canParse('/a'), URL.canParse('/a', 'http://b')],
    notEnumerable: Object.keys(Array.prototype).length + Object.keys(Map).length,
  }
}`
const expectedAnswers = {
  resolvers: ['kept', 'broken'],
  map: [['odd', [1, 2, 3]]],
  mapFromIterator: ['a', 'b'],
  object: [
    ['a', ['a', 'a']],
    ['b', ['b']],
    ['c', ['c']],
  ],
  hasNoPrototype: true,
  fromAsync: [1, 2],
  fromPromises: [1, 2],
  sorted: [
    [1, 2, 3],
    [3, 2, 1],
    [2, 1, 3],
    [3, 1, 2],
  ],
  wellFormed: ['a\uFFFDb', '\uFFFD\uFFFD', '\u{1F600}', 'ok'],
  any: [false, true, 'a reason', true, false],
  canParse: [true, false, false, true],
  notEnumerable: 0,
}

describe.each(runtimes)('the packaged functions on %s', (runtime) => {
  const engine = embeddedTables()
  const zips = new Map<string, Uint8Array>()
  beforeAll(async () => {
    for (const name of ['ingest', 'reconcile']) zips.set(name, await packageOf(projectRoot, name))
  })
  let running: RunningFunction | undefined
  afterEach(async () => {
    await running?.stop()
    running = undefined
  })

  const started = async (name: string, environment: Record<string, string>) =>
    (running = await startFunction({
      runtime,
      zip: zips.get(name)!,
      handler: 'index.main_handler',
      environment,
      timeoutSeconds: 60,
    }))

  it('take a callback in', async () => {
    const tables = await engine.freshTables()
    const ingest = await started('ingest', {
      ...engine.environmentOf(tables),
      CALLBACK_TOKEN_SHA256: tokenDigest('a-token'),
    })
    expect(`Nodejs${ingest.version.slice(1)}`).toMatch(runtime)
    const body = JSON.stringify({
      event: 'delivered',
      email: 'example@example.com',
      bulkId: 'qcloudses-10-1234567890-date-20220601142443-abcdefg@example.com',
      timestamp: 1654064683,
    })
    const event = { httpMethod: 'POST', path: '/tencent-ses/a-token', headers: {}, body }
    expect(await ingest.invoke({ event })).toMatchObject({ statusCode: 200, body: '{"recorded":1}' })
    expect(await rowsOf(engine.client, tables.deliveries)).toMatchObject([{ status: 'delivered' }])
    expect(ingest.log()).toContain('"acceptedCallbacks":1')
  })

  it("poll with the run role's credentials", async () => {
    const tables = await engine.freshTables()
    const credentials = { secretId: 'an-id', secretKey: 'a-key', token: 'a-token' }
    const ses = await startSimulatedSes({ port: 0, clock: systemClock, ...credentials })
    try {
      ses.send(...makeTraffic({ seed: 1, count: 5, fromMs: Date.now() - 600_000, overMs: 1_000 }))
      const reconcile = await started('reconcile', { ...engine.environmentOf(tables), SES_ENDPOINT: ses.url })
      const event = { Type: 'Timer', TriggerName: 'every', Time: '2026-11-28T00:00:00Z', Message: '' }
      expect(await reconcile.invoke({ event, credentials })).toMatchObject({ discovered: 5 })
      await expect(reconcile.invoke({ event })).rejects.toThrow('TENCENTCLOUD_SECRET_ID: is not set')
      expect(await rowsOf(engine.client, tables.deliveries)).toHaveLength(5)
    } finally {
      await ses.close()
    }
  })
})
