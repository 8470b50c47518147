import { readFile } from 'node:fs/promises'
import { afterAll, describe, expect, it } from '@jest/globals'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createHandler as createIngest } from '../functions/ingest.ts'
import { createHandler as createReconcile } from '../functions/reconcile.ts'
import { tokenDigest } from '../lib/callback-token.ts'
import { ingestEntries, reconcileEntries } from '../lib/config.ts'
import type { ParameterReader } from '../lib/ports.ts'
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
    ['ingest', ingestEntries],
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
    const { calls, parameters } = await callsOfIngest()
    expect(allowedTo('ingest', 'dynamodb')).toEqual(namesOf(calls))
    expect(allowedTo('ingest', 'ssm')).toEqual(readingOf(parameters))
    expect(calls.filter(({ returnsValues }) => returnsValues)).toEqual([])
  })

  it('lets no write answer what stood there', () => {
    const ofTables = statementsOf('ingest').filter(({ Action }) => Action[0]?.startsWith('dynamodb:'))
    expect(ofTables.map(({ Condition }) => Condition)).toEqual(ofTables.map(() => withoutReturnedValues))
  })

  it('allows it the parameters that it reads, its log, and nothing else', () => {
    const others = statementsOf('ingest').filter(({ Action }) => !Action[0]?.startsWith('dynamodb:'))
    const parameters = parametersOf(['SENDCLOUD_APP_KEY'])
    expect(others).toEqual([...parameters, ownLog('IngestLogGroup')])
  })
})

describe('the role of the reconcile function', () => {
  it('allows the calls that the function makes, and no other', async () => {
    const { calls, parameters } = await callsOfReconcile()
    expect(allowedTo('reconcile', 'dynamodb')).toEqual(namesOf(calls))
    expect(allowedTo('reconcile', 'ssm')).toEqual(readingOf(parameters))
  })

  it('allows it the parameters that it reads, its log, to say where it failed, and nothing else', () => {
    const others = statementsOf('reconcile').filter(({ Action }) => !Action[0]?.startsWith('dynamodb:'))
    const parameters = parametersOf([
      'TENCENTCLOUD_SECRET_ID',
      'TENCENTCLOUD_SECRET_KEY',
      'TENCENTCLOUD_TOKEN',
    ])
    const failedRuns = { Effect: 'Allow', Action: ['sqs:SendMessage'], Resource: ['${FailedRunsQueue.Arn}'] }
    expect(others).toEqual([...parameters, failedRuns, ownLog('ReconcileLogGroup')])
  })
})

/** May read these parameters, and decrypt them and nothing else. */
function parametersOf(settings: readonly string[]) {
  const account = '${AWS::Region}:${AWS::AccountId}'
  const names = settings.map(
    (setting) => `arn:\${AWS::Partition}:ssm:${account}:parameter/\${self:custom.tablePrefix}/${setting}`,
  )
  return [
    { Effect: 'Allow', Action: ['ssm:GetParameters'], Resource: names },
    {
      Effect: 'Allow',
      Action: ['kms:Decrypt'],
      Resource: [`arn:\${AWS::Partition}:kms:${account}:key/*`],
      Condition: {
        StringEquals: {
          'kms:ViaService': 'ssm.${AWS::Region}.${AWS::URLSuffix}',
          'kms:EncryptionContext:PARAMETER_ARN': names.length === 1 ? names[0] : names,
        },
      },
    },
  ]
}

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

/** The parameters of a deployment, and which were asked for. */
function recordedParameters(prefix: string, values: Readonly<Record<string, string>>) {
  const asked = new Set<string>()
  const reader: ParameterReader = {
    valuesOf(names) {
      const settings = names.map((name) => name.replace(`/${prefix}/`, ''))
      for (const setting of settings) asked.add(setting)
      const found = settings.filter((setting) => setting in values)
      return Promise.resolve(new Map(found.map((setting) => [`/${prefix}/${setting}`, values[setting]!])))
    },
  }
  return { asked, reader }
}

/** `ssm:GetParameters arn:…:parameter/…/SENDCLOUD_APP_KEY` */
function readingOf(settings: ReadonlySet<string>): readonly string[] {
  const arn =
    'arn:${AWS::Partition}:ssm:${AWS::Region}:${AWS::AccountId}:parameter/${self:custom.tablePrefix}'
  return [...settings].map((setting) => `ssm:GetParameters ${arn}/${setting}`).sort()
}

interface Recorded {
  readonly calls: readonly Call[]
  readonly parameters: ReadonlySet<string>
}

const tencentEvent = { email: 'example@example.com', bulkId: sampleMessage, timestamp: 1654064683 }

/** Whatever makes the ingest function write: every table, rows that are full, and bodies that no row can hold. */
async function callsOfIngest(): Promise<Recorded> {
  const { prefix } = await engine.freshTables()
  const { client, calls } = recordingClient()
  const parameters = recordedParameters(prefix, { SENDCLOUD_APP_KEY: simulatedAppKey })
  const handler = createIngest(
    {
      TABLE_PREFIX: prefix,
      CALLBACK_TOKEN_SHA256: tokenDigest(token),
    },
    {
      clock: virtualClock('2026-11-21T08:00:00Z'),
      log: () => undefined,
      dynamoDb: () => client,
      parameters: parameters.reader,
    },
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
  return { calls, parameters: parameters.asked }
}

/** A run that discovers, repairs, keeps a long detail, suppresses, and gives a delivery up. */
async function callsOfReconcile(): Promise<Recorded> {
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
  const parameters = recordedParameters(prefix, {
    TENCENTCLOUD_SECRET_ID: secretId,
    TENCENTCLOUD_SECRET_KEY: secretKey,
  })
  const handler = createReconcile(
    {
      TABLE_PREFIX: prefix,
      SES_ENDPOINT: simulated.url,
    },
    { clock, log: () => undefined, dynamoDb: () => client, parameters: parameters.reader },
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
  return { calls, parameters: parameters.asked }
}
