import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { formatInstant } from '../core/instant.ts'
import type { QuarantinedInput, QuarantineReason, QuarantineWriter } from '../quarantine/ports.ts'
import { contentIdOf } from '../rows/content-id.ts'
import { keepingWithin } from '../rows/daily-room.ts'
import { erasing } from '../rows/kept-heads.ts'
import {
  firstColumnsOf,
  latestColumnsOf,
  maxSeen,
  openUnfinished,
  problemLines,
  readableBody,
  usualMaxBytesPerDay,
} from '../rows/quarantine-row.ts'
import type { Clock } from '../runtime/ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { dailyRoom } from './daily-room.ts'
import { putParts } from './parts.ts'
import { tryUpdate } from './try-update.ts'

/** The limit of a row is 400 KB: the largest body in it leaves room for everything else at its longest. */
const maxInlineBytes = 300 * 1024
interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly retentionDays: number
  readonly clock: Clock
  /** The daily limit of {@link QuarantineWriter.keepWithinDay}. Default: 100 MB. */
  readonly maxBytesPerDay?: number
}

/**
 * Keeps input that could not be read: one row per body, however often it arrives, and parts if it does not fit into one
 * row.
 */
export function quarantineWriter(to: Dependencies): QuarantineWriter {
  const room = dailyRoom({ ...to, maxBytes: to.maxBytesPerDay ?? usualMaxBytesPerDay })
  return keepingWithin(room, (input, signal) => keepInput(to, input, signal))
}

async function keepInput(to: Dependencies, input: QuarantinedInput, signal?: AbortSignal): Promise<void> {
  const { body } = input
  const id = contentIdOf(input.provider, body)
  const expiry = expiresAt(to.clock.now(), to.retentionDays)
  const parts =
    body.length > maxInlineBytes
      ? await putParts({ ...to, id, bytes: body, expiresAt: expiry, signal })
      : undefined
  for (const isRoomLeft of [true, false]) {
    const expression = new Expression()
    setHead(expression, input, isRoomLeft)
    expression.set('expiresAt', expiry)
    if (parts === undefined) setBody(expression, body)
    else expression.set('parts', { N: String(parts) })
    if (await tryUpdate(to, { id: { S: id } }, expression, signal)) return
  }
}

function setHead(expression: Expression, input: QuarantinedInput, isRoomLeft: boolean): void {
  const receivedAt = formatInstant(input.receivedAtMs)
  for (const [column, value] of Object.entries(firstColumnsOf(input))) expression.setOnce(column, value)
  for (const [column, value] of Object.entries(latestColumnsOf(input))) {
    expression.set(column, typeof value === 'number' ? { N: String(value) } : { S: value })
  }
  expression.set('problems', problemList(input.problems))
  // A body that arrives again still could not be read, despite any earlier replay or dismissal.
  reopen(expression, input.reason, receivedAt)
  if (isRoomLeft) expression.addWithinRoom('seen', receivedAt, maxSeen)
}

/** Open from now on, unless it was open before. */
export function reopen(expression: Expression, reason: QuarantineReason, at: string): void {
  if (reason === 'unfinished') expression.set('open', { S: openUnfinished })
  else expression.setOnce('open', at)
  expression.remove('resolvedAt')
  expression.remove('resolvedBy')
  // An erasure that was broken off had another body in mind: this one is whole, and judged anew.
  expression.remove(erasing)
}

/** The problems as a list of DynamoDB. */
export function problemList(problems: readonly string[]): { L: { S: string }[] } {
  return { L: problemLines(problems).map((line) => ({ S: line })) }
}

function setBody(expression: Expression, body: Uint8Array): void {
  const readable = readableBody(body)
  if (typeof readable === 'string') expression.setOnce('body', readable)
  else expression.set('body', { B: readable })
}
