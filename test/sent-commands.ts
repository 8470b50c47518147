import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'

/** A command as it went over the wire. */
export interface SentCommand {
  /** `GetItem` */
  readonly action: string
  readonly table: string
  readonly isConsistent: boolean
}

const sentRequest = v.object({ headers: v.record(v.string(), v.string()), body: v.instance(Uint8Array) })
const ofTable = v.object({ TableName: v.string(), ConsistentRead: v.optional(v.boolean(), false) })
const ofTables = v.object({
  RequestItems: v.record(v.string(), v.object({ ConsistentRead: v.optional(v.boolean(), false) })),
})

/** Writes down what a client sends, one entry for each table of a command, as it goes. */
export function recordSent(client: DynamoDBClient): SentCommand[] {
  const sent: SentCommand[] = []
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers, body } = v.parse(sentRequest, args.request)
      const action = headers['x-amz-target']?.split('.').at(-1) ?? ''
      sent.push(...tablesIn(JSON.parse(new TextDecoder().decode(body))).map((one) => ({ action, ...one })))
      return next(args)
    },
    { step: 'finalizeRequest', name: 'recordSent' },
  )
  return sent
}

function tablesIn(body: unknown): readonly Omit<SentCommand, 'action'>[] {
  if (v.is(ofTables, body)) {
    const { RequestItems } = v.parse(ofTables, body)
    return Object.entries(RequestItems).map(([table, of]) => ({ table, isConsistent: of.ConsistentRead }))
  }
  const { TableName, ConsistentRead } = v.parse(ofTable, body)
  return [{ table: TableName, isConsistent: ConsistentRead }]
}
