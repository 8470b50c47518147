import { dynamoDbEndpoint } from './where-to-look.ts'

/** What a command could not do, in a sentence for the person who gave it. */
export class CommandError extends Error {}

/** A sentence that says what to do, for the faults that operators meet. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const endpoint = dynamoDbEndpoint(process.env)
  if (isRefusedConnection(error) && endpoint !== undefined) {
    return `No DynamoDB answers at ${endpoint}. Is the local stack running (npm start)? Another deployment is chosen by TABLE_PREFIX.`
  }
  if (error.name === 'ResourceNotFoundException') {
    return `There are no tables '${process.env.TABLE_PREFIX ?? ''}-…' there. Check TABLE_PREFIX and AWS_REGION.`
  }
  if (error.message === 'Region is missing') {
    return 'Set AWS_REGION to the region of the deployment, such as ap-southeast-1.'
  }
  if (error.name === 'CredentialsProviderError') {
    return `AWS has no credentials here: set AWS_PROFILE, or sign in with the AWS CLI. (${error.message})`
  }
  return error.message
}

function isRefusedConnection(error: Error): boolean {
  const causes = error instanceof AggregateError ? error.errors : [error]
  return causes.some((cause) => cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED')
}
