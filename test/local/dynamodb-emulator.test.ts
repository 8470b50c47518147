import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { PutItemCommand, UpdateItemCommand, type UpdateItemCommandInput } from '@aws-sdk/client-dynamodb'
import { tableNames } from '../../lib/table/names.ts'
import { startDynamoDbEmulator, type DynamoDbEmulator } from '../../local/dynamodb-emulator.ts'
import { createTables } from '../../local/tables.ts'

// It refuses what DynamoDB refuses, so that no test passes on a write that DynamoDB would not take.

const { deliveries: TableName } = tableNames('test')
const Key = { recipient: { S: 'a' }, message: { S: 'm' } }
let engine: DynamoDbEmulator

beforeAll(async () => {
  engine = await startDynamoDbEmulator(0)
  await createTables(engine.client, 'test')
})

afterAll(() => engine.stop())

function update(values: Readonly<Record<string, string>>, expressions: Partial<UpdateItemCommandInput>) {
  const ExpressionAttributeValues = Object.fromEntries(
    Object.entries(values).map(([name, text]) => [name, { S: text }]),
  )
  return engine.client.send(
    new UpdateItemCommand({ TableName, Key, ExpressionAttributeValues, ...expressions }),
  )
}

describe('an item', () => {
  const writes = {
    put: (text: string) =>
      engine.client.send(new PutItemCommand({ TableName, Item: { ...Key, v: { S: text } } })),
    update: (text: string) => update({ ':v': text }, { UpdateExpression: 'SET v = :v' }),
  }

  // 409,600 bytes: two keys and their names take 9 + 1 and 7 + 1, the name of the text 1, and the text the rest.
  it.each([
    ['put', 'x', 409_581],
    ['put', '您', 136_527],
    ['update', 'x', 409_581],
    ['update', '您', 136_527],
  ] as const)('may have 400 KB in UTF-8 and no more: %s, of %s', async (write, letter, count) => {
    await writes[write](letter.repeat(count))
    await expect(writes[write](letter.repeat(count + 1))).rejects.toMatchObject({
      name: 'ValidationException',
    })
  })
})

describe('an expression', () => {
  it.each([
    ['UpdateExpression', { UpdateExpression: 'SET v = :v' }],
    [
      'ConditionExpression',
      { UpdateExpression: 'SET v = :v', ConditionExpression: 'attribute_not_exists(w)' },
    ],
  ] as const)('may have 4 KB and no more: %s', async (name, expressions: Partial<UpdateItemCommandInput>) => {
    const set = (bytes: number) =>
      update({ ':v': 'x' }, { ...expressions, [name]: expressions[name]?.padEnd(bytes) })
    await set(4_096)
    await expect(set(4_097)).rejects.toMatchObject({
      name: 'ValidationException',
      message: `Invalid ${name}: Expression size has exceeded the maximum allowed size; expression size: 4097`,
    })
  })
})

describe('a condition', () => {
  const set = (v: string, wanted: string, unused: Readonly<Record<string, string>> = {}) =>
    update(
      { ':v': v, ':wanted': wanted, ...unused },
      { UpdateExpression: 'SET v = :v', ConditionExpression: 'attribute_not_exists(v) OR v = :wanted' },
    )

  // It is parsed once for all values.
  it('is decided by the values of its own request', async () => {
    await update({ ':v': 'one' }, { UpdateExpression: 'SET v = :v' })
    await set('two', 'one')
    await expect(set('three', 'one')).rejects.toMatchObject({ name: 'ConditionalCheckFailedException' })
    await set('three', 'two')
  })

  it('leaves no value of its request unused, each time', async () => {
    for (let time = 0; time < 2; time += 1) {
      await expect(set('two', 'one', { ':other': 'x' })).rejects.toMatchObject({
        name: 'ValidationException',
      })
    }
  })
})
