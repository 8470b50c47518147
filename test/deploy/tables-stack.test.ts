import { createRequire } from 'node:module'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { CloudFormationClient } from '@aws-sdk/client-cloudformation'
import { CreateTableCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import {
  startSimulatedCloudFormation,
  type SimulatedCloudFormation,
  type Template,
} from './simulated-cloudformation.ts'

// The emulated AWS of `npm run test:aws` knows neither imports nor failures, and lets no resource go without deleting it.

interface Aws {
  readonly cloudFormation: CloudFormationClient
  readonly wait: () => Promise<void>
}

interface TablesStack {
  readonly bringUpTables: (
    aws: Aws,
    wanted: { stack: string; template: Template; say: (line: string) => void },
  ) => Promise<void>
  readonly tablesHeldBy: (
    aws: Aws,
    stack: string,
  ) => Promise<readonly { table: string; deletionPolicy: string }[]>
}
const { bringUpTables, tablesHeldBy } = createRequire(import.meta.url)(
  '../../deploy/tables-stack.cjs',
) as TablesStack

const engine = embeddedTables()
const stack = 'ledger-prod-data'
let cloudFormation: CloudFormationClient
let simulated: SimulatedCloudFormation
let waits: number
let said: string[]
let names: Readonly<Record<'letters' | 'stamps' | 'parcels', string>>
let run = 0

beforeEach(async () => {
  simulated = await startSimulatedCloudFormation(engine.client)
  cloudFormation = new CloudFormationClient({
    endpoint: simulated.url,
    region: 'ap-southeast-1',
    credentials: { accessKeyId: 'simulated', secretAccessKey: 'simulated' },
  })
  waits = 0
  said = []
  run += 1
  names = { letters: `run-${run}-letters`, stamps: `run-${run}-stamps`, parcels: `run-${run}-parcels` }
})
afterEach(async () => {
  cloudFormation.destroy()
  await simulated.stop()
})

function repairRow(template: Template): Promise<void> {
  const wait = () => {
    waits += 1
    return Promise.resolve()
  }
  return bringUpTables(
    { cloudFormation, wait },
    {
      stack,
      template,
      say: (line) => {
        said.push(line)
      },
    },
  )
}

const tableOf = (name: string) => ({
  TableName: name,
  BillingMode: 'PAY_PER_REQUEST' as const,
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' as const }],
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' as const }],
})

function templateOf(tables: readonly (keyof typeof names)[], DeletionPolicy = 'Retain'): Template {
  return {
    Resources: Object.fromEntries(
      tables.map((table) => [
        `${table}Table`,
        { Type: 'AWS::DynamoDB::Table', DeletionPolicy, Properties: tableOf(names[table]) },
      ]),
    ),
  }
}

async function makeTable(TableName: string): Promise<void> {
  await engine.client.send(new CreateTableCommand(tableOf(TableName)))
}

async function putRow(TableName: string): Promise<void> {
  await engine.client.send(new PutItemCommand({ TableName, Item: { id: { S: 'of before' } } }))
}

const row = { id: 'of before' }

describe('a stack of tables that is not there', () => {
  it('is made, and waited for', async () => {
    await repairRow(templateOf(['letters', 'stamps']))
    expect(simulated.statusOf(stack)).toBe('CREATE_COMPLETE')
    expect(simulated.tablesOf(stack)).toEqual([names.letters, names.stamps])
    expect(simulated.calls).toEqual(['CreateChangeSet CREATE', 'ExecuteChangeSet CREATE'])
    expect(waits).toBe(2)
  })

  it('takes in, with its rows, what a stack left that is gone, and makes what is missing', async () => {
    await repairRow(templateOf(['letters', 'stamps']))
    await putRow(names.letters)
    await simulated.deleteStack(stack)
    await repairRow(templateOf(['letters', 'stamps', 'parcels']))
    expect(simulated.statusOf(stack)).toBe('CREATE_COMPLETE')
    expect(simulated.tablesOf(stack)).toEqual([names.letters, names.parcels, names.stamps])
    expect(await rowsOf(engine.client, names.letters)).toEqual([row])
  })

  it('is made at the next deploy where its first change set was refused', async () => {
    await makeTable(names.letters)
    await expect(repairRow(templateOf(['letters'], 'Delete'))).rejects.toThrow(
      'The stack ledger-prod-data was not changed: CloudFormation is attempting to import some resources',
    )
    expect(simulated.statusOf(stack)).toBe('REVIEW_IN_PROGRESS')
    await repairRow(templateOf(['letters']))
    expect(simulated.statusOf(stack)).toBe('CREATE_COMPLETE')
    expect(simulated.tablesOf(stack)).toEqual([names.letters])
  })
})

describe('a first deploy that fails half-way', () => {
  it('says which table failed and why, and is made up for by the next', async () => {
    simulated.failures.set('stampsTable', 'Subscriber limit exceeded: 2500 tables')
    await expect(repairRow(templateOf(['letters', 'stamps']))).rejects.toThrow(
      'The stack ledger-prod-data was not changed (ROLLBACK_COMPLETE).\n  stampsTable: Subscriber limit exceeded: 2500 tables',
    )
    simulated.failures.clear()
    await repairRow(templateOf(['letters', 'stamps']))
    expect(simulated.statusOf(stack)).toBe('CREATE_COMPLETE')
    expect(simulated.tablesOf(stack)).toEqual([names.letters, names.stamps])
  })

  it('leaves nothing to take in where tables go with their stack', async () => {
    simulated.failures.set('stampsTable', 'Subscriber limit exceeded: 2500 tables')
    await expect(repairRow(templateOf(['letters', 'stamps'], 'Delete'))).rejects.toThrow('Subscriber limit')
    simulated.failures.clear()
    await repairRow(templateOf(['letters', 'stamps'], 'Delete'))
    expect(simulated.statusOf(stack)).toBe('CREATE_COMPLETE')
  })
})

describe('a stack of tables that is there', () => {
  it('is left alone where nothing has changed', async () => {
    await repairRow(templateOf(['letters']))
    simulated.calls.length = 0
    await repairRow(templateOf(['letters']))
    expect(simulated.calls).toEqual(['CreateChangeSet UPDATE', 'DeleteChangeSet'])
    expect(simulated.statusOf(stack)).toBe('CREATE_COMPLETE')
  })

  it('gets the tables that a new version adds, and keeps the rows of the others', async () => {
    await repairRow(templateOf(['letters']))
    await putRow(names.letters)
    await repairRow(templateOf(['letters', 'stamps']))
    expect(simulated.tablesOf(stack)).toEqual([names.letters, names.stamps])
    expect(await rowsOf(engine.client, names.letters)).toEqual([row])
  })

  it('lets go of a table that a new version has no more, with its rows, and takes it in again', async () => {
    await repairRow(templateOf(['letters', 'stamps']))
    await putRow(names.stamps)
    await repairRow(templateOf(['letters']))
    expect(simulated.tablesOf(stack)).toEqual([names.letters])
    await repairRow(templateOf(['letters', 'stamps', 'parcels']))
    expect(simulated.tablesOf(stack)).toEqual([names.letters, names.parcels, names.stamps])
    expect(await rowsOf(engine.client, names.stamps)).toEqual([row])
  })

  it('says why where CloudFormation cannot change it, and can be changed after that', async () => {
    const { Resources } = templateOf(['letters'])
    await repairRow({ Resources })
    const { lettersTable } = Resources
    const KeySchema = [{ AttributeName: 'other', KeyType: 'HASH' as const }]
    const replacing = { ...lettersTable!, Properties: { ...lettersTable!.Properties, KeySchema } }
    await expect(repairRow({ Resources: { lettersTable: replacing } })).rejects.toThrow(
      'The stack ledger-prod-data was not changed (UPDATE_ROLLBACK_COMPLETE).\n' +
        '  lettersTable: CloudFormation cannot update a stack when a custom-named resource requires replacing.',
    )
    await repairRow(templateOf(['letters', 'stamps']))
    expect(simulated.tablesOf(stack)).toEqual([names.letters, names.stamps])
  })

  const indexOf = (name: string) => ({
    IndexName: name,
    KeySchema: [{ AttributeName: name, KeyType: 'HASH' as const }],
    Projection: { ProjectionType: 'KEYS_ONLY' as const },
  })
  const indexedBy = (...indexes: readonly string[]): Template => {
    const { lettersTable } = templateOf(['letters', 'stamps']).Resources
    const AttributeDefinitions = ['id', ...indexes].map((AttributeName) => ({
      AttributeName,
      AttributeType: 'S' as const,
    }))
    const GlobalSecondaryIndexes = indexes.length === 0 ? undefined : indexes.map(indexOf)
    const Properties = { ...lettersTable!.Properties, AttributeDefinitions, GlobalSecondaryIndexes }
    return {
      Resources: {
        ...templateOf(['letters', 'stamps']).Resources,
        lettersTable: { ...lettersTable!, Properties },
      },
    }
  }
  const indexes = () => simulated.indexesOf(stack, 'lettersTable')
  const executed = () => simulated.calls.filter((call) => call.startsWith('Execute')).length

  it('gets and loses its indexes one in each update, and says so', async () => {
    await repairRow(indexedBy('byDay'))
    await putRow(names.letters)
    simulated.calls.length = 0
    await repairRow(indexedBy('byOwnId', 'byRfcId'))
    expect(indexes()).toEqual(['byOwnId', 'byRfcId'])
    expect(executed()).toBe(3)
    expect(said).toEqual([
      'DynamoDB makes or removes one index of a table at a time: update 1 of 3 of the stack ledger-prod-data.',
      'DynamoDB makes or removes one index of a table at a time: update 2 of 3 of the stack ledger-prod-data.',
      'DynamoDB makes or removes one index of a table at a time: update 3 of 3 of the stack ledger-prod-data.',
    ])
    expect(await rowsOf(engine.client, names.letters)).toEqual([row])
  })

  it('goes on between two indexes where a deploy ended there', async () => {
    await repairRow(indexedBy())
    await simulated.putStack(stack, indexedBy('byOwnId'))
    simulated.calls.length = 0
    await repairRow(indexedBy('byOwnId', 'byRfcId'))
    expect(indexes()).toEqual(['byOwnId', 'byRfcId'])
    expect(executed()).toBe(1)
    expect(said).toEqual([])
  })

  it.each([
    [
      'UPDATE_IN_PROGRESS',
      'is being changed (UPDATE_IN_PROGRESS): wait until that is over, and deploy again.',
    ],
    ['UPDATE_ROLLBACK_FAILED', 'cannot be changed (UPDATE_ROLLBACK_FAILED).'],
    ['DELETE_FAILED', 'cannot be changed (DELETE_FAILED).'],
  ])('is not touched while it is in the state %s', async (status, expected) => {
    await repairRow(templateOf(['letters']))
    simulated.setStatus(stack, status)
    simulated.calls.length = 0
    await expect(repairRow(templateOf(['letters', 'stamps']))).rejects.toThrow(
      `The stack ledger-prod-data ${expected}`,
    )
    expect(simulated.calls).toEqual([])
  })
})

describe('tables that another stack holds', () => {
  it('are named with what becomes of them', async () => {
    const held = () => tablesHeldBy({ cloudFormation, wait: () => Promise.resolve() }, 'ledger-prod')
    expect(await held()).toEqual([])
    await simulated.putStack('ledger-prod', templateOf(['letters', 'stamps', 'parcels']))
    expect(await held()).toEqual([
      { table: names.letters, deletionPolicy: 'Retain' },
      { table: names.stamps, deletionPolicy: 'Retain' },
      { table: names.parcels, deletionPolicy: 'Retain' },
    ])
  })

  it('are not taken from it', async () => {
    await simulated.putStack('ledger-prod', templateOf(['letters']))
    await expect(repairRow(templateOf(['letters']))).rejects.toThrow(
      'The stack ledger-prod-data was not changed: Resource lettersTable already exists in stack ledger-prod',
    )
    expect(simulated.tablesOf('ledger-prod')).toEqual([names.letters])
  })
})
