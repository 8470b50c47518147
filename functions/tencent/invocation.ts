import * as v from 'valibot'
import type { Environment } from '../../lib/runtime/config.ts'

/**
 * The part of SCF's context that is used. Source: Tencent Cloud document 583/9210, read 2026-11-27.
 */
export interface ScfContext {
  /** The whole limit of the function's time; there is no remaining one. */
  readonly time_limit_in_ms: number
  /** The environment as JSON text. Its credentials are renewed at every invocation, those of the process are not. */
  readonly environment?: string
  /** `false`: an open connection does not delay the response. */
  callbackWaitsForEmptyEventLoop?: boolean
}

/** The temporary credentials of the function's run role. */
export interface RunRoleCredentials {
  readonly secretId: string
  readonly secretKey: string
  readonly token: string | undefined
}

/** When this invocation, which has begun now, is ended by the platform. */
export function deadlineMsOf({ time_limit_in_ms: limitMs }: ScfContext, nowMs: number): number {
  if (typeof limitMs === 'number' && limitMs > 0) return nowMs + limitMs
  throw new TypeError('Expected time_limit_in_ms in the context: invoke this function by SCF.')
}

/**
 * The credentials of this invocation; `undefined` if the function has no run role. All of them are of one place, and
 * must not be kept for the next invocation.
 */
export function runRoleCredentials(
  context: ScfContext,
  environment: Environment,
): RunRoleCredentials | undefined {
  return credentialsIn(environmentIn(context)) ?? credentialsIn(environment)
}

/** Names that the platform reserves. Source: Tencent Cloud document 583/14570. */
function credentialsIn(environment: Environment): RunRoleCredentials | undefined {
  const {
    TENCENTCLOUD_SECRETID: secretId = '',
    TENCENTCLOUD_SECRETKEY: secretKey = '',
    TENCENTCLOUD_SESSIONTOKEN: token,
  } = environment
  return secretId === '' || secretKey === '' ? undefined : { secretId, secretKey, token }
}

const variables = v.pipe(
  v.string(),
  v.parseJson(),
  v.record(v.string(), v.fallback(v.optional(v.string()), undefined)),
)

function environmentIn({ environment }: ScfContext): Environment {
  const parsed = v.safeParse(variables, environment)
  return parsed.success ? parsed.output : {}
}

/**
 * The settings of one invocation, with the poll's credentials under the names that the poll reads: the function's own
 * (`SES_SECRET_ID`, `SES_SECRET_KEY`) for an SES of another account, else those of the run role. The poll's own names
 * cannot be set on SCF, which reserves what begins with `TENCENTCLOUD_`.
 */
export function withPollCredentials(environment: Environment, context: ScfContext): Environment {
  const { SES_SECRET_ID: secretId = '', SES_SECRET_KEY: secretKey = '' } = environment
  const own = secretId === '' ? undefined : { secretId, secretKey, token: undefined }
  const credentials = own ?? runRoleCredentials(context, environment)
  return {
    ...environment,
    TENCENTCLOUD_SECRET_ID: credentials?.secretId,
    TENCENTCLOUD_SECRET_KEY: credentials?.secretKey,
    TENCENTCLOUD_TOKEN: credentials?.token,
  }
}
