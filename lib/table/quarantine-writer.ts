import { createHash } from 'node:crypto'
import { UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { formatInstant } from '../core/instant.ts'
import type { Clock, QuarantinedInput, QuarantineWriter } from '../ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { unlessRefused } from './refused-condition.ts'

/** Instants that a row remembers; a body that comes more often is told by `lastSeenAt` alone. */
const maxSeen = 100
const maxProblems = 20

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly retentionDays: number
  readonly clock: Clock
}

/** Keeps input that could not be read: one row per body, however often it comes. */
export function quarantineWriter(to: Dependencies): QuarantineWriter {
  return {
    async keep(input, signal) {
      if (!(await update(to, input, true, signal))) await update(to, input, false, signal)
    },
  }
}

async function update(
  { client, table, clock, retentionDays }: Dependencies,
  input: QuarantinedInput,
  isRoomLeft: boolean,
  signal?: AbortSignal,
): Promise<boolean> {
  const receivedAt = formatInstant(input.receivedAtMs)
  const expression = new Expression()
  expression.setOnce('provider', input.provider)
  expression.setOnce('firstSeenAt', receivedAt)
  expression.set('lastSeenAt', { S: receivedAt })
  expression.set('reason', { S: input.reason })
  expression.set('problems', { L: input.problems.slice(0, maxProblems).map((problem) => ({ S: problem })) })
  expression.set('expiresAt', expiresAt(clock.now(), retentionDays))
  setBody(expression, input.body)
  if (isRoomLeft) {
    const seen = expression.add('seen', [receivedAt])
    expression.require(`(attribute_not_exists(${seen}) OR size(${seen}) < ${expression.number(maxSeen)})`)
  }
  const command = new UpdateItemCommand({
    TableName: table,
    Key: { id: { S: idOf(input) } },
    ...expression.input(),
  })
  const write = client.send(command, signal ? { abortSignal: signal } : {})
  return (await unlessRefused(write)) !== undefined
}

function idOf(input: QuarantinedInput): string {
  return createHash('sha256').update(input.provider).update('\n').update(input.body).digest('hex')
}

/** As text where it is text, so that a person can read it; else as bytes. */
function setBody(expression: Expression, body: Uint8Array): void {
  try {
    expression.setOnce('body', new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body))
  } catch {
    expression.set('body', { B: body })
  }
}
