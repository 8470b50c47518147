import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** Counts the calls of a client from now on, until `stop`. */
export function countedCalls(client: DynamoDBClient): {
  readonly calls: () => number
  readonly stop: () => void
} {
  let calls = 0
  client.middlewareStack.add(
    (next) => (args) => {
      calls += 1
      return next(args)
    },
    { step: 'initialize', name: 'count' },
  )
  return { calls: () => calls, stop: () => void client.middlewareStack.remove('count') }
}
