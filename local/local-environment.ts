import { isInPostgres, localTablePrefix, setVariables, type Environment } from '../lib/runtime/config.ts'
import { emulatorCredentials, emulatorRegion } from './emulator-credentials.ts'

/** The default ports of the local stack. */
export const usualPorts = {
  PORT: '3000',
  DYNAMODB_PORT: '8000',
  SES_PORT: '3001',
  SENDCLOUD_PORT: '3002',
  LOGS_PORT: '3003',
  CONSOLE_PORT: '3010',
  QUERY_PORT: '3005',
} as const

/** The ports of a stack that disturbs nothing that runs: whichever are free. */
export const freePorts = {
  PORT: '0',
  DYNAMODB_PORT: '0',
  SES_PORT: '0',
  SENDCLOUD_PORT: '0',
  LOGS_PORT: '0',
  CONSOLE_PORT: '0',
  QUERY_PORT: '0',
} as const satisfies Record<keyof typeof usualPorts, '0'>

/** The credentials that the simulated SES accepts. They open nothing. */
export const simulatedSesCredentials = { secretId: 'local-secret-id', secretKey: 'local-secret-key' }

/** The credentials that the simulated SendCloud accepts. They open nothing. */
export const simulatedSendCloudCredentials = { apiUser: 'example_trigger', apiKey: 'local-api-key' }

/** In which simulated mails have an id of their sender's. */
const simulatedOwnIds = 'X-Tencentcloudses-Cb-Order,SC-Custom-Order'

/** With which simulated SendCloud callbacks are signed. It opens nothing. */
export const simulatedAppKey = 'local-app-key'

/**
 * The environment in which nothing is set points at the local stack: its emulator, its log and its simulated SES. Another TABLE_PREFIX
 * means another deployment, about which nothing is assumed, wherever it stands. What is set wins, but for what would send
 * somebody's real credentials to a simulation.
 */
export function withLocalDefaults(environment: Environment): Environment {
  const set = setVariables(environment)
  if (!isLocal(set)) return environment
  return {
    TABLE_PREFIX: localTablePrefix,
    CORRELATION_HEADER: simulatedOwnIds,
    RFC_MESSAGE_ID_INDEX: 'on',
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${set.DYNAMODB_PORT ?? usualPorts.DYNAMODB_PORT}`,
    AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: `http://127.0.0.1:${set.LOGS_PORT ?? usualPorts.LOGS_PORT}`,
    AWS_REGION: emulatorRegion,
    AWS_ACCESS_KEY_ID: emulatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulatorCredentials.secretAccessKey,
    ...set,
    // A profile would take the place of the keys.
    AWS_PROFILE: '',
    ...(set.SES_ENDPOINT === undefined && {
      SES_ENDPOINT: `http://127.0.0.1:${set.SES_PORT ?? usualPorts.SES_PORT}`,
      TENCENTCLOUD_SECRET_ID: simulatedSesCredentials.secretId,
      TENCENTCLOUD_SECRET_KEY: simulatedSesCredentials.secretKey,
      TENCENTCLOUD_TOKEN: '',
    }),
    ...(set.SENDCLOUD_ENDPOINT === undefined && {
      SENDCLOUD_ENDPOINT: `http://127.0.0.1:${set.SENDCLOUD_PORT ?? usualPorts.SENDCLOUD_PORT}/apiv2`,
      SENDCLOUD_API_USER: simulatedSendCloudCredentials.apiUser,
      SENDCLOUD_API_KEY: simulatedSendCloudCredentials.apiKey,
    }),
  }
}

/**
 * Whether the environment points at the local stack: by the tables that it names, and none of them in PostgreSQL. Where these are looked for says nothing: a
 * deployment may be reached by a tunnel, or stand in an emulated AWS.
 */
export function isLocal(environment: Environment): boolean {
  const { TABLE_PREFIX = localTablePrefix } = setVariables(environment)
  return TABLE_PREFIX === localTablePrefix && !isInPostgres(environment)
}
