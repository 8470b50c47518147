import { lacksTable } from '../lib/postgres/database.ts'
import { isInPostgres } from '../lib/runtime/config.ts'
import { isLocal } from '../local/local-environment.ts'
import { dynamoDbEndpoint } from './where-to-look.ts'

/** Why a command failed, in a sentence for the user. */
export class CommandError extends Error {}

/** What to ask where nothing answers for the local stack. */
export const isItRunning =
  'Is the local stack running (npm start)? Another deployment is chosen by TABLE_PREFIX, a database by DATABASE_URL.'

/** A sentence that says what to do, for common faults. */
export function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (isInPostgres(process.env)) return postgresSentence(error) ?? error.message
  const endpoint = dynamoDbEndpoint(process.env)
  if (isRefusedConnection(error) && endpoint !== undefined) {
    return `No DynamoDB answers at ${endpoint}. ${isLocal(process.env) ? isItRunning : whoSaysSo()}`
  }
  if (error.name === 'ResourceNotFoundException') {
    const advice = isLocal(process.env) ? isItRunning : 'Check TABLE_PREFIX and AWS_REGION.'
    return `There are no tables '${process.env.TABLE_PREFIX ?? ''}-…' there. ${advice}`
  }
  if (error.message === 'Region is missing') {
    return 'Set AWS_REGION to the region of the deployment, such as ap-southeast-1.'
  }
  if (error.name === 'CredentialsProviderError') {
    return `AWS has no credentials here: set AWS_PROFILE, or sign in with the AWS CLI. (${error.message})`
  }
  return error.message
}

function whoSaysSo(): string {
  const { AWS_ENDPOINT_URL_DYNAMODB = '' } = process.env
  const setting = AWS_ENDPOINT_URL_DYNAMODB === '' ? 'AWS_ENDPOINT_URL' : 'AWS_ENDPOINT_URL_DYNAMODB'
  return `${setting} says to look there.`
}

/** SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html */
const postgresSentences: ReadonlyMap<string, string> = new Map([
  ['28P01', 'PostgreSQL refuses the user or the password of DATABASE_URL.'],
  [
    '28000',
    'PostgreSQL refuses the user of DATABASE_URL, or a connection without TLS: add ?sslmode=require.',
  ],
  ['3D000', 'There is no such database: DATABASE_URL names it behind the last slash.'],
  [
    '42501',
    'The user of DATABASE_URL may not do that: the tables belong to the user who takes callbacks. docs/postgresql.md#rights has what another needs.',
  ],
])

function postgresSentence(error: Error): string | undefined {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  const schema = process.env.TABLE_PREFIX ?? ''
  if (lacksTable(error)) {
    return `There are no tables in the schema ${schema} of this database. Check TABLE_PREFIX (--stage), which names the schema, and DATABASE_URL (unset it in this shell for a deployment on DynamoDB). What takes callbacks makes them at its first use.`
  }
  if (isRefusedConnection(error) || code === 'ENOTFOUND' || code === 'ETIMEDOUT') {
    return `No PostgreSQL answers where DATABASE_URL leads (${code === '' ? 'ECONNREFUSED' : code}).`
  }
  return postgresSentences.get(code)
}

function isRefusedConnection(error: Error): boolean {
  const causes = error instanceof AggregateError ? error.errors : [error]
  return causes.some((cause) => cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED')
}
