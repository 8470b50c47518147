import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { createHandler as createIngest } from '../../functions/ingest.ts'
import { createHandler as createQuery } from '../../functions/query.ts'
import { createHandler as createReconcile } from '../../functions/reconcile.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { ingestEntries, ownTokenEntries, queryEntries, reconcileEntries } from '../../lib/runtime/config.ts'
import type { Clock, ParameterReader } from '../../lib/runtime/ports.ts'
import { providers } from '../../lib/providers/registry.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { inboundMailWriter } from '../../lib/table/inbound-writer.ts'
import { tableNames } from '../../lib/table/names.ts'
import { quarantineWriter } from '../../lib/table/quarantine-writer.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { tombstones } from '../../lib/table/tombstones.ts'
import { emulatorClient } from '../../local/dynamodb-emulator.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { simulatedAppKey, simulatedSesCredentials } from '../../local/local-environment.ts'
import { startSimulatedSes } from '../../local/simulated-ses/server.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { sampleMessage } from '../events.ts'
import { signedForm, type UnsignedFields } from '../fixtures/sendcloud/sign.ts'
import {
  asksForRow,
  inWords,
  limitToRole,
  statementsIn,
  trustIn,
  watchCalls,
  writtenResources,
  type Call,
  type FunctionName,
  type Resources,
} from '../function-roles.ts'
import { mailAt, reportOf } from '../lib/reconcile/world.ts'
import {
  dataTemplateIn,
  digest,
  projectToPackage,
  templateIn,
  type PackagedProject,
  type Template,
} from '../packaged-project.ts'
import { noDeadline } from '../no-deadline.ts'
import { queryNow, queryToken, queryWorld, sharedMessage } from '../query-world.ts'

// Each function knows what it reads and may do what it does, and no more. What it may do is read in the packaged template,
// where nothing can be added any more that is not seen here. What it does is recorded, since modules that a function imports
// can do more than the function asks of them. Nothing is missing from the record unnoticed: wherever else a test runs a
// function, its role limits it (test/embedded-tables.ts).

const engine = embeddedTables()
const token = 'a-token-of-the-callback-url'
const stack = 'delivery-ledger-prod'

let project: PackagedProject
/** As it is deployed where nothing is set. */
let template: Template
/** Every resource of both stacks. */
let everything: Template['Resources']
/** With a value for each param that says whose it is, and the query API on. */
let templateOfParams: Template
/** Every resource of both stacks of that. */
let everythingOfParams: Template['Resources']

beforeAll(async () => {
  project = await projectToPackage()
  const folder = await project.package(['--stage', 'prod'])
  template = await templateIn(folder)
  everything = { ...template.Resources, ...(await dataTemplateIn(folder)).Resources }
  const folderOfParams = await project.package(['--stage', 'prod', ...ownValues()])
  templateOfParams = await templateIn(folderOfParams)
  everythingOfParams = { ...templateOfParams.Resources, ...(await dataTemplateIn(folderOfParams)).Resources }
})
afterAll(() => project.remove())

/** For every setting of a function a value that no other has. `sesPoll` and the like know two words only. */
const otherValues: Readonly<Record<string, string>> = {
  callbackTokenSha256: 'ab'.repeat(32),
  callbackTokenSha256TencentSes: 'ac'.repeat(32),
  callbackTokenSha256Sendcloud: 'ad'.repeat(32),
  callbackTokenSha256Sent: 'ae'.repeat(32),
  sesPoll: 'off',
  sesEndpoint: 'https://ses.example.com',
  sesRegion: 'ap-hongkong',
  sesRequestsPerSecond: '2',
  sendcloudEndpoint: 'https://api2.sendcloud.net/api',
  sendcloudRequestsPerSecond: '3',
  sendsRecorded: 'on',
  sweepAgesDays: '6,28',
  syncProviderLists: 'off',
  correlationHeader: 'SC-Custom-Order',
  rfcMessageIdIndex: 'on',
  retentionDays: '77',
  inboundRetentionDays: '11',
  unverifiedMbPerDay: '13',
  queryApi: 'on',
  queryTokenSha256: 'af'.repeat(32),
  blocklistDays: '15',
}

function ownValues(): readonly string[] {
  return Object.entries(otherValues).map(([name, value]) => `--param=${name}=${value}`)
}

function resources(of = everything): Resources {
  return v.parse(v.record(v.string(), v.unknown()), inWords(of))
}

function resourcesOfType(pattern: RegExp): Resources {
  const ofType = Object.entries(everything).filter(([, { Type }]) => pattern.test(Type))
  return Object.fromEntries(ofType.map(([name]) => [name, resources()[name]]))
}

const lambdaFunction = v.object({
  Properties: v.object({
    Role: v.unknown(),
    Environment: v.strictObject({ Variables: v.record(v.string(), v.unknown()) }),
  }),
})

function functionIn({ Resources: all }: Template, name: FunctionName) {
  const words = { ingest: 'Ingest', reconcile: 'Reconcile', query: 'Query' }
  return v.parse(lambdaFunction, all[`${words[name]}LambdaFunction`]).Properties
}

describe('the environment', () => {
  it.each([
    ['ingest', { ...ingestEntries, ...ownTokenEntries(providers) }],
    ['reconcile', reconcileEntries],
    ['query', queryEntries],
  ] as const)('of the %s function is what its configuration parses', (name, entries) => {
    const { Variables } = functionIn(name === 'query' ? templateOfParams : template, name).Environment
    expect(Object.keys(Variables).sort()).toEqual(Object.keys(entries).sort())
  })

  it('has each setting from the param of its own name', () => {
    expect(functionIn(templateOfParams, 'ingest').Environment.Variables).toEqual({
      TABLE_PREFIX: stack,
      RETENTION_DAYS: otherValues.retentionDays,
      CORRELATION_HEADER: otherValues.correlationHeader,
      RFC_MESSAGE_ID_INDEX: otherValues.rfcMessageIdIndex,
      INBOUND_RETENTION_DAYS: otherValues.inboundRetentionDays,
      CALLBACK_TOKEN_SHA256: otherValues.callbackTokenSha256,
      CALLBACK_TOKEN_SHA256_TENCENT_SES: otherValues.callbackTokenSha256TencentSes,
      CALLBACK_TOKEN_SHA256_SENDCLOUD: otherValues.callbackTokenSha256Sendcloud,
      CALLBACK_TOKEN_SHA256_SENT: otherValues.callbackTokenSha256Sent,
      UNVERIFIED_MB_PER_DAY: otherValues.unverifiedMbPerDay,
    })
    expect(functionIn(templateOfParams, 'reconcile').Environment.Variables).toEqual({
      TABLE_PREFIX: stack,
      RETENTION_DAYS: otherValues.retentionDays,
      CORRELATION_HEADER: otherValues.correlationHeader,
      RFC_MESSAGE_ID_INDEX: otherValues.rfcMessageIdIndex,
      INBOUND_RETENTION_DAYS: otherValues.inboundRetentionDays,
      SES_POLL: otherValues.sesPoll,
      SES_ENDPOINT: otherValues.sesEndpoint,
      SES_REGION: otherValues.sesRegion,
      SES_REQUESTS_PER_SECOND: otherValues.sesRequestsPerSecond,
      SENDCLOUD_ENDPOINT: otherValues.sendcloudEndpoint,
      SENDCLOUD_REQUESTS_PER_SECOND: otherValues.sendcloudRequestsPerSecond,
      SENDS_RECORDED: otherValues.sendsRecorded,
      SWEEP_AGES_DAYS: otherValues.sweepAgesDays,
      SYNC_PROVIDER_LISTS: otherValues.syncProviderLists,
      BLOCKLIST_DAYS: otherValues.blocklistDays,
    })
    expect(functionIn(templateOfParams, 'query').Environment.Variables).toEqual({
      TABLE_PREFIX: stack,
      RETENTION_DAYS: otherValues.retentionDays,
      QUERY_TOKEN_SHA256: otherValues.queryTokenSha256,
      BLOCKLIST_DAYS: otherValues.blocklistDays,
    })
  })

  it('has the defaults where nothing is set', () => {
    expect(functionIn(template, 'ingest').Environment.Variables).toEqual({
      TABLE_PREFIX: stack,
      RETENTION_DAYS: '400',
      CORRELATION_HEADER: '',
      RFC_MESSAGE_ID_INDEX: 'off',
      INBOUND_RETENTION_DAYS: '30',
      CALLBACK_TOKEN_SHA256: digest,
      CALLBACK_TOKEN_SHA256_TENCENT_SES: '',
      CALLBACK_TOKEN_SHA256_SENDCLOUD: '',
      CALLBACK_TOKEN_SHA256_SENT: '',
      UNVERIFIED_MB_PER_DAY: '100',
    })
    expect(functionIn(template, 'reconcile').Environment.Variables).toEqual({
      TABLE_PREFIX: stack,
      RETENTION_DAYS: '400',
      CORRELATION_HEADER: '',
      RFC_MESSAGE_ID_INDEX: 'off',
      INBOUND_RETENTION_DAYS: '30',
      SES_POLL: 'on',
      SES_ENDPOINT: '',
      SES_REGION: 'ap-guangzhou',
      SES_REQUESTS_PER_SECOND: '1',
      SENDCLOUD_ENDPOINT: '',
      SENDCLOUD_REQUESTS_PER_SECOND: '1',
      SENDS_RECORDED: 'off',
      SWEEP_AGES_DAYS: '',
      SYNC_PROVIDER_LISTS: 'on',
      BLOCKLIST_DAYS: '14',
    })
  })
})

const indexed = v.object({
  Properties: v.object({
    AttributeDefinitions: v.array(v.object({ AttributeName: v.string() })),
    GlobalSecondaryIndexes: v.array(
      v.strictObject({ IndexName: v.string(), KeySchema: v.unknown(), Projection: v.unknown() }),
    ),
  }),
})

describe('the packaged template of the tables', () => {
  it.each([
    ['none', () => everything, ['byMessage', 'pending', 'problems'], []],
    [
      'both',
      () => everythingOfParams,
      ['byMessage', 'pending', 'problems', 'byOwnId', 'byRfcMessageId'],
      ['ownId', 'rfcId'],
    ],
  ] as const)('has of the indexes that settings make %s', (_, resourcesOf, names, attributes) => {
    const { Properties } = v.parse(indexed, resourcesOf().DeliveriesTable)
    expect(Properties.GlobalSecondaryIndexes.map(({ IndexName }) => IndexName)).toEqual(names)
    expect(Properties.AttributeDefinitions.map(({ AttributeName }) => AttributeName)).toEqual([
      'recipient',
      'message',
      'messageId',
      'pending',
      'problemDay',
      ...attributes,
    ])
  })
})

describe('the packaged template', () => {
  it('has nothing of a kind that is not known to give no permission, but what is looked at below', () => {
    const types = new Set(Object.values(everything).map(({ Type }) => Type))
    expect([...types].sort()).toEqual([
      'AWS::CloudWatch::Alarm',
      'AWS::CloudWatch::Dashboard',
      'AWS::DynamoDB::Table',
      'AWS::Events::Rule',
      'AWS::IAM::Role',
      'AWS::Lambda::EventInvokeConfig',
      'AWS::Lambda::Function',
      'AWS::Lambda::Permission',
      'AWS::Lambda::Url',
      'AWS::Logs::LogGroup',
      'AWS::S3::Bucket',
      'AWS::S3::BucketPolicy',
      'AWS::SNS::Subscription',
      'AWS::SNS::Topic',
      'AWS::SQS::Queue',
      'AWS::SQS::QueuePolicy',
    ])
  })

  it('has two functions, and a role of its own for each', () => {
    expect(Object.keys(resourcesOfType(/^AWS::Lambda::Function$/))).toEqual([
      'IngestLambdaFunction',
      'ReconcileLambdaFunction',
    ])
    expect(Object.keys(resourcesOfType(/^AWS::IAM::/))).toEqual(['IngestRole', 'ReconcileRole'])
    expect(inWords(functionIn(template, 'ingest').Role)).toBe('${IngestRole.Arn}')
    expect(inWords(functionIn(template, 'reconcile').Role)).toBe('${ReconcileRole.Arn}')
  })

  it('lets anybody call ingest by its URL, and the schedule reconcile', () => {
    const anybody = { FunctionName: '${IngestLambdaFunction.Arn}', Principal: '*' }
    const schedule = {
      FunctionName: '${ReconcileLambdaFunction.Arn}',
      Principal: 'events.amazonaws.com',
      SourceArn: '${ReconcileEventsRuleSchedule1.Arn}',
    }
    const Type = 'AWS::Lambda::Permission'
    // A public function URL needs both of the first.
    expect(resourcesOfType(/^AWS::Lambda::Permission$/)).toEqual({
      IngestLambdaPermissionFnUrl: {
        Type,
        Properties: { ...anybody, Action: 'lambda:InvokeFunctionUrl', FunctionUrlAuthType: 'NONE' },
      },
      IngestLambdaPermissionFn: {
        Type,
        Properties: { ...anybody, Action: 'lambda:InvokeFunction', InvokedViaFunctionUrl: true },
      },
      ReconcileLambdaPermissionEventsRuleSchedule1: {
        Type,
        Properties: { ...schedule, Action: 'lambda:InvokeFunction' },
      },
    })
  })

  it('lets the schedule write to the queue of failed runs', () => {
    const failedToBegin = {
      Effect: 'Allow',
      Principal: { Service: 'events.amazonaws.com' },
      Action: 'sqs:SendMessage',
      Resource: '${FailedRunsQueue.Arn}',
      Condition: { ArnEquals: { 'aws:SourceArn': '${ReconcileEventsRuleSchedule1.Arn}' } },
    }
    expect(resourcesOfType(/^AWS::SQS::QueuePolicy$/)).toEqual({
      FailedRunsPolicy: {
        Type: 'AWS::SQS::QueuePolicy',
        Properties: {
          Queues: ['${FailedRunsQueue}'],
          PolicyDocument: { Version: '2012-10-17', Statement: [failedToBegin] },
        },
      },
    })
  })

  it('says of the bucket with the zips only what nobody may do', () => {
    expect(resourcesOfType(/^AWS::S3::BucketPolicy$/)).toMatchObject({
      ServerlessDeploymentBucketPolicy: {
        Properties: {
          Bucket: '${ServerlessDeploymentBucket}',
          PolicyDocument: { Statement: [deniesPlainHttp] },
        },
      },
    })
    expect(Object.keys(resourcesOfType(/^AWS::S3::BucketPolicy$/))).toHaveLength(1)
  })

  it('has no statement, no principal and no managed policy anywhere else', () => {
    const permitting = /^(?:Effect|Principal|ManagedPolicyArns|PermissionsBoundary|ResourcePolicy)$/
    const holders = Object.entries(everything).filter(([, resource]) =>
      namesWithin(resource).some((name) => permitting.test(name)),
    )
    expect(holders.map(([name]) => name).sort()).toEqual([
      'FailedRunsPolicy',
      'IngestLambdaPermissionFn',
      'IngestLambdaPermissionFnUrl',
      'IngestRole',
      'ReconcileLambdaPermissionEventsRuleSchedule1',
      'ReconcileRole',
      'ServerlessDeploymentBucketPolicy',
    ])
  })
})

const deniesPlainHttp = {
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Condition: { Bool: { 'aws:SecureTransport': false } },
}

/** Every property's name in a part of a template, at any depth. */
function namesWithin(part: unknown): readonly string[] {
  if (typeof part !== 'object' || part === null) return []
  return [...Object.keys(part), ...Object.values(part).flatMap(namesWithin)]
}

/** `dynamodb:PutItem deliveries`, each once. */
function namesOf(calls: readonly Call[]): readonly string[] {
  return [...new Set(calls.map(({ action, resource }) => `${action} ${resource}`))].sort()
}

function allowedTo(name: FunctionName, service: string): readonly string[] {
  return statementsIn(resources(), name)
    .flatMap(({ Action, Resource }) => Action.flatMap((action) => Resource.map((on) => `${action} ${on}`)))
    .filter((permission) => permission.startsWith(`${service}:`))
    .sort()
}

/** The conditions of the function's statements about tables, in their order. */
function conditionsOfTables(name: FunctionName): readonly unknown[] {
  const ofTables = statementsIn(resources(), name).filter(({ Action }) => Action[0]?.startsWith('dynamodb:'))
  return ofTables.map(({ Condition }) => Condition)
}

/** The function's statements about anything else. */
function beyondTables(name: FunctionName) {
  return statementsIn(resources(), name).filter(({ Action }) => !Action[0]?.startsWith('dynamodb:'))
}

describe.each(['ingest', 'reconcile'] as const)('the role of the %s function', (name) => {
  it('is taken by Lambda alone', () => {
    const lambdaMayAssume = {
      Effect: 'Allow',
      Principal: { Service: 'lambda.amazonaws.com' },
      Action: 'sts:AssumeRole',
    }
    expect(trustIn(resources(), name)).toEqual({ Version: '2012-10-17', Statement: [lambdaMayAssume] })
  })

  it('is packaged as it is written, and so as other tests keep to it', () => {
    const written = JSON.stringify(statementsIn(writtenResources(), name))
    expect(statementsIn(resources(), name)).toEqual(
      JSON.parse(written.replaceAll('${self:custom.tablePrefix}', stack)),
    )
  })
})

describe('the role of the ingest function', () => {
  it('allows the calls that the function makes, and no other', async () => {
    const { calls, parameters } = await callsOfIngest()
    expect(allowedTo('ingest', 'dynamodb')).toEqual(namesOf(calls))
    expect(allowedTo('ingest', 'ssm')).toEqual(readingOf(parameters))
    expect(calls.filter(asksForRow)).toEqual([])
  })

  it('lets no write return what stands there', () => {
    const noneReturned = { StringEqualsIfExists: { 'dynamodb:ReturnValues': 'NONE' } }
    expect(conditionsOfTables('ingest')).toEqual([noneReturned, noneReturned, noneReturned])
  })

  it('allows it the parameters that it reads, its log, and nothing else', () => {
    const parameters = parametersOf(['SENDCLOUD_APP_KEY'])
    expect(beyondTables('ingest')).toEqual([...parameters, ownLog('IngestLogGroup')])
  })
})

describe('the role of the reconcile function', () => {
  it('allows the calls that the function makes, and no other', async () => {
    const { calls, parameters } = await callsOfReconcile()
    expect(allowedTo('reconcile', 'dynamodb')).toEqual(namesOf(calls))
    expect(allowedTo('reconcile', 'ssm')).toEqual(readingOf(parameters))
  })

  it('allows them unconditionally', () => {
    expect(conditionsOfTables('reconcile')).toEqual(Array.from({ length: 8 }, () => undefined))
  })

  it('allows it the parameters that it reads, its log, to say where it failed, and nothing else', () => {
    const parameters = parametersOf([
      'TENCENTCLOUD_SECRET_ID',
      'TENCENTCLOUD_SECRET_KEY',
      'TENCENTCLOUD_TOKEN',
      'SENDCLOUD_API_USER',
      'SENDCLOUD_API_KEY',
    ])
    const failedRuns = { Effect: 'Allow', Action: ['sqs:SendMessage'], Resource: ['${FailedRunsQueue.Arn}'] }
    expect(beyondTables('reconcile')).toEqual([...parameters, failedRuns, ownLog('ReconcileLogGroup')])
  })
})

describe('the role of the query function', () => {
  const statements = () => statementsIn(resources(everythingOfParams), 'query')

  it('is its own, taken by Lambda alone, and packaged as it is written', () => {
    expect(inWords(functionIn(templateOfParams, 'query').Role)).toBe('${QueryRole.Arn}')
    expect(trustIn(resources(everythingOfParams), 'query')).toEqual(trustIn(resources(), 'ingest'))
    const written = JSON.stringify(statementsIn(writtenResources(), 'query'))
    expect(statements()).toEqual(JSON.parse(written.replaceAll('${self:custom.tablePrefix}', stack)))
  })

  it('allows the reads that the function makes, its log, and nothing else', async () => {
    const allowed = statements().slice(0, -1)
    const names = allowed.flatMap(({ Action, Resource }) =>
      Action.flatMap((action) => Resource.map((on) => `${action} ${on}`)),
    )
    expect(names.sort()).toEqual(namesOf(await callsOfQuery()))
    expect(names).toEqual([
      'dynamodb:GetItem suppressions',
      'dynamodb:Query deliveries',
      'dynamodb:Query deliveries/index/byMessage',
    ])
    expect(statements().at(-1)).toEqual(ownLog('QueryLogGroup'))
  })

  it('gives nobody else a permission', () => {
    const before = new Set(Object.keys(everything))
    const added = Object.keys(everythingOfParams).filter((name) => !before.has(name))
    expect(added.filter((name) => namesWithin(everythingOfParams[name]).includes('Principal'))).toEqual([
      'QueryLambdaPermissionFnUrl',
      'QueryLambdaPermissionFn',
      'QueryRole',
    ])
  })
})

// The double of a role, which every other test of a function relies on.
describe('a client that is limited to a role', () => {
  const key = { recipient: { S: 'a@example.com' }, message: { S: sampleMessage } }
  const update = (TableName: string, more: object) => new UpdateItemCommand({ TableName, Key: key, ...more })

  it('is refused another table, and a write that returns what stands there', async () => {
    const { deliveries, reconciliation } = await engine.freshTables()
    const ingest = engine.clientAs('ingest')
    await ingest.send(update(deliveries, { ReturnValues: 'NONE' }))
    for (const refused of [update(deliveries, { ReturnValues: 'ALL_OLD' }), update(reconciliation, {})]) {
      await expect(ingest.send(refused)).rejects.toMatchObject({ name: 'AccessDeniedException' })
    }
  })

  it('is not refused, as far as AWS says, what a failed condition returns, and yet must not ask', async () => {
    const { deliveries } = await engine.freshTables()
    const asking = update(deliveries, { ReturnValuesOnConditionCheckFailure: 'ALL_OLD' })
    const limited = emulatorClient(engine.endpoint)
    clients.push(limited)
    limitToRole(limited, 'ingest')
    await limited.send(asking)
    await expect(engine.clientAs('ingest').send(asking)).rejects.toThrow('asks for the row')
  })
})

/** May read these parameters, and decrypt them and nothing else. */
function parametersOf(settings: readonly string[]) {
  const account = '${AWS::Region}:${AWS::AccountId}'
  const names = settings.map(
    (setting) => `arn:\${AWS::Partition}:ssm:${account}:parameter/${stack}/${setting}`,
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
  const arn = `arn:\${AWS::Partition}:ssm:\${AWS::Region}:\${AWS::AccountId}:parameter/${stack}`
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
      deadline: noDeadline,
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
        lambdaContext(() => 60_000),
      )
    ).statusCode
  }
  const reported = (body: object) => answerTo('/tencent-ses', JSON.stringify(body), 'application/json')
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
    await readFile(new URL('../fixtures/sendcloud/hand-made-route.json', import.meta.url), 'utf8'),
  ) as UnsignedFields
  const large = 'x'.repeat(400 * 1024)
  const statuses = [
    await reported({ ...tencentEvent, event: 'spamreport' }),
    await reported(opened),
    await answerTo(
      '/sent',
      JSON.stringify({ messageId: sampleMessage, recipients: 'a@example.com' }),
      'text/plain',
    ),
    await answerTo('/tencent-ses', '{not json', 'application/json'),
    await signed(mail),
    await signed({ ...mail, text: large }),
    await signed({ ...mail, event: 'teleported', text: large }),
    await answerTo('/sendcloud', JSON.stringify(mail), 'application/json'),
  ]
  expect(statuses).toEqual([200, 200, 200, 400, 200, 200, 202, 200])
  return { calls, parameters: parameters.asked }
}

/** Every question that there is. */
async function callsOfQuery(): Promise<readonly Call[]> {
  const { environment } = await queryWorld(engine)
  const { client, calls } = recordingClient()
  const clock = virtualClock(queryNow)
  const handler = createQuery(environment, {
    clock,
    log: () => undefined,
    dynamoDb: () => client,
    deadline: noDeadline,
  })
  for (const [rawPath, rawQueryString] of [
    ['/suppressions/anna@example.com', ''],
    ['/deliveries', 'recipient=ben@example.com'],
    ['/deliveries', `messageId=${sharedMessage}`],
    ['/deliveries', `emailId=${sharedMessage}1$cara@example.com`],
    ['/openapi.json', ''],
  ]) {
    const headers = { authorization: `Bearer ${queryToken}` }
    const event = { rawPath, rawQueryString, headers, requestContext: { http: { method: 'GET' } } }
    expect(
      await handler(
        event,
        lambdaContext(() => 10_000),
      ),
    ).toMatchObject({ statusCode: 200 })
  }
  return calls
}

/** An address that was erased and of which something has come back to every table. */
async function erasedAndBack(prefix: string, clock: Clock): Promise<void> {
  const { client } = engine
  const { deliveries, suppressions, inbound, quarantine } = tableNames(prefix)
  const recipient = 'erased@example.com'
  const nowMs = clock.now()
  const tombstone = { recipient, erasedAtMs: nowMs, endsAtMs: nowMs + 1_000_000, isSuppressionKept: true }
  const unclear = { reason: 'hard-bounce', source: 'callback', isUnclear: true, detail: '' } as const
  const text = 'x'.repeat(400 * 1024)
  await tombstones({ client, table: deliveries, clock }).put({ ...tombstone, waiting: ['0'.repeat(64)] })
  await suppressionWriter({ client, table: suppressions }).suppress({
    recipient,
    occurredAtMs: 0,
    ...unclear,
  })
  const mail = { provider: 'sendcloud', recipient, receivedAtMs: nowMs - 1, columns: {}, content: text }
  await inboundMailWriter({ client, table: inbound, retentionDays: 30, clock }).keep(mail)
  await quarantineWriter({ client, table: quarantine, retentionDays: 400, clock }).keep({
    provider: 'sendcloud',
    body: Buffer.from(JSON.stringify({ event: 'teleported', recipient, text })),
    contentType: 'application/json',
    reason: 'unrecognised',
    problems: [],
    receivedAtMs: nowMs,
  })
  const writer = deliveryWriter({ client, table: deliveries, retentionDays: 400, clock })
  await writer.record(reportOf(mailAt('2026-11-20T08:00:00Z', 'erased'), { kind: 'delivered' }))
}

/**
 * A run that discovers, repairs, keeps a long detail, suppresses, gives a delivery up, writes a mail that was left, and erases again; in
 * two regions, of which each looks for where the poll of one was.
 */
async function callsOfReconcile(): Promise<Recorded> {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const { secretId, secretKey } = simulatedSesCredentials
  const { prefix } = await engine.freshTables()
  const { client, calls } = recordingClient()
  const simulated = await startSimulatedSes({ port: 0, clock, secretId, secretKey })
  const forgotten = mailAt('2026-10-20T08:00:00Z', 'forgotten')
  const bounced = mailAt('2026-11-21T06:00:00Z', 'gone', {
    timeline: [
      {
        kind: 'bounced',
        atMs: Date.parse('2026-11-21T06:00:10Z'),
        // So that Tencent's own list holds it.
        bounceType: 'hard_bounce',
        reason: `551 ${'x'.repeat(5_000)}`,
      },
      { kind: 'complained', atMs: Date.parse('2026-11-21T07:00:00Z') },
    ],
  })
  // What cannot be read is kept, in parts where no row can hold it.
  const unreadable = mailAt('2026-11-21T06:00:00Z', 'odd', { recipient: 'x'.repeat(350_000) })
  simulated.send(bounced, unreadable)
  const table = tableNames(prefix).deliveries
  const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock })
  await writer.record(reportOf(forgotten, { kind: 'requested' }))
  const text = 'x'.repeat(400 * 1024)
  const mail = { event: 'route', timestamp: '1795237210000', x_mx_rcptto: 'support@example.com', text }
  const { quarantine } = tableNames(prefix)
  await quarantineWriter({ client: engine.client, table: quarantine, retentionDays: 400, clock }).keep({
    provider: 'sendcloud',
    body: new TextEncoder().encode(JSON.stringify(mail)),
    contentType: 'application/json',
    reason: 'unfinished',
    problems: [],
    receivedAtMs: clock.now(),
    isVerified: true,
  })
  await erasedAndBack(prefix, clock)
  const parameters = recordedParameters(prefix, {
    TENCENTCLOUD_SECRET_ID: secretId,
    TENCENTCLOUD_SECRET_KEY: secretKey,
  })
  const handler = createReconcile(
    {
      TABLE_PREFIX: prefix,
      SES_ENDPOINT: simulated.url,
      SES_REGION: 'ap-guangzhou,ap-hongkong',
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
