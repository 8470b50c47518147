import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dailyRoom as roomOf } from '../rows/daily-room.ts'
import type { Clock } from '../runtime/ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { tryUpdate } from './try-update.ts'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly clock: Clock
  readonly maxBytes: number
}

/** One row a day counts what it has taken; a conditional write reads nothing, so no permission to read is needed. */
export function dailyRoom(of: Dependencies): (bytes: number, signal?: AbortSignal) => Promise<boolean> {
  return roomOf({
    ...of,
    take: (day, bytes, signal) =>
      tryUpdate(of, { id: { S: counterId(day) } }, takingExpression(of, bytes), signal),
  })
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
