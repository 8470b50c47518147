import { readFile } from 'node:fs/promises'
import { afterAll, describe, expect, it } from '@jest/globals'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createHandler as createIngest } from '../functions/ingest.ts'
import { createHandler as createReconcile } from '../functions/reconcile.ts'
import { tokenDigest } from '../lib/callback-token.ts'
import { ingestEntries, reconcileEntries, signingKeyEntries } from '../lib/config.ts'
import { providers } from '../lib/providers/providers.ts'
import { deliveryWriter } from '../lib/table/delivery-writer.ts'
import { tableNames } from '../lib/table/names.ts'
import { emulatorClient } from '../local/dynamodb-emulator.ts'
import { lambdaContext } from '../local/lambda-context.ts'
import { simulatedAppKey, simulatedSesCredentials } from '../local/local-environment.ts'
import { startSimulatedSes } from '../local/simulated-ses/server.ts'
import { virtualClock } from '../local/virtual-clock.ts'
import { embeddedTables } from './embedded-tables.ts'
import { sampleMessage } from './events.ts'
import { signedForm, type UnsignedFields } from './fixtures/sendcloud/sign.ts'
import {
  environmentOf,
  statementsOf,
  trustOf,
  watchCalls,
  withoutReturnedValues,
  type Call,
  type FunctionName,
} from './function-roles.ts'
import { mailAt, toldOf } from './lib/reconcile/world.ts'

// Each function knows what it reads and may do what it does, and no more. What it does is recorded, since modules that a
// function imports can do more than the function asks of them. Nothing is missing from the record unnoticed: wherever else
// a test runs a function, its role limits it (test/embedded-tables.ts).

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'

describe('the environment that serverless.yml gives', () => {
  it.each([
    ['ingest', { ...ingestEntries, ...signingKeyEntries(providers) }],
    ['reconcile', reconcileEntries],
  ] as const)('the %s function is what its configuration parses', (name, entries) => {
    expect(environmentOf(name).toSorted()).toEqual(Object.keys(entries).sort())
  })
})

/** `dynamodb:PutItem deliveries`, each once. */
function namesOf(calls: readonly Call[]): readonly string[] {
  return [...new Set(calls.map(({ action, resource }) => `${action} ${resource}`))].sort()
}

function allowedTo(name: FunctionName, service: string): readonly string[] {
  return statementsOf(name)
    .flatMap(({ Action, Resource }) => Action.flatMap((action) => Resource.map((on) => `${action} ${on}`)))
    .filter((permission) => permission.startsWith(`${service}:`))
    .sort()
}

describe('the role of either function', () => {
  it.each(['ingest', 'reconcile'] as const)('is taken by Lambda alone: %s', (name) => {
    const lambdaMayAssume = {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    }
    expect(trustOf(name)).toEqual({ Version: '2012-10-17', Statement: [lambdaMayAssume] })
  })
})

describe('the role of the ingest function', () => {
  it('allows the calls that the function makes, and no other', async () => {
    const calls = await callsOfIngest()
    expect(allowedTo('ingest', 'dynamodb')).toEqual(namesOf(calls))
    expect(calls.filter(({ returnsValues }) => returnsValues)).toEqual([])
  })

  it('lets no write answer what stood there', () => {
    const ofTables = statementsOf('ingest').filter(({ Action }) => Action[0]?.startsWith('dynamodb:'))
    expect(ofTables.map(({ Condition }) => Condition)).toEqual(ofTables.map(() => withoutReturnedValues))
  })

  it('allows nothing else but its log', () => {
    const others = statementsOf('ingest').filter(({ Action }) => !Action[0]?.startsWith('dynamodb:'))
    expect(others).toEqual([ownLog('IngestLogGroup')])
  })
})

describe('the role of the reconcile function', () => {
  it('allows the calls that the function makes, and no other', async () => {
    expect(allowedTo('reconcile', 'dynamodb')).toEqual(namesOf(await callsOfReconcile()))
  })

  it('allows nothing else but its log', () => {
    const others = statementsOf('reconcile').filter(({ Action }) => !Action[0]?.startsWith('dynamodb:'))
    expect(others).toEqual([ownLog('ReconcileLogGroup')])
  })
})

function ownLog(group: string) {
  return {
    Effect: 'Allow',
    Action: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    Resource: [`\${${group}.Arn}:*`],
  }
}

const clients: DynamoDBClient[] = []
afterAll(() => {
  for (const client of clients) client.destroy()
})

/** A client that no role limits, and every call that it has made. */
function recordingClient(): { client: DynamoDBClient; calls: Call[] } {
  const client = emulatorClient(engine.endpoint)
  clients.push(client)
  const calls: Call[] = []
  watchCalls(client, (call) => calls.push(call))
  return { client, calls }
}

const tencentEvent = { email: 'example@example.com', bulkId: sampleMessage, timestamp: 1654064683 }

/** Whatever makes the ingest function write: every table, rows that are full, and bodies that no row can hold. */
async function callsOfIngest(): Promise<readonly Call[]> {
  const { prefix } = await engine.freshTables()
  const { client, calls } = recordingClient()
  const handler = createIngest(
    {
      TABLE_PREFIX: prefix,
      CALLBACK_TOKEN_SHA256: tokenDigest(token),
      SENDCLOUD_APP_KEY: simulatedAppKey,
    },
    { clock: virtualClock('2026-11-21T08:00:00Z'), log: () => undefined, dynamoDb: () => client },
  )
  const answerTo = async (path: string, body: string, contentType: string): Promise<number> => {
    const requestContext = { http: { method: 'POST' } }
    const headers = { 'content-type': contentType }
    const event = { rawPath: `${path}/${token}`, headers, body, requestContext }
    return (
      await handler(
        event,
        lambdaContext(() => 10_000),
      )
    ).statusCode
  }
  const told = (body: object) => answerTo('/tencent-ses', JSON.stringify(body), 'application/json')
  const signed = (fields: UnsignedFields) =>
    answerTo(
      '/sendcloud',
      new TextDecoder().decode(signedForm(fields, simulatedAppKey).body),
      'application/x-www-form-urlencoded',
    )
  const opened = Array.from({ length: 51 }, (_, index) => ({
    ...tencentEvent,
    event: 'open',
    timestamp: 1654064683 + index,
  }))
  const mail = JSON.parse(
    await readFile(new URL('fixtures/sendcloud/hand-made-route.json', import.meta.url), 'utf8'),
  ) as UnsignedFields
  const large = 'x'.repeat(400 * 1024)
  const statuses = [
    await told({ ...tencentEvent, event: 'spamreport' }),
    await told(opened),
    await answerTo(
      '/sent',
      JSON.stringify({ messageId: sampleMessage, recipients: 'a@example.com' }),
      'text/plain',
    ),
    await answerTo('/tencent-ses', '{not json', 'application/json'),
    await signed(mail),
    await signed({ ...mail, text: large }),
    await signed({ ...mail, event: 'teleported', text: large }),
  ]
  expect(statuses).toEqual([200, 200, 200, 400, 200, 200, 202])
  return calls
}

/** A run that discovers, repairs, keeps a long detail, suppresses, and gives a delivery up. */
async function callsOfReconcile(): Promise<readonly Call[]> {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const { secretId, secretKey } = simulatedSesCredentials
  const { prefix } = await engine.freshTables()
  const { client, calls } = recordingClient()
  const simulated = await startSimulatedSes({ port: 0, clock, secretId, secretKey })
  const forgotten = mailAt('2026-10-20T08:00:00Z', 'forgotten')
  const bounced = mailAt('2026-11-21T06:00:00Z', 'gone', {
    timeline: [
      { kind: 'bounced', atMs: Date.parse('2026-11-21T06:00:10Z'), reason: `551 ${'x'.repeat(5_000)}` },
      { kind: 'complained', atMs: Date.parse('2026-11-21T07:00:00Z') },
    ],
  })
  simulated.send(bounced)
  const table = tableNames(prefix).deliveries
  const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
  await writer.record(toldOf(forgotten, { kind: 'requested' }))
  const handler = createReconcile(
    {
      TABLE_PREFIX: prefix,
      SES_ENDPOINT: simulated.url,
      TENCENTCLOUD_SECRET_ID: secretId,
      TENCENTCLOUD_SECRET_KEY: secretKey,
    },
    { clock, log: () => undefined, dynamoDb: () => client },
  )
  try {
    const figures = await handler(
      {},
      lambdaContext(() => 840_000),
    )
    expect(figures).toMatchObject({ discovered: 1, unknown: 1, stoppedBy: 'done' })
  } finally {
    await simulated.close()
  }
  return calls
}
