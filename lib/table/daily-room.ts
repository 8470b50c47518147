import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Clock } from '../runtime/ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { tryUpdate } from './try-update.ts'

/** A body counts as at least this: a row with little in it costs as much to write. */
const leastBytes = 1_024

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly clock: Clock
  readonly maxBytes: number
}

/**
 * Reserves bytes of the day's limit (UTC), and returns whether there was room. One row a day counts them; a conditional
 * write reads nothing, so no permission to read is needed. Reserved bytes are not released if they are not used.
 */
export function dailyRoom(of: Dependencies): (bytes: number, signal?: AbortSignal) => Promise<boolean> {
  // So that a flood costs no writes once the day's limit is reached.
  let refused = { day: '', bytes: Infinity }
  return async (given, signal) => {
    const bytes = Math.max(given, leastBytes)
    const day = new Date(of.clock.now()).toISOString().slice(0, 10)
    if (bytes > of.maxBytes || (refused.day === day && bytes >= refused.bytes)) return false
    const hasRoom = await tryUpdate(of, { id: { S: counterId(day) } }, takingExpression(of, bytes), signal)
    if (!hasRoom) refused = { day, bytes }
    return hasRoom
  }
}

function takingExpression({ clock, maxBytes }: Dependencies, bytes: number): Expression {
  const expression = new Expression()
  const taken = expression.name('takenBytes')
  expression.require(`(attribute_not_exists(${taken}) OR ${taken} <= ${expression.number(maxBytes - bytes)})`)
  expression.increase('takenBytes', bytes)
  expression.set('expiresAt', expiresAt(clock.now(), 2))
  return expression
}

/** No digest and no part begins like this. */
function counterId(day: string): string {
  return `taken#${day}`
}
