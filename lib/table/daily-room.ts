import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Clock } from '../runtime/ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { tryUpdate } from './try-update.ts'

/** A body takes at least this: a row costs as much to write, whatever little stands in it. */
const leastBytes = 1_024

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly clock: Clock
  readonly maxBytes: number
}

/**
 * Takes room for so many bytes of the day (UTC), and answers whether there was as much. One row a day counts what was taken; a
 * write under a condition reads nothing, so whoever takes room needs no permission to read. What was taken and then not used is
 * not given back.
 */
export function dailyRoom(of: Dependencies): (bytes: number, signal?: AbortSignal) => Promise<boolean> {
  // So that a flood costs no write once a day is full.
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

/** No digest begins so, and no part. */
function counterId(day: string): string {
  return `taken#${day}`
}
