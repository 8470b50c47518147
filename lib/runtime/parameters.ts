import { secondMs } from '../core/instant.ts'
import { setVariables, type Environment } from './config.ts'
import type { ParameterReader } from './ports.ts'

/** For reads that no caller waits for. */
const patienceMs = 10 * secondMs

/** The name under which a deployment keeps a setting: `/delivery-ledger-prod/SENDCLOUD_APP_KEY`. */
export function parameterName(deployment: string, setting: string): string {
  return `/${deployment}/${setting}`
}

/**
 * The environment with settings that are kept as parameters of its deployment (`TABLE_PREFIX`). They belong together:
 * if the environment sets one of them, none is read, so halves of different credentials are never combined.
 * @param parameters - absent if there are none, as on a developer's machine.
 * @param signal - ends the wait for them. Default: after ten seconds.
 */
export async function withParameters(
  environment: Environment,
  settings: readonly string[],
  parameters: ParameterReader | undefined,
  signal: AbortSignal = AbortSignal.timeout(patienceMs),
): Promise<Environment> {
  const { TABLE_PREFIX, ...set } = setVariables(environment)
  if (settings.length === 0) return environment
  if (!parameters || TABLE_PREFIX === undefined || settings.some((setting) => setting in set))
    return environment
  const values = await parameters.valuesOf(
    settings.map((setting) => parameterName(TABLE_PREFIX, setting)),
    signal,
  )
  const found = settings.map(
    (setting) => [setting, values.get(parameterName(TABLE_PREFIX, setting))] as const,
  )
  return { ...environment, ...Object.fromEntries(found) }
}
