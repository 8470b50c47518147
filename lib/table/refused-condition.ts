import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb'

/** What a conditional write answers, or `undefined` where its condition did not hold and nothing was written. */
export async function unlessRefused<T>(write: Promise<T>): Promise<T | undefined> {
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
