import { createServer } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { CloudWatchClient, PutMetricAlarmCommand, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch'
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  PutItemCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { close, listen } from '../../local/listening-server.ts'
import { createTables } from '../../local/tables.ts'
import { rowsOf } from '../embedded-tables.ts'
import { run } from '../running-command.ts'
import { startEmulatedAws, type EmulatedAws } from './emulated-aws.ts'

// `serverless deploy` to an AWS on this machine. moto accepts any template: whether AWS would take a template is for
// cfn-lint to say (template.test.ts), and this is about what comes of one. These tests are steps, each on the one before.

const stack = 'delivery-ledger-prod'
const dataStack = 'delivery-ledger-prod-data'
const tables = ['deliveries', 'inbound', 'quarantine', 'reconciliation', 'suppressions'].map(
  (name) => `${stack}-${name}`,
)
let aws: EmulatedAws

const digest = tokenDigest('a-token-of-the-callback-url')

beforeAll(async () => {
  aws = await startEmulatedAws()
})
afterAll(() => aws.stop())

async function described(table: string): Promise<TableDescription> {
  const { Table } = await aws.dynamoDb.send(new DescribeTableCommand({ TableName: table }))
  if (Table === undefined) throw new Error(`${table} was not described.`)
  return Table
}

/** The tables as the template declares them, by their names. */
async function declaredTables(): Promise<ReadonlyMap<string, Record<string, unknown>>> {
  const { Resources } = await aws.dataTemplate()
  return new Map(
    Object.values(Resources)
      .filter(({ Type }) => Type === 'AWS::DynamoDB::Table')
      .map(({ Properties = {} }) => [String(Properties.TableName), Properties]),
  )
}

/** How a table shows what its template declared. */
const reported: Readonly<Record<string, (table: TableDescription) => unknown>> = {
  TableName: ({ TableName }) => TableName,
  BillingMode: ({ BillingModeSummary }) => BillingModeSummary?.BillingMode,
  AttributeDefinitions: ({ AttributeDefinitions }) => AttributeDefinitions,
  KeySchema: ({ KeySchema }) => KeySchema,
  GlobalSecondaryIndexes: ({ GlobalSecondaryIndexes }) =>
    GlobalSecondaryIndexes?.map(({ IndexName, KeySchema, Projection }) => ({
      IndexName,
      KeySchema,
      Projection,
    })),
  DeletionProtectionEnabled: ({ DeletionProtectionEnabled }) => DeletionProtectionEnabled,
}

/** What moto 5.2 takes from a template without doing it. Only AWS can show these. */
const notShown = ['SSESpecification', 'PointInTimeRecoverySpecification', 'TimeToLiveSpecification']

describe('a deploy that cannot succeed', () => {
  it('says which setting is nowhere, and makes nothing', async () => {
    await expect(aws.serverless('deploy --stage prod')).rejects.toMatchObject({
      stdout: expect.stringContaining(
        'There is no parameter /delivery-ledger-prod/CALLBACK_TOKEN_SHA256 in ap-southeast-1.',
      ),
    })
    expect(await aws.stackStatus(stack)).toBeUndefined()
  })

  it('says that the query API has no token, where it is on', async () => {
    await expect(
      aws.serverless('deploy --stage prod --param=queryApi=on', { CALLBACK_TOKEN_SHA256: digest }),
    ).rejects.toMatchObject({
      stdout: expect.stringContaining(
        'There is no parameter /delivery-ledger-prod/QUERY_TOKEN_SHA256 in ap-southeast-1.',
      ),
    })
    expect(await aws.stackStatus(stack)).toBeUndefined()
  })

  it('says what to do in an account that may run ten functions at once, and makes nothing', async () => {
    const lambda = createServer((_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end('{"AccountLimit":{"ConcurrentExecutions":10,"UnreservedConcurrentExecutions":10}}')
    })
    const port = await listen(lambda, 0, 'the Lambda API')
    const settings = {
      CALLBACK_TOKEN_SHA256: digest,
      AWS_ENDPOINT_URL_LAMBDA: `http://127.0.0.1:${port}`,
    }
    try {
      await expect(aws.serverless('deploy --stage prod', settings)).rejects.toMatchObject({
        stdout: expect.stringContaining(
          'This account may run 10 functions at once, 10 of them unreserved, so it cannot reserve 20 for ingest',
        ),
      })
    } finally {
      await close(lambda)
    }
    expect(await aws.stackStatus(stack)).toBeUndefined()
    expect(await aws.stackStatus(dataStack)).toBeUndefined()
  })
})

describe('serverless info', () => {
  // Of a stack that has nothing but this output: moto makes no function URLs, so no stack of its own has one.
  it('ends with the callback URLs, whole but for the token, and with those of the query API where it is on', async () => {
    const url = 'https://abc123.lambda-url.ap-southeast-1.on.aws/'
    const queryUrl = 'https://def456.lambda-url.ap-southeast-1.on.aws/'
    await aws.putStack('delivery-ledger-urls', {
      Resources: { Topic: { Type: 'AWS::SNS::Topic' } },
      Outputs: { IngestLambdaFunctionUrl: { Value: url }, QueryLambdaFunctionUrl: { Value: queryUrl } },
    })
    const settings = { CALLBACK_TOKEN_SHA256: digest, QUERY_TOKEN_SHA256: digest }
    for (const queryApi of ['off', 'on']) {
      const printed = await aws.serverless(`info --stage urls --param=queryApi=${queryApi}`, settings)
      for (const path of ['tencent-ses', 'sendcloud', 'sent'])
        expect(printed).toContain(`${url}${path}/<token>`)
      expect(printed.includes(`${queryUrl}suppressions/<address>`)).toBe(queryApi === 'on')
      expect(printed).toContain('data stack: delivery-ledger-urls-data')
    }
  })
})

describe('a first deploy', () => {
  it('ends in two finished stacks', async () => {
    await aws.putParameters({ CALLBACK_TOKEN_SHA256: digest })
    await aws.serverless('deploy --stage prod')
    expect(await aws.stackStatus(stack)).toMatch(/^(?:CREATE|UPDATE)_COMPLETE$/)
    expect(await aws.stackStatus(dataStack)).toBe('CREATE_COMPLETE')
    expect((await aws.functions()).map(({ FunctionName }) => FunctionName).sort()).toEqual([
      `${stack}-ingest`,
      `${stack}-reconcile`,
    ])
  })

  it('gives the ingest function the digest that was put', async () => {
    const digests = (await aws.functions()).map(
      ({ Environment }) => Environment.Variables.CALLBACK_TOKEN_SHA256,
    )
    expect(digests).toEqual([digest, undefined])
  })

  it.each(tables)('makes the table %s as it is declared', async (name) => {
    const properties = (await declaredTables()).get(name) ?? {}
    const shown = Object.entries(properties).filter(([property]) => !notShown.includes(property))
    const table = await described(name)
    expect(shown.map(([property]) => [property, reported[property]?.(table)])).toEqual(shown)
    expect(Object.keys(properties)).toEqual(expect.arrayContaining(['KeySchema', 'BillingMode']))
  })

  it('makes the tables on which the tests run', async () => {
    const local = await createTables(aws.dynamoDb, 'local')
    const shape = async (table: string) => {
      const { AttributeDefinitions, KeySchema, ...rest } = await described(table)
      const { BillingModeSummary, GlobalSecondaryIndexes } = rest
      return { AttributeDefinitions, KeySchema, BillingModeSummary, GlobalSecondaryIndexes }
    }
    expect(local.map((name) => name.replace('local', stack)).sort()).toEqual(tables)
    for (const name of local) expect(await shape(name.replace('local', stack))).toEqual(await shape(name))
  })

  it('declares of every table what moto does not show: encryption and recovery, and of three that rows expire', async () => {
    const declared = [...(await declaredTables())].sort(([one], [other]) => (one < other ? -1 : 1))
    expect(
      declared.map(([name, table]) => [name.slice(stack.length + 1), ...notShown.map((key) => table[key])]),
    ).toEqual([
      ['deliveries', encrypted, recoverable, expiring],
      ['inbound', encrypted, recoverable, expiring],
      ['quarantine', encrypted, recoverable, expiring],
      ['reconciliation', encrypted, recoverable, undefined],
      ['suppressions', encrypted, recoverable, undefined],
    ])
  })

  // Fails once moto does more: then the test above can look at the tables themselves.
  it('is not shown by moto for any of these', async () => {
    const [TableName = ''] = tables
    const { TimeToLiveDescription } = await aws.dynamoDb.send(new DescribeTimeToLiveCommand({ TableName }))
    const backups = await aws.dynamoDb.send(new DescribeContinuousBackupsCommand({ TableName }))
    const recovery = backups.ContinuousBackupsDescription?.PointInTimeRecoveryDescription
    expect({
      encryption: (await described(TableName)).SSEDescription,
      expiry: TimeToLiveDescription?.TimeToLiveStatus,
      recovery: recovery?.PointInTimeRecoveryStatus,
    }).toEqual({ encryption: undefined, expiry: 'DISABLED', recovery: 'DISABLED' })
  })
})

describe('the dashboard', () => {
  it('names the functions, logs and alarms of the stack, with nothing left to put in', async () => {
    const text = JSON.stringify(await aws.dashboard(stack))
    expect(text).toContain(
      `arn:aws:cloudwatch:ap-southeast-1:123456789012:alarm:${stack}-callbacks-quiet-tencent-ses","arn:aws:`,
    )
    expect(text).toContain(`"FunctionName","${stack}-ingest"`)
    expect(text).toContain(`"LogGroupName","/aws/lambda/${stack}-reconcile"`)
    expect(text).not.toContain('${')
  })
})

describe('ledger console', () => {
  it('looks at the deployment: its region and account, its tables, and the alarms that are on', async () => {
    const endpoint = aws.environment.AWS_ENDPOINT_URL_DYNAMODB ?? ''
    const region = aws.environment.AWS_REGION ?? ''
    const credentials = { accessKeyId: 'emulated', secretAccessKey: 'emulated' }
    const cloudWatch = new CloudWatchClient({ endpoint, region, credentials })
    const AlarmName = `${stack}-reconcile-failed`
    // moto makes no alarm of a template.
    await cloudWatch.send(
      new PutMetricAlarmCommand({
        AlarmName,
        AlarmDescription: 'Runs of reconcile failed.',
        Namespace: 'delivery-ledger',
        MetricName: 'failed',
        Statistic: 'Sum',
        Period: 300,
        EvaluationPeriods: 1,
        Threshold: 1,
        ComparisonOperator: 'GreaterThanThreshold',
      }),
    )
    await cloudWatch.send(
      new SetAlarmStateCommand({
        AlarmName,
        StateValue: 'ALARM',
        StateReason: 'tried',
      }),
    )
    cloudWatch.destroy()
    const command = run(`exec ${process.execPath} cli/main.ts console`, {
      ...aws.environment,
      AWS_ENDPOINT_URL: endpoint,
      TABLE_PREFIX: stack,
    })
    await command.prints('Ctrl-C ends it.')
    const url = new URL(/http:\S+/.exec(command.output())?.[0] ?? '')
    const first = await fetch(url, { redirect: 'manual' })
    const cookie = first.headers.get('set-cookie')?.split(';')[0] ?? ''
    const page = async (path: string) => (await fetch(new URL(path, url), { headers: { cookie } })).text()
    const home = await page('/')
    expect(home).toContain(`region ${region}`)
    expect(home).toContain('account 123456789012')
    expect(home).toContain('stage stage-prod')
    expect(home).toContain('Runs of reconcile failed.')
    for (const path of [
      '/problems',
      '/stuck',
      '/statistics',
      '/suppressions',
      '/quarantine',
      '/inbound',
      '/runs',
    ]) {
      expect(await page(path)).not.toContain('That did not work')
    }
    command.pressCtrlC()
    expect(await command.exited).toBe(0)
  })
})

const encrypted = { SSEEnabled: true }
const recoverable = { PointInTimeRecoveryEnabled: true }
const expiring = { AttributeName: 'expiresAt', Enabled: true }

const row = { id: { S: 'of the first deploy' } }

describe('a second deploy', () => {
  it('does nothing where nothing has changed', async () => {
    expect(await aws.serverless('deploy --stage prod')).toContain('No changes to deploy')
  })

  it('changes a setting and leaves every row alone', async () => {
    await aws.dynamoDb.send(new PutItemCommand({ TableName: `${stack}-quarantine`, Item: row }))
    await aws.serverless('deploy --stage prod --param=retentionDays=45')
    expect(await aws.stackStatus(stack)).toBe('UPDATE_COMPLETE')
    const retentions = (await aws.functions()).map(({ Environment }) => Environment.Variables.RETENTION_DAYS)
    expect(retentions).toEqual(['45', '45'])
    expect(await rowsOf(aws.dynamoDb, `${stack}-quarantine`)).toEqual([{ id: 'of the first deploy' }])
  })
})

describe('serverless remove', () => {
  it('takes the functions away, and leaves the tables with every row in a stack of their own', async () => {
    expect(await aws.serverless('remove --stage prod')).toContain(
      `The tables stay, in the stack ${dataStack}`,
    )
    expect(await aws.stackStatus(stack)).toBeUndefined()
    expect(await aws.functions()).toEqual([])
    expect(await aws.stackStatus(dataStack)).toBe('CREATE_COMPLETE')
    for (const name of tables) expect(await described(name)).toMatchObject({ TableStatus: 'ACTIVE' })
    expect(await rowsOf(aws.dynamoDb, `${stack}-quarantine`)).toEqual([{ id: 'of the first deploy' }])
  })
})

describe('a deploy after a removal', () => {
  it('finds the tables with every row', async () => {
    await aws.serverless('deploy --stage prod')
    expect(await aws.stackStatus(stack)).toMatch(/^(?:CREATE|UPDATE)_COMPLETE$/)
    expect((await aws.functions()).map(({ FunctionName }) => FunctionName).sort()).toEqual([
      `${stack}-ingest`,
      `${stack}-reconcile`,
    ])
    expect(await rowsOf(aws.dynamoDb, `${stack}-quarantine`)).toEqual([{ id: 'of the first deploy' }])
  })

  // moto calls a table changed without doing it. Only AWS can show more.
  it('changes the stack of the tables where their template has changed, and leaves every row alone', async () => {
    await aws.serverless('deploy --stage prod --param=deletionProtection=false')
    expect(await aws.stackStatus(dataStack)).toBe('UPDATE_COMPLETE')
    expect(await rowsOf(aws.dynamoDb, `${stack}-quarantine`)).toEqual([{ id: 'of the first deploy' }])
  })
})
