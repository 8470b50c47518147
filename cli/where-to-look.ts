import { isInPostgres, setVariables, type Environment } from '../lib/runtime/config.ts'
import { isLocal } from '../local/local-environment.ts'

/** Whether it is a deployment on AWS, of which AWS can be asked: its functions, parameters, logs and alarms. */
export function isOnAws(environment: Environment): boolean {
  return !isLocal(environment) && !isInPostgres(environment)
}

/** The log of a function of this deployment. */
export function logOf(name: 'ingest' | 'reconcile' | 'query', environment: Environment): string {
  if (isLocal(environment)) return 'what `npm start` prints'
  if (isInPostgres(environment)) return 'the log of the server, or of the SCF function (CLS)'
  return `\`npx serverless logs --function ${name} ${stageOptions(environment)} --startTime 1h\``
}

/** What to do if the local stack does not respond. */
export const startLocalStack = 'Start the local stack (npm start).'

/**
 * What to check if something does not respond: those of these settings that are set here.
 */
export function waysToCheck(environment: Environment, ...settings: readonly string[]): string {
  const set = setVariables(environment)
  return [...settings.filter((name) => set[name] !== undefined), 'the way there'].join(' and ')
}

/** `--stage prod --region ap-southeast-1`, as far as the environment sets them. */
export function stageOptions(environment: Environment): string {
  const { TABLE_PREFIX = '', AWS_REGION } = setVariables(environment)
  const stage = isLocal(environment) ? undefined : /^delivery-ledger-(.+)$/.exec(TABLE_PREFIX)?.[1]
  const region = isLocal(environment) || AWS_REGION === undefined ? [] : [`--region ${AWS_REGION}`]
  return [`--stage ${stage ?? '<stage>'}`, ...region].join(' ')
}

/** Whether a URL leads to this machine. */
export function isOfThisMachine({ hostname }: URL): boolean {
  return ['127.0.0.1', 'localhost', '[::1]'].includes(hostname)
}

/** Whether a URL is that of the local stack: without a deployment's name, its URL may be given. */
export function isOfLocalStack(url: URL, environment: Environment): boolean {
  return isLocal(environment) && isOfThisMachine(url)
}

/**
 * Where the settings lead to rows: host and database of PostgreSQL, an environment of CloudBase, or the host of DynamoDB if it is not
 * AWS itself. Without user, password and whatever else is in a URL.
 */
export function wayToRows(environment: Environment): string | undefined {
  const { CLOUDBASE_ENV_ID, DATABASE_URL } = setVariables(environment)
  if (CLOUDBASE_ENV_ID !== undefined) return CLOUDBASE_ENV_ID
  const url = URL.parse(DATABASE_URL ?? dynamoDbEndpoint(environment) ?? '')
  return url === null ? undefined : `${url.host}${url.pathname}`
}

/** The endpoint of DynamoDB, if it is not AWS itself; the AWS SDK reads both. */
export function dynamoDbEndpoint(environment: Environment): string | undefined {
  const { AWS_ENDPOINT_URL_DYNAMODB, AWS_ENDPOINT_URL } = setVariables(environment)
  return AWS_ENDPOINT_URL_DYNAMODB ?? AWS_ENDPOINT_URL
}
