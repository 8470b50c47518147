import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { unzipSync } from 'fflate'
import { bundle } from '../../bench/cold/bundle.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { simulatedSesCredentials } from '../../local/local-environment.ts'
import { startSimulatedSes } from '../../local/simulated-ses/server.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'
import { invokeBundle } from '../bundled-function.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { projectToPackage, templateIn, type PackagedProject } from '../packaged-project.ts'

// What is deployed is the zip, not the source: it is packaged as a user would, unpacked and invoked.

const engine = embeddedTables()
let project: PackagedProject
let folder: string

beforeAll(async () => {
  project = await projectToPackage()
  folder = await project.package([
    '--param=queryApi=on',
    `--param=queryTokenSha256=${tokenDigest('a-token')}`,
  ])
  for (const name of ['ingest', 'reconcile', 'query']) {
    const files = unzipSync(await readFile(join(folder, `${name}.zip`)))
    expect(Object.keys(files)).toEqual([`functions/${name}.cjs`])
    await writeFile(join(folder, `${name}.cjs`), files[`functions/${name}.cjs`]!)
  }
})
afterAll(() => project.remove())

function invoke(name: string, event: object, environment: Record<string, string>): Promise<unknown> {
  const file = join(folder, `${name}.cjs`)
  return invokeBundle(file, event, { AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint, ...environment })
}

describe('a package with a settings.yml', () => {
  const settings = `
default:
  quietHours: 48
prod:
  retentionDays: 90
  sesRegion: \${env:NOT_SET, 'ap-hongkong'}
  ingestConcurrency: none
`

  it('is deployed with those settings, and does not have the file', async () => {
    await project.write('settings.yml', settings)
    const made = await project.package(['--stage', 'prod', '--param', 'unverifiedMbPerDay=7'])
    const { Resources } = await templateIn(made)
    expect(Resources.IngestLambdaFunction?.Properties).toMatchObject({
      Environment: { Variables: { RETENTION_DAYS: '90', UNVERIFIED_MB_PER_DAY: '7' } },
    })
    expect(Resources.IngestLambdaFunction?.Properties).not.toHaveProperty('ReservedConcurrentExecutions')
    expect(Resources.ReconcileLambdaFunction?.Properties).toMatchObject({
      Environment: { Variables: { RETENTION_DAYS: '90', SES_REGION: 'ap-hongkong' } },
    })
    expect(JSON.stringify(Resources.QuietTencentSesAlarm)).toContain('"EvaluationPeriods":48')
    for (const name of ['ingest', 'reconcile']) {
      const files = unzipSync(await readFile(join(made, `${name}.zip`)))
      expect(Object.keys(files)).toEqual([`functions/${name}.cjs`])
    }
  })

  it('has the settings of its stage alone, and those of all', async () => {
    const { Resources } = await templateIn(await project.package(['--stage', 'staging']))
    expect(Resources.IngestLambdaFunction?.Properties).toMatchObject({
      Environment: { Variables: { RETENTION_DAYS: '400' } },
    })
    expect(JSON.stringify(Resources.QuietTencentSesAlarm)).toContain('"EvaluationPeriods":48')
  })

  it('is not made where a key is wrong', async () => {
    await project.write('settings.yml', 'prod:\n  retentionDay: 90\n')
    await expect(project.package(['--stage', 'prod'])).rejects.toMatchObject({
      stdout: expect.stringContaining('settings.yml, under prod: there is no setting retentionDay.'),
    })
  })

  it('is made of the example as it stands', async () => {
    const example = await readFile(new URL('../../settings.example.yml', import.meta.url), 'utf8')
    await project.write('settings.yml', example)
    const { Resources } = await templateIn(await project.package(['--stage', 'prod']))
    expect(JSON.stringify(Resources.AlarmEmail)).toContain('you@example.com')
  })
})

describe('the packaged functions', () => {
  it.each(['ingest', 'reconcile', 'query'])('hold the bundle that other tests look at: %s', async (name) => {
    const { code } = await bundle(`functions/${name}.ts`)
    expect((await readFile(join(folder, `${name}.cjs`))).equals(code)).toBe(true)
  })

  it('take a callback in', async () => {
    const tables = await engine.freshTables()
    const body = await readFile(
      new URL('../fixtures/tencent-ses/2025-10-bounce.json', import.meta.url),
      'utf8',
    )
    const event = { rawPath: '/tencent-ses/a-token', body, requestContext: { http: { method: 'POST' } } }
    const environment = { TABLE_PREFIX: tables.prefix, CALLBACK_TOKEN_SHA256: tokenDigest('a-token') }
    expect(await invoke('ingest', event, environment)).toMatchObject({
      statusCode: 200,
      body: '{"recorded":1}',
    })
    expect(await rowsOf(engine.client, tables.deliveries)).toMatchObject([{ status: 'bounced' }])
  })

  it('answer a question', async () => {
    const tables = await engine.freshTables()
    const event = {
      rawPath: '/deliveries',
      rawQueryString: 'recipient=nobody@example.com',
      headers: { authorization: 'Bearer a-token' },
      requestContext: { http: { method: 'GET' } },
    }
    const environment = { TABLE_PREFIX: tables.prefix, QUERY_TOKEN_SHA256: tokenDigest('a-token') }
    const answers = [
      await invoke('query', event, environment),
      await invoke(
        'query',
        { ...event, rawPath: '/suppressions/nobody@example.com', rawQueryString: '' },
        environment,
      ),
      await invoke('query', { ...event, rawPath: '/openapi.json', rawQueryString: '' }, environment),
    ] as { statusCode: number; body: string }[]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 200])
    expect(answers.map(({ body }) => body.slice(0, 60))).toEqual([
      '{"deliveries":[],"more":0}',
      '{"address":"nobody@example.com","suppressed":false,"reasons"',
      expect.stringMatching(/^\{"openapi":"3\.1\.0",/),
    ])
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
