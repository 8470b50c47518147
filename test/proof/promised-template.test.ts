import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import * as v from 'valibot'
import { settingsOf } from '../declared-watch.ts'
import { inWords } from '../function-roles.ts'
import {
  dataTemplateIn,
  digest,
  projectToPackage,
  templateIn,
  type PackagedProject,
} from '../packaged-project.ts'

// What the README, the pages and the ADRs promise of a deployment, held against what `serverless package` makes.
// Roles and environments: permissions.test.ts. Alarms: ../alarms.test.ts.

let project: PackagedProject
let resources: Readonly<Record<string, unknown>>
let withQuery: Readonly<Record<string, unknown>>

beforeAll(async () => {
  project = await projectToPackage()
  resources = await packagedWith()
  withQuery = await packagedWith('--param=queryApi=on', `--param=queryTokenSha256=${digest}`)
})

async function packagedWith(...options: readonly string[]): Promise<Readonly<Record<string, unknown>>> {
  const folder = await project.package(['--stage', 'prod', ...options])
  const [functions, tables] = [await templateIn(folder), await dataTemplateIn(folder)]
  const words = inWords({ ...functions.Resources, ...tables.Resources })
  return v.parse(v.record(v.string(), v.unknown()), words)
}
afterAll(() => project.remove())

const resource = v.looseObject({ Type: v.string(), Properties: v.record(v.string(), v.unknown()) })

/** The resources of a type by their names, and of their properties those that are asked for. */
function propertiesOf(type: string, ...names: readonly string[]): Record<string, unknown> {
  const ofType = Object.entries(resources).flatMap(([name, one]) => {
    const { Type, Properties } = v.parse(v.fallback(resource, { Type: '', Properties: {} }), one)
    return Type === type ? [[name, Properties] as const] : []
  })
  const chosen = ofType.map(([name, properties]) => [
    name,
    Object.fromEntries(names.map((key) => [key, properties[key]])),
  ])
  return Object.fromEntries(chosen) as Record<string, unknown>
}

describe('the functions', () => {
  it('have their time, and as much memory as docs/costs.md counts with', () => {
    const [memory, time] = ['MemorySize', 'Timeout']
    expect(propertiesOf('AWS::Lambda::Function', memory, time, 'Runtime', 'Architectures')).toEqual({
      IngestLambdaFunction: {
        MemorySize: 1024,
        Timeout: 10,
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
      },
      ReconcileLambdaFunction: {
        MemorySize: 512,
        Timeout: 840,
        Runtime: 'nodejs24.x',
        Architectures: ['arm64'],
      },
    })
    const costs = readFileSync(new URL('../../docs/costs.md', import.meta.url), 'utf8')
    expect(costs).toContain('one request per callback, 1,024 MB')
  })

  it('are capped where strangers call: the most that a flood costs', () => {
    expect(propertiesOf('AWS::Lambda::Function', 'ReservedConcurrentExecutions')).toEqual({
      IngestLambdaFunction: { ReservedConcurrentExecutions: 20 },
      ReconcileLambdaFunction: { ReservedConcurrentExecutions: undefined },
    })
  })

  it('are called by a public URL, and every five minutes', () => {
    expect(propertiesOf('AWS::Lambda::Url', 'AuthType', 'TargetFunctionArn')).toEqual({
      IngestLambdaFunctionUrl: { AuthType: 'NONE', TargetFunctionArn: '${IngestLambdaFunction.Arn}' },
    })
    expect(propertiesOf('AWS::Events::Rule', 'ScheduleExpression', 'State')).toEqual({
      ReconcileEventsRuleSchedule1: { ScheduleExpression: 'rate(5 minutes)', State: 'ENABLED' },
    })
  })

  it('keep their logs for 30 days', () => {
    expect(propertiesOf('AWS::Logs::LogGroup', 'LogGroupName', 'RetentionInDays')).toEqual({
      IngestLogGroup: { LogGroupName: '/aws/lambda/delivery-ledger-prod-ingest', RetentionInDays: 30 },
      ReconcileLogGroup: { LogGroupName: '/aws/lambda/delivery-ledger-prod-reconcile', RetentionInDays: 30 },
    })
  })
})

describe('the query API', () => {
  it('is not there unless it is switched on', () => {
    expect(Object.keys(resources).filter((name) => name.startsWith('Query'))).toEqual([])
    expect(Object.keys(withQuery).filter((name) => !(name in resources))).toEqual([
      'QueryLogGroup',
      'QueryLambdaFunction',
      'QueryLambdaFunctionUrl',
      'QueryLambdaPermissionFnUrl',
      'QueryLambdaPermissionFn',
      'QueryRole',
    ])
  })

  it('has its time and memory, is capped, and is called by a public URL without CORS', () => {
    expect(withQuery.QueryLambdaFunction).toMatchObject({
      Properties: { MemorySize: 1024, Timeout: 10, ReservedConcurrentExecutions: 5 },
    })
    expect(withQuery.QueryLambdaFunctionUrl).toEqual({
      Type: 'AWS::Lambda::Url',
      Properties: { AuthType: 'NONE', TargetFunctionArn: '${QueryLambdaFunction.Arn}' },
    })
    expect(withQuery.QueryLogGroup).toMatchObject({ Properties: { RetentionInDays: 30 } })
  })
})

describe('a run that fails', () => {
  it('is not repeated, since the next goes on where it ended, and is kept in the queue', () => {
    const [retries, age, destination] = [
      'MaximumRetryAttempts',
      'MaximumEventAgeInSeconds',
      'DestinationConfig',
    ]
    expect(propertiesOf('AWS::Lambda::EventInvokeConfig', 'FunctionName', retries, age, destination)).toEqual(
      {
        ReconcileLambdaEvConf: {
          FunctionName: '${ReconcileLambdaFunction}',
          MaximumRetryAttempts: 0,
          MaximumEventAgeInSeconds: 300,
          DestinationConfig: { OnFailure: { Destination: '${FailedRunsQueue.Arn}' } },
        },
      },
    )
  })

  it('is kept as well where it could not begin, and is not begun when the next one is due', () => {
    expect(propertiesOf('AWS::Events::Rule', 'Targets')).toEqual({
      ReconcileEventsRuleSchedule1: {
        Targets: [
          {
            Id: 'reconcileSchedule',
            Arn: '${ReconcileLambdaFunction.Arn}',
            RetryPolicy: { MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 300 },
            DeadLetterConfig: { Arn: '${FailedRunsQueue.Arn}' },
          },
        ],
      },
    })
  })

  it('is kept for two weeks, encrypted', () => {
    const twoWeeksSeconds = 1_209_600
    const [name, retention, encryption] = ['QueueName', 'MessageRetentionPeriod', 'SqsManagedSseEnabled']
    expect(propertiesOf('AWS::SQS::Queue', name, retention, encryption)).toEqual({
      FailedRunsQueue: {
        QueueName: 'delivery-ledger-prod-failed-runs',
        MessageRetentionPeriod: twoWeeksSeconds,
        SqsManagedSseEnabled: true,
      },
    })
  })
})

describe('the tables', () => {
  const expiring = { AttributeName: 'expiresAt', Enabled: true }

  it.each([
    ['Deliveries', expiring],
    ['Suppressions', undefined],
    ['Inbound', expiring],
    ['Quarantine', expiring],
    ['Reconciliation', undefined],
  ])(
    '%s outlives its stack, cannot be deleted by accident, can be recovered, and is encrypted',
    (name, ttl) => {
      expect(resources[`${name}Table`]).toMatchObject({
        Type: 'AWS::DynamoDB::Table',
        DeletionPolicy: 'Retain',
        UpdateReplacePolicy: 'Retain',
        Properties: {
          TableName: `delivery-ledger-prod-${name.toLowerCase()}`,
          BillingMode: 'PAY_PER_REQUEST',
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          SSESpecification: { SSEEnabled: true },
        },
      })
      const ofTables = propertiesOf('AWS::DynamoDB::Table', 'TimeToLiveSpecification')
      expect(ofTables[`${name}Table`]).toEqual({ TimeToLiveSpecification: ttl })
    },
  )

  it('are these five', () => {
    expect(Object.keys(propertiesOf('AWS::DynamoDB::Table'))).toHaveLength(5)
  })

  it('go with their stack in the stage dev alone, where nobody is woken', () => {
    expect(settingsOf('dev')).toEqual({
      deletionProtection: false,
      tableDeletionPolicy: 'Delete',
      alarms: 'off',
    })
    for (const stage of ['prod', 'staging']) expect(settingsOf(stage)).toEqual({})
  })
})
