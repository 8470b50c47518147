import { minuteMs } from '../../lib/core/instant.ts'
import { providers } from '../../lib/providers/registry.ts'
import {
  ingestEntries,
  ownTokenEntries,
  parseEnvironment,
  parseSigningKeys,
  parseTokenDigests,
  pollEntries,
  polledEntries,
  queryEntries,
  queryTokenSetting,
  reconcileEntries,
  sendCloudCredentialEntries,
  serverEntries,
  setsSendCloudPoll,
  setVariables,
  withUsualSchema,
  type Environment,
} from '../../lib/runtime/config.ts'

/** What the server is started with. */
export interface ServerSettings {
  readonly host: string
  readonly port: number
  readonly everyMs: number
  readonly databaseUrl: string
  readonly schema: string
  /** By provider, the digests of the tokens that open its path. */
  readonly tokenDigests: ReadonlyMap<string, readonly string[]>
  /** Whether questions are answered as well. */
  readonly isQueried: boolean
  /** What its functions read. */
  readonly environment: Environment
}

/** Reads all settings of all that the server runs, or names every wrong one: not at the first callback, but at the start. */
export function serverSettings(variables: Environment): ServerSettings {
  const environment = withUsualSchema(setVariables(variables))
  const isQueried = queryTokenSetting in environment
  const config = parseEnvironment(
    {
      ...serverEntries,
      ...ingestEntries,
      ...ownTokenEntries(providers),
      ...reconcileEntries,
      ...(setsSendCloudPoll(environment) && { ...polledEntries, ...sendCloudCredentialEntries }),
      ...(environment.SES_POLL !== 'off' && pollEntries),
      ...(isQueried && { [queryTokenSetting]: queryEntries[queryTokenSetting] }),
    },
    environment,
  )
  for (const provider of providers) parseSigningKeys(provider, environment)
  return {
    host: config.HOST,
    port: config.PORT,
    everyMs: config.SCHEDULE_MINUTES * minuteMs,
    databaseUrl: config.DATABASE_URL,
    schema: config.TABLE_PREFIX,
    tokenDigests: parseTokenDigests(config.CALLBACK_TOKEN_SHA256, providers, environment),
    isQueried,
    environment,
  }
}
