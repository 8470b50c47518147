import { randomBytes } from 'node:crypto'
import * as v from 'valibot'
import { parseEnvironment, port, pollEntries, type Environment } from '../lib/runtime/config.ts'
import { simulatedAppKey, usualPorts, withLocalDefaults } from './local-environment.ts'

// A token that a URL carries as it is, so that what is printed is what arrives.
const token = v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{8,}$/, 'at least 8 letters, digits, _ or -'))

const appKeys = v.pipe(
  v.string(),
  v.regex(/^\s*[^\s,][^,]*(,\s*[^\s,][^,]*)?$/, 'one or two keys, separated by a comma'),
)

const localEntries = {
  PORT: v.optional(port, usualPorts.PORT),
  DYNAMODB_PORT: v.optional(port, usualPorts.DYNAMODB_PORT),
  SES_PORT: v.optional(port, usualPorts.SES_PORT),
  SENDCLOUD_PORT: v.optional(port, usualPorts.SENDCLOUD_PORT),
  LOGS_PORT: v.optional(port, usualPorts.LOGS_PORT),
  CONSOLE_PORT: v.optional(port, usualPorts.CONSOLE_PORT),
  QUERY_PORT: v.optional(port, usualPorts.QUERY_PORT),
  CALLBACK_TOKEN: v.optional(token),
  QUERY_TOKEN: v.optional(token),
  SENDCLOUD_APP_KEY: v.optional(appKeys, simulatedAppKey),
  DATA_DIR: v.optional(v.string()),
  SES_ENDPOINT: pollEntries.SES_ENDPOINT,
  SENDCLOUD_ENDPOINT: v.optional(v.string()),
  TABLE_PREFIX: pollEntries.TABLE_PREFIX,
}

/** What the local stack is started with. */
export interface LocalSettings {
  readonly port: number
  readonly dynamoDbPort: number
  readonly sesPort: number
  readonly sendCloudPort: number
  readonly logsPort: number
  readonly consolePort: number
  readonly queryPort: number
  readonly callbackToken: string
  /** That of the query API. */
  readonly queryToken: string
  /** With what SendCloud's callbacks are signed here: the first of the keys that the functions accept. */
  readonly sendCloudAppKey: string
  /** Where the tables persist; in memory without it. */
  readonly dataDir: string | undefined
  readonly tablePrefix: string
  /** Whether a simulated SES is polled, and not one that SES_ENDPOINT names. */
  readonly isSesSimulated: boolean
  /** Whether a simulated SendCloud is polled, and not one that SENDCLOUD_ENDPOINT names. */
  readonly isSendCloudSimulated: boolean
  /** What the functions find in their environment, but for what is known only once the stack listens. */
  readonly functionEnvironment: Environment
}

/** Reads the local stack's settings, or names every wrong one. */
export function localSettings(environment: Environment): LocalSettings {
  const config = parseEnvironment(localEntries, environment)
  // Whatever its tables are called, and whatever database this shell names, this stack is local.
  const elsewhere = { TABLE_PREFIX: undefined, DATABASE_URL: undefined, CLOUDBASE_ENV_ID: undefined }
  const local = withLocalDefaults({ ...environment, ...elsewhere })
  const { TABLE_PREFIX, SENDCLOUD_APP_KEY } = config
  const functionEnvironment = { ...local, TABLE_PREFIX, SENDCLOUD_APP_KEY }
  // What the functions would refuse at their first use is reported now.
  parseEnvironment(pollEntries, functionEnvironment)
  return {
    port: config.PORT,
    dynamoDbPort: config.DYNAMODB_PORT,
    sesPort: config.SES_PORT,
    sendCloudPort: config.SENDCLOUD_PORT,
    logsPort: config.LOGS_PORT,
    consolePort: config.CONSOLE_PORT,
    queryPort: config.QUERY_PORT,
    callbackToken: config.CALLBACK_TOKEN ?? newToken(),
    queryToken: config.QUERY_TOKEN ?? newToken(),
    sendCloudAppKey: SENDCLOUD_APP_KEY.replace(/,.*/s, '').trim(),
    dataDir: config.DATA_DIR,
    tablePrefix: TABLE_PREFIX,
    isSesSimulated: config.SES_ENDPOINT === undefined,
    isSendCloudSimulated: config.SENDCLOUD_ENDPOINT === undefined,
    functionEnvironment,
  }
}

function newToken(): string {
  return randomBytes(24).toString('base64url')
}
