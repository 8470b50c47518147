/** What a command could not do, in a sentence for the person who gave it. */
export class CommandError extends Error {}

/** A sentence that says what to do, for the faults that operators meet. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const endpoint = process.env.AWS_ENDPOINT_URL_DYNAMODB
  if (isRefusedConnection(error) && endpoint !== undefined) {
    return `No DynamoDB answers at ${endpoint}. Is the local stack running (npm start)? Another deployment is chosen by TABLE_PREFIX.`
  }
  if (error.name === 'ResourceNotFoundException') {
    return `There are no tables '${process.env.TABLE_PREFIX ?? ''}-…' there. Check TABLE_PREFIX and AWS_REGION.`
  }
  return error.message
}

function isRefusedConnection(error: Error): boolean {
  const causes = error instanceof AggregateError ? error.errors : [error]
  return causes.some((cause) => cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED')
}
