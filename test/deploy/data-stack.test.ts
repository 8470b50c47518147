import { createRequire } from 'node:module'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import {
  startSimulatedCloudFormation,
  type SimulatedCloudFormation,
  type Template,
} from './simulated-cloudformation.ts'

// What the plugin does at which step of `serverless`. How a stack is brought up: tables-stack.test.ts. A whole deploy:
// test/aws/deploy.test.ts.

interface Plugin {
  readonly hooks: Readonly<Record<string, () => Promise<void> | void>>
}
const DataStack = createRequire(import.meta.url)('../../deploy/data-stack.cjs') as new (
  serverless: object,
  options: object,
  utils: object,
  pollMs: number,
) => Plugin

const engine = embeddedTables()
let simulated: SimulatedCloudFormation
let table: string
let run = 0

beforeEach(async () => {
  simulated = await startSimulatedCloudFormation(engine.client)
  run += 1
  table = `ledger-${run}-letters`
})
afterEach(() => simulated.stop())

function templateWith(DeletionPolicy: string): Template {
  const Properties = {
    TableName: table,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
  }
  return { Resources: { LettersTable: { Type: 'AWS::DynamoDB::Table', DeletionPolicy, Properties } } }
}

/** `serverless` with a command of its own, as the plugin meets it. */
function started(command: string, dataStack: object = templateWith('Retain')) {
  const notices: string[] = []
  const written = new Map<string, unknown>()
  const outputs = new Map<string, unknown>()
  const aws = {
    naming: { getStackName: () => 'ledger-prod' },
    getStage: () => 'prod',
    getCustomDeploymentRole: () => undefined,
    getAwsSdkV3Config: () =>
      Promise.resolve({
        endpoint: simulated.url,
        region: 'ap-southeast-1',
        credentials: { accessKeyId: 'simulated', secretAccessKey: 'simulated' },
      }),
  }
  const serverless = {
    getProvider: () => aws,
    serviceDir: '/project',
    service: { custom: { dataStack } },
    processedInput: { commands: [command] },
    serviceOutputs: outputs,
    classes: { Error },
    utils: { writeFileSync: (file: string, content: unknown) => written.set(file, content) },
  }
  const say = { notice: (line: string) => notices.push(line) }
  const { hooks } = new DataStack(serverless, {}, { log: say, progress: { get: () => say } }, 1)
  return { at: async (step: string) => hooks[step]?.(), notices, written, outputs }
}

describe('serverless deploy', () => {
  it('brings the tables up before the functions', async () => {
    const { at } = started('deploy')
    await at('before:deploy:deploy')
    expect(simulated.statusOf('ledger-prod-data')).toBe('CREATE_COMPLETE')
    expect(simulated.tablesOf('ledger-prod-data')).toEqual([table])
    simulated.calls.length = 0
    await at('after:aws:deploy:deploy:updateStack')
    expect(simulated.calls).toEqual([])
  })

  it('moves tables that the functions have in their stack, once that has let go of them', async () => {
    await simulated.putStack('ledger-prod', templateWith('Retain'))
    await engine.client.send(new PutItemCommand({ TableName: table, Item: { id: { S: 'of before' } } }))
    const { at, notices } = started('deploy')
    await at('before:deploy:deploy')
    expect(simulated.calls).toEqual([])
    expect(notices).toEqual([
      'The tables move from the stack ledger-prod into ledger-prod-data. They stay as they are.',
    ])
    await simulated.putStack('ledger-prod', { Resources: {} })
    await at('after:aws:deploy:deploy:updateStack')
    expect(simulated.tablesOf('ledger-prod')).toEqual([])
    expect(simulated.tablesOf('ledger-prod-data')).toEqual([table])
    expect(await rowsOf(engine.client, table)).toEqual([{ id: 'of before' }])
  })

  it('is refused where the stack of the functions would delete its tables instead of letting go of them', async () => {
    await simulated.putStack('ledger-prod', templateWith('Delete'))
    await expect(started('deploy').at('before:deploy:deploy')).rejects.toThrow(
      `The stack ledger-prod holds tables still, and this deploy would delete them with all their rows: ${table}.`,
    )
    expect(simulated.calls).toEqual([])
  })
})

describe('an index that a setting makes', () => {
  const indexOf = (name: string, MadeWith?: string) => ({
    IndexName: `by-${name}`,
    ...(MadeWith !== undefined && { MadeWith }),
    KeySchema: [{ AttributeName: name, KeyType: 'HASH' }],
    Projection: { ProjectionType: 'KEYS_ONLY' },
  })
  const declared = {
    TableName: 'letters',
    AttributeDefinitions: ['id', 'day', 'own', 'rfc', 'other'].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S',
    })),
    KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
    GlobalSecondaryIndexes: [
      indexOf('day'),
      indexOf('own', 'SC-Custom-Order'),
      indexOf('rfc', 'off'),
      indexOf('other', ''),
    ],
  }

  it('is in the template where it is set, and its attribute is not where it is not', async () => {
    const { at, written } = started('package', { Resources: { LettersTable: { Properties: declared } } })
    await at('before:aws:package:finalize:saveServiceState')
    expect([...written.values()]).toEqual([
      {
        Resources: {
          LettersTable: {
            Properties: {
              ...declared,
              AttributeDefinitions: [
                { AttributeName: 'id', AttributeType: 'S' },
                { AttributeName: 'day', AttributeType: 'S' },
                { AttributeName: 'own', AttributeType: 'S' },
              ],
              GlobalSecondaryIndexes: [indexOf('day'), indexOf('own')],
            },
          },
        },
      },
    ])
  })
})

describe('other commands of serverless', () => {
  it('package: writes the template beside the others', async () => {
    const { at, written } = started('package')
    await at('before:aws:package:finalize:saveServiceState')
    expect([...written]).toEqual([
      ['/project/.serverless/cloudformation-template-data-stack.json', templateWith('Retain')],
    ])
  })

  it('info: names the stack', async () => {
    const { at, outputs } = started('info')
    await at('after:aws:info:displayServiceInfo')
    expect([...outputs]).toEqual([['data stack', 'ledger-prod-data']])
  })

  it('remove: leaves the tables, and says where they are', async () => {
    await simulated.putStack('ledger-prod-data', templateWith('Retain'))
    const { at, notices } = started('remove')
    await at('after:remove:remove')
    expect(simulated.tablesOf('ledger-prod-data')).toEqual([table])
    expect(simulated.calls).toEqual([])
    expect(notices).toEqual([
      'The tables stay, in the stack ledger-prod-data: the next deploy finds them. docs/deploy.md says how to delete them ("Remove").',
    ])
  })
})
