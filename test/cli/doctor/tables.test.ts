import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTimeToLiveCommand,
  DynamoDBClient,
  ListTablesCommand,
  type CreateTableCommandInput,
} from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { Check } from '../../../cli/doctor/check.ts'
import { checkDynamoDb } from '../../../cli/doctor/dynamodb.ts'
import { checkTables } from '../../../cli/doctor/tables.ts'
import { tableNames } from '../../../lib/table/names.ts'
import { createTables } from '../../../local/tables.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { startRefusingDynamoDb } from './refusing-dynamodb.ts'

const engine = embeddedTables()
const prod = { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'ap-southeast-1' }

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

let deployments = 0

/** Tables as serverless.yml declares them, but for those that are made here. */
async function deployedWith(
  ...others: readonly ((prefix: string) => Omit<CreateTableCommandInput, 'BillingMode'>)[]
): Promise<string> {
  deployments += 1
  const prefix = `deployment-${deployments}`
  for (const other of others) {
    await engine.client.send(new CreateTableCommand({ BillingMode: 'PAY_PER_REQUEST', ...other(prefix) }))
  }
  await createTables(engine.client, prefix)
  return prefix
}

function tablesOf(
  name: string,
  client = engine.client,
  environment = prod,
  settings = {},
): Promise<readonly Check[]> {
  return checkTables({ client, name, environment, settings, doRowsExpire: client !== engine.client })
}

const recipientAndMessage = {
  AttributeDefinitions: ['recipient', 'message', 'messageId', 'pending', 'problemDay'].map(
    (AttributeName) => ({
      AttributeName,
      AttributeType: 'S' as const,
    }),
  ),
  KeySchema: [
    { AttributeName: 'recipient', KeyType: 'HASH' as const },
    { AttributeName: 'message', KeyType: 'RANGE' as const },
  ],
}
const byMessage = {
  IndexName: 'byMessage',
  KeySchema: [
    { AttributeName: 'messageId', KeyType: 'HASH' as const },
    { AttributeName: 'recipient', KeyType: 'RANGE' as const },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' as const },
}
const pending = {
  IndexName: 'pending',
  KeySchema: [
    { AttributeName: 'pending', KeyType: 'HASH' as const },
    { AttributeName: 'message', KeyType: 'RANGE' as const },
  ],
  Projection: { ProjectionType: 'INCLUDE' as const, NonKeyAttributes: ['provider', 'status'] },
}

const problems = {
  IndexName: 'problems',
  KeySchema: [
    { AttributeName: 'problemDay', KeyType: 'HASH' as const },
    { AttributeName: 'message', KeyType: 'RANGE' as const },
  ],
  Projection: {
    ProjectionType: 'INCLUDE' as const,
    NonKeyAttributes: ['template', 'fromDomain', 'provider', 'status'],
  },
}

describe('the tables', () => {
  it('are as serverless.yml declares them', async () => {
    const name = await deployedWith()
    expect(await tablesOf(name)).toEqual([
      { check: 'tables', verdict: 'passed', found: `5 of ${name}, as serverless.yml declares them` },
    ])
  })

  it('are the same whatever the order of what an index projects', async () => {
    const name = await deployedWith((prefix) => ({
      TableName: `${prefix}-deliveries`,
      ...recipientAndMessage,
      GlobalSecondaryIndexes: [problems, pending, byMessage],
    }))
    expect(await tablesOf(name)).toMatchObject([{ verdict: 'passed' }])
  })

  it('are not there at all under another name', async () => {
    expect(await tablesOf('delivery-ledger-nobody')).toEqual([
      {
        check: 'tables',
        verdict: 'failed',
        found: 'there are none called delivery-ledger-nobody-…',
        advice:
          'Check TABLE_PREFIX and AWS_REGION, or deploy: `npx serverless deploy --stage prod --region ap-southeast-1`.',
      },
    ])
  })

  it('of the local stack are made by starting it, and not by a deploy', async () => {
    const local = { TABLE_PREFIX: 'delivery-ledger-local', AWS_REGION: 'local' }
    expect(await tablesOf('delivery-ledger-local', engine.client, local)).toMatchObject([
      {
        found: 'there are none called delivery-ledger-local-…',
        advice: 'Something else answers there. Start the local stack (npm start).',
      },
    ])
    const name = await deployedWith((prefix) => ({
      TableName: `${prefix}-deliveries`,
      ...recipientAndMessage,
      AttributeDefinitions: recipientAndMessage.AttributeDefinitions.slice(0, 3),
      GlobalSecondaryIndexes: [byMessage],
    }))
    expect(await tablesOf(name, engine.client, local)).toMatchObject([
      {
        found: `${name}-deliveries lacks the index pending`,
        advice:
          'It was made by another version or with other settings: stop the local stack, delete the folder in which its tables persist, and start it again.',
      },
    ])
  })

  it('lack one that was deleted', async () => {
    const name = await deployedWith()
    const { quarantine: TableName } = tableNames(name)
    await engine.client.send(new DeleteTableCommand({ TableName }))
    const isThere = async () =>
      (await engine.client.send(new ListTablesCommand({}))).TableNames!.includes(TableName)
    while (await isThere());
    expect(await tablesOf(name)).toEqual([
      {
        check: 'tables',
        verdict: 'failed',
        found: `${name}-quarantine is not there`,
        advice: 'Deploy: `npx serverless deploy --stage prod --region ap-southeast-1`.',
      },
    ])
  })

  it('have another key, or another type of it', async () => {
    const name = await deployedWith(
      (prefix) => ({
        TableName: `${prefix}-quarantine`,
        AttributeDefinitions: [{ AttributeName: 'hash', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'hash', KeyType: 'HASH' }],
      }),
      (prefix) => ({
        TableName: `${prefix}-reconciliation`,
        AttributeDefinitions: [{ AttributeName: 'job', AttributeType: 'N' }],
        KeySchema: [{ AttributeName: 'job', KeyType: 'HASH' }],
      }),
    )
    const advice =
      'It was made by another version: check out the one that is deployed. CHANGELOG.md says what a newer one asks for.'
    expect(await tablesOf(name)).toEqual([
      {
        check: 'tables',
        verdict: 'failed',
        found: `${name}-quarantine has the key hash (S, HASH) instead of id (S, HASH)`,
        advice,
      },
      {
        check: 'tables',
        verdict: 'failed',
        found: `${name}-reconciliation has the key job (N, HASH) instead of job (S, HASH)`,
        advice,
      },
    ])
  })

  it('lack an index', async () => {
    const name = await deployedWith((prefix) => ({
      TableName: `${prefix}-deliveries`,
      ...recipientAndMessage,
      AttributeDefinitions: recipientAndMessage.AttributeDefinitions.filter(
        ({ AttributeName }) => AttributeName !== 'pending',
      ),
      GlobalSecondaryIndexes: [byMessage, problems],
    }))
    expect(await tablesOf(name)).toEqual([
      {
        check: 'tables',
        verdict: 'failed',
        found: `${name}-deliveries lacks the index pending`,
        advice: 'Deploy this version: that adds it.',
      },
    ])
  })

  it.each([
    ['byOwnId', { CORRELATION_HEADER: 'SC-Custom-Order' }],
    ['byRfcMessageId', { RFC_MESSAGE_ID_INDEX: 'on' }],
  ])('lack the index %s where the setting wants it', async (index, settings) => {
    const name = await deployedWith()
    expect(await tablesOf(name, engine.client, prod, settings)).toEqual([
      {
        check: 'tables',
        verdict: 'failed',
        found: `${name}-deliveries lacks the index ${index}`,
        advice: 'Deploy this version: that adds it.',
      },
    ])
    expect(await tablesOf(name, engine.client, prod, { RFC_MESSAGE_ID_INDEX: 'off' })).toMatchObject([
      { verdict: 'passed' },
    ])
  })

  it('have an index of another version', async () => {
    const name = await deployedWith((prefix) => ({
      TableName: `${prefix}-deliveries`,
      ...recipientAndMessage,
      GlobalSecondaryIndexes: [
        byMessage,
        { ...pending, Projection: { ProjectionType: 'INCLUDE', NonKeyAttributes: ['status'] } },
        problems,
      ],
    }))
    expect(await tablesOf(name)).toEqual([
      {
        check: 'tables',
        verdict: 'failed',
        found: `${name}-deliveries has the index pending as pending (S, HASH), message (S, RANGE), INCLUDE, status instead of pending (S, HASH), message (S, RANGE), INCLUDE, provider, status`,
        advice:
          'It was made by another version: check out the one that is deployed. CHANGELOG.md says what a newer one asks for.',
      },
    ])
  })
})

/** The engine, which knows nothing of time to live, with somebody who does. */
function withTimeToLive(attributeOf: (table: string) => string | undefined): DynamoDBClient {
  const client = new DynamoDBClient({
    endpoint: engine.endpoint,
    region: 'local',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  stops.push(() => {
    client.destroy()
    return Promise.resolve()
  })
  client.middlewareStack.add(
    (next, context) => (args) => {
      if (context.commandName !== DescribeTimeToLiveCommand.name) return next(args)
      const { TableName = '' } = args.input as { TableName?: string }
      const AttributeName = attributeOf(TableName)
      const TimeToLiveStatus = AttributeName === undefined ? 'DISABLED' : 'ENABLED'
      const output = { $metadata: {}, TimeToLiveDescription: { TimeToLiveStatus, AttributeName } }
      return Promise.resolve({ output, response: {} })
    },
    { step: 'initialize' },
  )
  return client
}

const declaredExpiry = (table: string) =>
  /-(?:deliveries|inbound|quarantine)$/.test(table) ? 'expiresAt' : undefined

describe('the rows', () => {
  it('leave the tables as serverless.yml declares it', async () => {
    const name = await deployedWith()
    expect(await tablesOf(name, withTimeToLive(declaredExpiry))).toMatchObject([{ verdict: 'passed' }])
  })

  it('stay for ever, or leave by something else', async () => {
    const name = await deployedWith()
    const client = withTimeToLive((table) => (table.endsWith('-inbound') ? 'ttl' : undefined))
    expect(await tablesOf(name, client)).toEqual([
      {
        check: 'tables',
        verdict: 'failed',
        found: `${name}-deliveries keeps its rows for ever, though they are to leave by expiresAt`,
        advice: 'Deploy this version, or turn its time to live on by expiresAt.',
      },
      {
        check: 'tables',
        verdict: 'failed',
        found: `${name}-inbound lets rows leave by ttl, though they are to leave by expiresAt`,
        advice: 'Deploy this version, or turn its time to live on by expiresAt.',
      },
      {
        check: 'tables',
        verdict: 'failed',
        found: `${name}-quarantine keeps its rows for ever, though they are to leave by expiresAt`,
        advice: 'Deploy this version, or turn its time to live on by expiresAt.',
      },
    ])
  })

  it('leave a table in which they are to stay', async () => {
    const name = await deployedWith()
    expect(
      await tablesOf(
        name,
        withTimeToLive((table) => declaredExpiry(table) ?? 'since'),
      ),
    ).toMatchObject([
      {
        verdict: 'failed',
        found: `${name}-suppressions loses rows by since`,
        advice: 'Turn its time to live off: what is in it does not become untrue with time.',
      },
      { verdict: 'failed', found: `${name}-reconciliation loses rows by since` },
    ])
  })
})

async function refusing(...how: Parameters<typeof startRefusingDynamoDb>): Promise<DynamoDBClient> {
  const { endpoint, stop } = await startRefusingDynamoDb(...how)
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ endpoint, region: 'local', credentials, maxAttempts: 1 })
  stops.push(stop, () => {
    client.destroy()
    return Promise.resolve()
  })
  return client
}

describe('credentials', () => {
  it('that may describe no table get the permission to ask for', async () => {
    const client = await refusing('AccessDeniedException')
    const checks = await tablesOf('x', client)
    expect(checks).toHaveLength(5)
    expect(checks[0]).toEqual({
      check: 'tables',
      verdict: 'failed',
      found: 'x-deliveries may not be looked at',
      advice: 'Allow dynamodb:DescribeTable on it to these credentials.',
    })
  })

  it('that may not see how rows expire still get the rest', async () => {
    const name = await deployedWith()
    const client = withTimeToLive(() => {
      throw Object.assign(new Error('not authorized'), { name: 'AccessDeniedException' })
    })
    expect(await tablesOf(name, client)).toEqual([
      {
        check: 'tables',
        verdict: 'passed',
        found: `5 of ${name}, as serverless.yml declares them; whether rows expire may not be asked (dynamodb:DescribeTimeToLive)`,
      },
    ])
  })

  it('are needed, and known to AWS', async () => {
    const client = await refusing('UnrecognizedClientException')
    expect(await checkDynamoDb({ client, store: { tables: tableNames('x') } }, prod)).toEqual({
      check: 'DynamoDB',
      verdict: 'failed',
      found: 'AWS does not accept the credentials (UnrecognizedClientException)',
      advice:
        "Set AWS_PROFILE, or sign in with the AWS CLI. AWS also refuses them where this machine's clock is wrong.",
    })
  })

  it('are no matter of tables that are not there', async () => {
    const client = await refusing('ResourceNotFoundException')
    expect(await checkDynamoDb({ client, store: { tables: tableNames('x') } }, prod)).toEqual({
      check: 'DynamoDB',
      verdict: 'passed',
      found: 'answers in ap-southeast-1',
    })
  })

  it.each([
    [{ AWS_ENDPOINT_URL: 'http://aws.example' }, 'answers at http://aws.example'],
    [
      { AWS_ENDPOINT_URL: 'http://aws.example', AWS_ENDPOINT_URL_DYNAMODB: 'http://tables.example' },
      'answers at http://tables.example',
    ],
  ])('are accepted where %j leads', async (endpoints, found) => {
    const client = await refusing('ResourceNotFoundException')
    expect(
      await checkDynamoDb({ client, store: { tables: tableNames('x') } }, { ...prod, ...endpoints }),
    ).toMatchObject({ found })
  })
})

describe('a table', () => {
  it('that cannot be used says in which state it is', async () => {
    const client = await refusing('ValidationException', {
      DescribeTable: (TableName) => ({ Table: { TableName, TableStatus: 'DELETING' } }),
    })
    expect((await tablesOf('x', client))[0]).toEqual({
      check: 'tables',
      verdict: 'failed',
      found: 'x-deliveries cannot be used: it is DELETING',
      advice: 'Wait until it is ACTIVE. Of INACCESSIBLE_ENCRYPTION_CREDENTIALS the key in KMS is the cause.',
    })
  })

  it('that cannot be looked at for another reason says for which', async () => {
    const client = await refusing('InternalServerError')
    expect((await tablesOf('x', client))[0]).toMatchObject({
      verdict: 'failed',
      found: expect.stringMatching(/^x-deliveries cannot be looked at \(InternalServerError: /),
      advice: 'Try again.',
    })
  })
})
