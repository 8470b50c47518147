/**
 * Calls to DynamoDB per callback, ours beside two usual designs, on one realistic stream. Every design runs for real on
 * the emulator; a failed condition is a call like any other. `npm run bench:writes`
 */
import {
  ConditionalCheckFailedException,
  CreateTableCommand,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import { impliedStatus, statusRanks } from '../lib/core/delivery.ts'
import type { DeliveryEvent } from '../lib/core/event.ts'
import { factOf } from '../lib/core/fact.ts'
import { recordingSuppressions } from '../lib/suppressions/record-with-suppressions.ts'
import { deliveryWriter } from '../lib/table/delivery-writer.ts'
import { tableNames } from '../lib/table/names.ts'
import { suppressionWriter } from '../lib/table/suppression-writer.ts'
import { startDynamoDbEmulator } from '../local/dynamodb-emulator.ts'
import { createTables } from '../local/tables.ts'
import { virtualClock } from '../local/virtual-clock.ts'
import { callbackStream, streamStartMs } from './callback-stream.ts'
import { countedCalls } from './counted-calls.ts'

const seed = Number(process.env.SEED ?? 1)
const prefix = 'bench'

type Design = (event: DeliveryEvent) => Promise<void>

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Facts and state in one UpdateItem. */
function oneWrite(client: DynamoDBClient): Design {
  const table = tableNames(prefix).deliveries
  const writer = deliveryWriter({ client, table, retentionDays: 400, clock: virtualClock(streamStartMs) })
  return (event) => writer.record(event)
}

/** The same, with the suppression list: a second write for what speaks against the address. */
function oneWriteAndList(client: DynamoDBClient): Design {
  const { deliveries, suppressions } = tableNames(prefix)
  const writer = recordingSuppressions(
    deliveryWriter({ client, table: deliveries, retentionDays: 400, clock: virtualClock(streamStartMs) }),
    suppressionWriter({ client, table: suppressions }),
  )
  return (event) => writer.record({ ...event, recipient: `list.${event.recipient}` })
}

/** Read the row, merge, put it back where nobody else has meanwhile. */
function readMergeWrite(client: DynamoDBClient): Design {
  return async (event) => {
    const key = { id: { S: `${event.recipient} ${event.message}` } }
    const fact = `${event.kind} ${factOf(event).text}`
    for (;;) {
      const { Item: row } = await client.send(
        new GetItemCommand({ TableName: 'versioned', Key: key, ConsistentRead: true }),
      )
      const known = row?.facts?.SS ?? []
      if (known.includes(fact)) return
      const version = Number(row?.version?.N ?? 0)
      const put = new PutItemCommand({
        TableName: 'versioned',
        Item: { ...key, facts: { SS: [...known, fact] }, version: { N: String(version + 1) } },
        ConditionExpression: 'attribute_not_exists(version) OR version = :v',
        ExpressionAttributeValues: { ':v': { N: String(version) } },
      })
      if (await succeeds(client.send(put))) return
    }
  }
}

/** One row per event, so that repeats show; then the state, for new ones. */
function eventsThenState(client: DynamoDBClient): Design {
  return async (event) => {
    const delivery = `${event.recipient} ${event.message}`
    const put = new PutItemCommand({
      TableName: 'events',
      Item: { id: { S: `${delivery} ${event.kind} ${factOf(event).text}` } },
      ConditionExpression: 'attribute_not_exists(id)',
    })
    if (!(await succeeds(client.send(put)))) return
    const update = new UpdateItemCommand({
      TableName: 'states',
      Key: { id: { S: delivery } },
      UpdateExpression: 'SET #rank = :rank',
      ConditionExpression: 'attribute_not_exists(#rank) OR #rank < :rank',
      ExpressionAttributeNames: { '#rank': 'rank' },
      ExpressionAttributeValues: { ':rank': { N: String(statusRanks[impliedStatus(event)]) } },
    })
    await succeeds(client.send(update))
  }
}

async function succeeds(write: Promise<unknown>): Promise<boolean> {
  try {
    await write
    return true
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return false
    throw error
  }
}

async function callsPerEvent(
  design: Design,
  events: readonly DeliveryEvent[],
  client: DynamoDBClient,
): Promise<string> {
  const { calls, stop } = countedCalls(client)
  for (const event of events) await design(event)
  stop()
  return (calls() / events.length).toFixed(3)
}

const emulator = await startDynamoDbEmulator(0)
try {
  await createTables(emulator.client, prefix)
  for (const TableName of ['versioned', 'events', 'states']) {
    await emulator.client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    )
  }
  const { events, about } = callbackStream(seed, 2_000)
  say(about)
  say()
  say('calls to DynamoDB per callback')
  const designs: readonly [string, Design][] = [
    ['ours: facts and state in one write', oneWrite(emulator.client)],
    ['ours, and the suppression list', oneWriteAndList(emulator.client)],
    ['a row per event, then the state', eventsThenState(emulator.client)],
    ['read, merge, conditional write', readMergeWrite(emulator.client)],
  ]
  for (const [name, design] of designs) {
    say(`  ${name.padEnd(40)}${await callsPerEvent(design, events, emulator.client)}`)
  }
} finally {
  await emulator.stop()
}
