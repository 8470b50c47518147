import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { unzipSync } from 'fflate'
import { bundle } from '../bench/cold/bundle.ts'
import { tokenDigest } from '../lib/callback-token.ts'
import { systemClock } from '../lib/clock.ts'
import { simulatedSesCredentials } from '../local/local-environment.ts'
import { startSimulatedSes } from '../local/simulated-ses/server.ts'
import { makeTraffic } from '../local/simulated-ses/traffic.ts'
import { invokeBundle } from './bundled-function.ts'
import { embeddedTables, rowsOf } from './embedded-tables.ts'
import { copyProject } from './project-copy.ts'

// What is deployed is the zip, not the source: it is packaged as a user would, unpacked and invoked.

const execute = promisify(execFile)
const engine = embeddedTables()
let root: string
let folder: string

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'delivery-ledger-'))
  const [project, temporary] = [join(root, 'project'), join(root, 'temporary')]
  folder = join(root, 'package')
  await copyProject(project)
  await mkdir(temporary)
  // Neither credentials nor a region of somebody's environment: with the digest given, packaging needs none.
  const { PATH = '', HOME = '' } = process.env
  const env = { PATH, HOME, TMPDIR: temporary, CALLBACK_TOKEN_SHA256: tokenDigest('a-token') }
  await execute('npx', ['serverless', 'package', '--package', folder], { cwd: project, env })
  for (const name of ['ingest', 'reconcile']) {
    const files = unzipSync(await readFile(join(folder, `${name}.zip`)))
    expect(Object.keys(files)).toEqual([`functions/${name}.cjs`])
    await writeFile(join(folder, `${name}.cjs`), files[`functions/${name}.cjs`]!)
  }
})
afterAll(() => rm(root, { recursive: true }))

function invoke(name: string, event: object, environment: Record<string, string>): Promise<unknown> {
  const file = join(folder, `${name}.cjs`)
  return invokeBundle(file, event, { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint, ...environment })
}

async function template(): Promise<{
  Resources: Record<string, { Type: string; Properties: Record<string, unknown> }>
}> {
  const file = await readFile(join(folder, 'cloudformation-template-update-stack.json'), 'utf8')
  return JSON.parse(file) as Awaited<ReturnType<typeof template>>
}

describe('the packaged functions', () => {
  it.each(['ingest', 'reconcile'])('hold the bundle that other tests look at: %s', async (name) => {
    const { code } = await bundle(`functions/${name}.ts`)
    expect((await readFile(join(folder, `${name}.cjs`))).equals(code)).toBe(true)
  })

  it('take a callback in', async () => {
    const tables = await engine.freshTables()
    const body = await readFile(new URL('fixtures/tencent-ses/2025-10-bounce.json', import.meta.url), 'utf8')
    const event = { rawPath: '/tencent-ses/a-token', body, requestContext: { http: { method: 'POST' } } }
    const environment = { TABLE_PREFIX: tables.prefix, CALLBACK_TOKEN_SHA256: tokenDigest('a-token') }
    expect(await invoke('ingest', event, environment)).toMatchObject({
      statusCode: 200,
      body: '{"recorded":1}',
    })
    expect(await rowsOf(engine.client, tables.deliveries)).toMatchObject([{ status: 'bounced' }])
  })

  it('reconcile with the poll', async () => {
    const tables = await engine.freshTables()
    const { secretId, secretKey } = simulatedSesCredentials
    const simulated = await startSimulatedSes({ port: 0, clock: systemClock, secretId, secretKey })
    try {
      simulated.send(...makeTraffic({ seed: 1, count: 5, fromMs: Date.now() - 600_000, overMs: 1_000 }))
      const figures = await invoke(
        'reconcile',
        {},
        {
          TABLE_PREFIX: tables.prefix,
          SES_ENDPOINT: simulated.url,
          TENCENTCLOUD_SECRET_ID: secretId,
          TENCENTCLOUD_SECRET_KEY: secretKey,
        },
      )
      expect(figures).toMatchObject({ discovered: 5, stoppedBy: 'done' })
      expect(await rowsOf(engine.client, tables.deliveries)).toHaveLength(5)
    } finally {
      await simulated.close()
    }
  })
})

describe('the packaged template', () => {
  it('gives the function URL both permissions that a public one needs', async () => {
    const permissions = Object.values((await template()).Resources).filter(
      ({ Type, Properties }) => Type === 'AWS::Lambda::Permission' && Properties.Principal === '*',
    )
    expect(permissions.map(({ Properties }) => Properties.Action).sort()).toEqual([
      'lambda:InvokeFunction',
      'lambda:InvokeFunctionUrl',
    ])
  })
})
