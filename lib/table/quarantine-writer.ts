import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { formatInstant } from '../core/instant.ts'
import type { QuarantinedInput, QuarantineReason, QuarantineWriter } from '../quarantine/ports.ts'
import type { Clock } from '../runtime/ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { dailyRoom } from './daily-room.ts'
import { contentIdOf, putParts } from './parts.ts'
import { tryUpdate } from './try-update.ts'

/** Instants that a row records; later arrivals change only `lastSeenAt`. */
const maxSeen = 100
const maxProblems = 20
/** The limit of a row is 400 KB: the largest body in it leaves room for everything else at its longest. */
const maxInlineBytes = 300 * 1024
/** For a problem or a content type: either may repeat names chosen by a stranger. */
const maxLineLength = 300

/** For bodies that anyone who knows the URL can send. */
const defaultMaxBytesPerDay = 100 * 1024 * 1024

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
  const room = dailyRoom({ ...to, maxBytes: to.maxBytesPerDay ?? defaultMaxBytesPerDay })
  return {
    keep: (input, signal) => keepInput(to, input, signal),
    async keepWithinDay(input, signal) {
      if (!(await room(input.body.length, signal))) return false
      await keepInput(to, input, signal)
      return true
    },
  }
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
  expression.setOnce('provider', input.provider)
  if (input.contentType !== '') expression.setOnce('contentType', lineOf(input.contentType))
  expression.set('bytes', { N: String(input.body.length) })
  expression.setOnce('firstSeenAt', receivedAt)
  expression.set('lastSeenAt', { S: receivedAt })
  expression.set('reason', { S: input.reason })
  expression.set('problems', problemList(input.problems))
  // Once verified, always verified: the body is the same.
  if (input.isVerified === true) expression.set('verified', { S: 'yes' })
  // A body that arrives again still could not be read, despite any earlier replay or dismissal.
  reopen(expression, input.reason, receivedAt)
  if (isRoomLeft) expression.addWithinRoom('seen', receivedAt, maxSeen)
}

/** The partition of the index `open` in which unfinished bodies are found. */
export const openUnfinished = 'unfinished'

/** Open from now on, unless it was open before. */
export function reopen(expression: Expression, reason: QuarantineReason, at: string): void {
  if (reason === 'unfinished') expression.set('open', { S: openUnfinished })
  else expression.setOnce('open', at)
  expression.remove('resolvedAt')
  expression.remove('resolvedBy')
  // An erasure that was broken off had another body in mind: this one is whole, and judged anew.
  expression.remove('erasing')
}

/** The problems as stored in a row: the first ones, a line each. */
export function problemList(problems: readonly string[]): { L: { S: string }[] } {
  return { L: problems.slice(0, maxProblems).map((problem) => ({ S: lineOf(problem) })) }
}

function lineOf(text: string): string {
  return text.length <= maxLineLength
    ? text.toWellFormed()
    : `${text.slice(0, maxLineLength - 1).toWellFormed()}…`
}

/** As a string if it is text, so that a person can read it; else as bytes. */
function setBody(expression: Expression, body: Uint8Array): void {
  try {
    expression.setOnce('body', new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body))
  } catch {
    expression.set('body', { B: body })
  }
}
