import {
  ConditionalCheckFailedException,
  UpdateItemCommand,
  type AttributeValue,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import type { Expression } from './expression.ts'

interface Destination {
  readonly client: DynamoDBClient
  readonly table: string
}

/** Writes if the conditions hold, and returns whether they did. */
export async function tryUpdate(
  { client, table }: Destination,
  key: Readonly<Record<string, AttributeValue>>,
  expression: Expression,
  signal?: AbortSignal,
): Promise<boolean> {
  const command = new UpdateItemCommand({ TableName: table, Key: key, ...expression.input() })
  const write = client.send(command, signal ? { abortSignal: signal } : {})
  return (await undefinedIfConditionFailed(write)) !== undefined
}

/** The result of a conditional write, or `undefined` if its condition did not hold and nothing was written. */
export async function undefinedIfConditionFailed<T>(write: Promise<T>): Promise<T | undefined> {
  try {
    return await write
  } catch (error) {
    if (error instanceof ConditionalCheckFailedException) return undefined
    throw error
  }
}

/** Whether DynamoDB refused a write so that no later try can succeed: an item over 400 KB, a key over its length. */
export function isRefusedForGood(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ValidationException'
}

/**
 * Whether DynamoDB refused a write for the size of the item, or of the expression: a smaller one may succeed. Only its
 * message shows that: "Item size to update has exceeded the maximum allowed size".
 */
export function isTooLarge(error: unknown): boolean {
  return isRefusedForGood(error) && error.message.includes('exceeded the maximum allowed size')
}
