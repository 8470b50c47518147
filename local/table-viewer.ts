import { createServer, type Server } from 'node:http'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createServer as createViewer } from 'dynamodb-admin'
import { eventKinds, messageColumns } from '../lib/core/event.ts'
import { emulatorCredentials, emulatorRegion } from './emulator-credentials.ts'

/** What a person looks for first. Everything else follows in the order of the alphabet. */
const firstColumns = [
  'recipient',
  'status',
  'reason',
  'since',
  'problems',
  ...eventKinds,
  ...messageColumns,
  'sentAt',
  'message',
]

/**
 * The tables in a browser, to look at. The viewer prints a string set as an empty object, so sets reach it as lists;
 * and since a list written back would not be a set any more, it may not write.
 */
export function tableViewer(endpoint: string): Server {
  const client = new DynamoDBClient({ endpoint, region: emulatorRegion, credentials: emulatorCredentials })
  client.middlewareStack.add(
    (next, context) => (args) => {
      if (!/^(?:Describe|List|Get|Query|Scan)/.test(String(context.commandName))) {
        throw new Error('The table viewer of the local stack only looks.')
      }
      return next(args)
    },
    { step: 'initialize' },
  )
  client.middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      // The viewer's own client has turned attribute values into JavaScript values by now.
      const output = result.output as { Items?: Row[]; Item?: Row }
      if (output.Items) output.Items = withAllColumns(output.Items.map(readable))
      if (output.Item) output.Item = readable(output.Item)
      return result
    },
    { step: 'initialize', priority: 'low' },
  )
  return createServer(createViewer({ dynamoDbClient: client }))
}

type Row = Record<string, unknown>

function readable(row: Row): Row {
  return Object.fromEntries(
    Object.entries(row)
      .sort(([a], [b]) => byPlace(a, b))
      .map(([name, value]) => [name, value instanceof Set ? [...value].sort() : value]),
  )
}

/** The viewer takes its columns from the rows as it meets them, so the first row names all of them. */
function withAllColumns(rows: Row[]): Row[] {
  const [first, ...rest] = rows
  if (!first) return rows
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))].sort(byPlace)
  return [Object.fromEntries(names.map((name) => [name, first[name]])), ...rest]
}

function byPlace(a: string, b: string): number {
  const place = (name: string) =>
    firstColumns.includes(name) ? firstColumns.indexOf(name) : firstColumns.length
  return place(a) - place(b) || (a < b ? -1 : 1)
}
