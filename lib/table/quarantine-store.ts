import { paginateScan, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { formatInstant } from '../core/instant.ts'
import type { QuarantineStore, ReplayLeft, Resolution } from '../quarantine/ports.ts'
import {
  headColumns,
  maxReplays,
  openUnfinished,
  quarantinedBodyIn,
  quarantinedRowIn,
} from '../rows/quarantine-row.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { Expression } from './expression.ts'
import { batchGetItems, queryItems, scanItems, type Item } from './pages.ts'
import { headReader, plainRows } from './head-reader.ts'
import { readParts } from './parts.ts'
import { problemList, reopen } from './quarantine-writer.ts'
import { tryUpdate } from './try-update.ts'

/** As many as one BatchGetItem takes, so that no more wait in memory. */
const headsAtOnce = 100

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly clock: Clock
  readonly log: Log
}

/** The operator's side of the quarantine. A row that cannot be read is logged and left out. */
export function quarantineStore({ client, table, clock, log }: Dependencies): QuarantineStore {
  const rows = headReader({ client, table, read: quarantinedRowIn, clock, log })
  const bodies = headReader({ client, table, read: quarantinedBodyIn, clock, log })
  return {
    all: () => rows.readable(plainRows(scanItems(client, { TableName: table, ...headsWithoutBodies }))),
    open: () => rows.readable(plainRows(openHeads({ client, table, clock }))),
    row: (given) => rows.find(given),
    async input(given) {
      const found = await bodies.find(given)
      if (found === undefined) return undefined
      const { row, kept } = found
      const body = 'body' in kept ? kept.body : await readParts(client, table, row.id, kept.parts)
      return { ...row, body }
    },
    async *unfinished() {
      const query = queryItems(client, {
        TableName: table,
        IndexName: 'open',
        KeyConditionExpression: '#open = :unfinished',
        ExpressionAttributeNames: { '#open': 'open' },
        ExpressionAttributeValues: { ':unfinished': { S: openUnfinished } },
      })
      for await (const { id } of query) if (id?.S !== undefined) yield id.S
    },
    async replayed(id, atMs, left) {
      for (const form of replayForms) {
        const expression = replayExpression(formatInstant(atMs), left, form)
        if (await tryUpdate({ client, table }, { id: { S: id } }, expression)) return
      }
      throw new Error(`There is no row '${id}' in ${table}: its replay could not be recorded.`)
    },
    async dismissed(id, atMs) {
      const expression = ofRow()
      resolve(expression, formatInstant(atMs), 'dismissal')
      if (await tryUpdate({ client, table }, { id: { S: id } }, expression)) return
      throw new Error(`There is no row '${id}' in ${table}: it could not be dismissed.`)
    },
  }
}

/** The index holds only the keys of open rows, and may lag behind, so the row decides. */
async function* openHeads({
  client,
  table,
  clock,
}: Pick<Dependencies, 'client' | 'table' | 'clock'>): AsyncIterable<Item> {
  const pages = paginateScan({ client }, { TableName: table, IndexName: 'open', ProjectionExpression: 'id' })
  for await (const { Items: keys = [] } of pages) {
    for (let from = 0; from < keys.length; from += headsAtOnce) {
      const some = keys.slice(from, from + headsAtOnce)
      const heads = await batchGetItems(client, table, clock, some, projection)
      yield* heads.filter(({ resolvedAt }) => resolvedAt === undefined)
    }
  }
}

/** Never creates a row: one that left the table meanwhile must not return as a head without a body. */
function ofRow(): Expression {
  const expression = new Expression()
  expression.require(`attribute_exists(${expression.name('firstSeenAt')})`)
  return expression
}

function resolve(expression: Expression, at: string, by: Resolution): void {
  expression.set('resolvedAt', { S: at })
  expression.set('resolvedBy', { S: by })
  expression.remove('open')
}

/** Whether the instants of replays have room for one more, and whether the row is unfinished. */
interface ReplayForm {
  readonly isRoomLeft: boolean
  readonly isUnfinished: boolean
}

// One of them holds for any row. Few are unfinished, and few are replayed as often as that.
const replayForms: readonly ReplayForm[] = [
  { isRoomLeft: true, isUnfinished: false },
  { isRoomLeft: true, isUnfinished: true },
  { isRoomLeft: false, isUnfinished: false },
  { isRoomLeft: false, isUnfinished: true },
]

function replayExpression(
  at: string,
  left: ReplayLeft | 'resolved',
  { isRoomLeft, isUnfinished }: ReplayForm,
): Expression {
  const expression = ofRow()
  const open = expression.name('open')
  const unfinished = expression.string(openUnfinished)
  expression.require(
    isUnfinished ? `${open} = ${unfinished}` : `(attribute_not_exists(${open}) OR ${open} <> ${unfinished})`,
  )
  if (left === 'resolved') {
    resolve(expression, at, 'replay')
  } else {
    expression.set('reason', { S: left.reason })
    expression.set('problems', problemList(left.problems))
    // It is no longer unfinished.
    if (isUnfinished) expression.set('open', { S: at })
    else reopen(expression, left.reason, at)
  }
  if (isRoomLeft) expression.addWithinRoom('replays', at, maxReplays)
  return expression
}

const projected = [...headColumns, 'expiresAt']

/** Without bodies. */
const projection = {
  ProjectionExpression: projected.map((_, index) => `#a${index}`).join(', '),
  ExpressionAttributeNames: Object.fromEntries(projected.map((name, index) => [`#a${index}`, name])),
}

/** Parts have no `firstSeenAt`. */
const headsWithoutBodies = { FilterExpression: 'attribute_exists(firstSeenAt)', ...projection }
