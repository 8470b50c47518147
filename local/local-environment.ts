import type { Environment } from '../lib/config.ts'
import { emulatorCredentials, emulatorRegion } from './emulator-credentials.ts'

/** The prefix of the local tables: what an environment without TABLE_PREFIX points at. */
const localTablePrefix = 'delivery-ledger-local'

/** The credentials that the simulated SES accepts. They open nothing. */
export const simulatedSesCredentials = { secretId: 'local-secret-id', secretKey: 'local-secret-key' }

/**
 * The environment in which nothing is set but TABLE_PREFIX at most points at the local stack: its emulator and its
 * simulated SES. Another TABLE_PREFIX means another deployment, about which nothing is assumed. What is set wins, but for
 * the credentials of a simulated SES: it accepts its own only, and nobody's real ones belong there.
 */
export function withLocalDefaults(environment: Environment): Environment {
  const set = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  )
  if (set.TABLE_PREFIX !== undefined && set.TABLE_PREFIX !== localTablePrefix) return environment
  return {
    TABLE_PREFIX: localTablePrefix,
    AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${set.DYNAMODB_PORT ?? '8000'}`,
    AWS_REGION: emulatorRegion,
    AWS_ACCESS_KEY_ID: emulatorCredentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: emulatorCredentials.secretAccessKey,
    ...set,
    ...(set.SES_ENDPOINT === undefined && {
      SES_ENDPOINT: `http://127.0.0.1:${set.SES_PORT ?? '3001'}`,
      TENCENTCLOUD_SECRET_ID: simulatedSesCredentials.secretId,
      TENCENTCLOUD_SECRET_KEY: simulatedSesCredentials.secretKey,
      TENCENTCLOUD_TOKEN: '',
    }),
  }
}
