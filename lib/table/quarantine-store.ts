import { paginateScan, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { formatInstant } from '../core/instant.ts'
import {
  quarantineReasons,
  resolutions,
  type QuarantinedRow,
  type QuarantineStore,
  type ReplayLeft,
  type Resolution,
} from '../quarantine/ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { count, text } from './attributes.ts'
import { Expression } from './expression.ts'
import { batchGetItems, queryItems, scanItems, type Item } from './pages.ts'
import { headReader } from './head-reader.ts'
import { readParts } from './parts.ts'
import { openUnfinished, problemList, reopen } from './quarantine-writer.ts'
import { tryUpdate } from './try-update.ts'

/** As many as one BatchGetItem takes, so that no more wait in memory. */
const headsAtOnce = 100

/** Instants of replays that a row records. */
const maxReplays = 100

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly clock: Clock
  readonly log: Log
}

/** The operator's side of the quarantine. A row that cannot be read is logged and left out. */
export function quarantineStore({ client, table, clock, log }: Dependencies): QuarantineStore {
  const rows = headReader({ client, table, read: rowOf, clock, log })
  const bodies = headReader({
    client,
    table,
    read: (item) => ({ row: rowOf(item), kept: v.parse(keptBody, item) }),
    clock,
    log,
  })
  return {
    all: () => rows.readable(scanItems(client, { TableName: table, ...headsWithoutBodies })),
    open: () => rows.readable(openHeads({ client, table, clock })),
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

const size = v.pipe(
  v.object({ SS: v.array(v.string()) }),
  v.transform(({ SS }) => SS.length),
)

const rowEntries = {
  id: text,
  provider: text,
  contentType: v.optional(text, { S: '' }),
  reason: v.pipe(
    v.object({ S: v.picklist(quarantineReasons) }),
    v.transform(({ S }) => S),
  ),
  problems: v.pipe(
    v.object({ L: v.array(text) }),
    v.transform(({ L }) => L),
  ),
  bytes: count,
  verified: v.optional(text, { S: '' }),
  firstSeenAt: text,
  lastSeenAt: text,
  seen: size,
  replays: v.optional(size, { SS: [] }),
  resolvedAt: v.exactOptional(text),
  resolvedBy: v.exactOptional(
    v.pipe(
      v.object({ S: v.picklist(resolutions) }),
      v.transform(({ S }) => S),
    ),
  ),
}
const storedRow = v.object(rowEntries)

const bytesOfText = v.pipe(
  text,
  v.transform((body) => new TextEncoder().encode(body)),
)
const bytes = v.pipe(
  v.object({ B: v.instance(Uint8Array) }),
  v.transform(({ B }) => B),
)
const keptBody = v.union([v.object({ body: v.union([bytesOfText, bytes]) }), v.object({ parts: count })])

function rowOf(item: Item): QuarantinedRow {
  const { replays, verified, ...row } = v.parse(storedRow, item)
  return { ...row, isVerified: verified === 'yes', attempts: replays }
}

const projected = Object.keys(rowEntries).concat('expiresAt')

/** Without bodies. */
const projection = {
  ProjectionExpression: projected.map((_, index) => `#a${index}`).join(', '),
  ExpressionAttributeNames: Object.fromEntries(projected.map((name, index) => [`#a${index}`, name])),
}

/** Parts have no `firstSeenAt`. */
const headsWithoutBodies = { FilterExpression: 'attribute_exists(firstSeenAt)', ...projection }
