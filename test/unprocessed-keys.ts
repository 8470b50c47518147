import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'

/** One table's part of one BatchGetItem, as it was sent. */
export interface BatchAsked {
  readonly table: string
  readonly keys: number
  readonly isConsistent: boolean
}

const request = v.looseObject({
  RequestItems: v.record(
    v.string(),
    v.looseObject({ Keys: v.array(v.unknown()), ConsistentRead: v.optional(v.boolean(), false) }),
  ),
})

/**
 * Makes a client's BatchGetItem process no more than so many keys of a table and leave the others unprocessed, as DynamoDB does
 * beyond 16 MB or its throughput. Returns what was asked, as it comes.
 */
export function leaveUnprocessed(client: DynamoDBClient, processed: number): BatchAsked[] {
  const asked: BatchAsked[] = []
  client.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== 'BatchGetItemCommand') return next(args)
      const { RequestItems } = v.parse(request, args.input)
      const tables = Object.entries(RequestItems)
      for (const [table, { Keys, ConsistentRead }] of tables) {
        asked.push({ table, keys: Keys.length, isConsistent: ConsistentRead })
      }
      const cut = (from: number, to?: number) =>
        Object.fromEntries(
          tables
            .map(([table, of]) => [table, { ...of, Keys: of.Keys.slice(from, to) }] as const)
            .filter(([, { Keys }]) => Keys.length > 0),
        )
      const answer = await next({ ...args, input: { RequestItems: cut(0, processed) } })
      Object.assign(answer.output, { UnprocessedKeys: cut(processed) })
      return answer
    },
    { step: 'initialize', name: 'leaveUnprocessed' },
  )
  return asked
}
