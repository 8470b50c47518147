import * as v from 'valibot'
import { systemClock } from '../../lib/runtime/clock.ts'
import {
  isInPostgres,
  parseEnvironment,
  port,
  queryTokenSetting,
  type Environment,
} from '../../lib/runtime/config.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { unauthorized } from '../../lib/query/responses.ts'
import { isLocal, usualPorts } from '../../local/local-environment.ts'
import { deployedUrl } from '../deployment-settings.ts'
import { logOf } from '../where-to-look.ts'
import { ask, type Answer, type Silence } from './ask.ts'
import { failed, notChecked, passed, type Check } from './check.ts'
import { statusOf } from './tokens.ts'

const check = 'query API'

/** The query API, where it is deployed or its token is set here (QUERY_TOKEN); it is off by default. */
export async function checkQueryApi(environment: Environment, timeoutMs: number): Promise<readonly Check[]> {
  const { QUERY_TOKEN: token } = environment
  const found = await urlOf(environment)
  if (found === undefined) return []
  if ('why' in found) return token === undefined ? [] : [notChecked(check, `not checked: ${found.why}`)]
  const front = { url: found.url, timeoutMs, clock: systemClock }
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const answer = await ask(front, '/openapi.json', headers)
  return [
    token === undefined ? checkWithoutToken(answer, environment) : checkToken(token, answer, environment),
  ]
}

/** `undefined` where nobody asks for it. */
async function urlOf(
  environment: Environment,
): Promise<{ readonly url: URL } | { readonly why: string } | undefined> {
  if (isInPostgres(environment)) return undefined
  if (!isLocal(environment)) {
    const found = await deployedUrl(environment, 'query')
    return 'url' in found ? found : { why: found.unread.why }
  }
  if (environment.QUERY_TOKEN === undefined) return undefined
  const { QUERY_PORT } = parseEnvironment(
    { QUERY_PORT: v.optional(port, usualPorts.QUERY_PORT) },
    environment,
  )
  return { url: new URL(`http://127.0.0.1:${QUERY_PORT}`) }
}

function checkToken(token: string, answer: Answer | Silence, environment: Environment): Check {
  if ('status' in answer && answer.status === 200) {
    return passed(check, `answers in ${answer.tookMs} ms, and accepts the token`)
  }
  if (!isRefusal(answer)) return strange(answer, environment)
  return failed(
    check,
    'does not accept the token in QUERY_TOKEN (401)',
    isLocal(environment)
      ? 'Give the token that `npm start` printed.'
      : `Give the token whose digest is deployed; or deploy with ${tokenDigest(token)} among ${queryTokenSetting}, which is the digest of this one.`,
  )
}

function checkWithoutToken(answer: Answer | Silence, environment: Environment): Check {
  return isRefusal(answer)
    ? passed(check, `answers in ${answer.tookMs} ms; set QUERY_TOKEN to try its token`)
    : strange(answer, environment)
}

function isRefusal(answer: Answer | Silence): answer is Answer {
  const titles = [unauthorized(true), unauthorized(false)].map(({ body }) => body?.title)
  return 'status' in answer && answer.status === 401 && titles.includes(answer.title)
}

function strange(answer: Answer | Silence, environment: Environment): Check {
  return failed(
    check,
    `was answered ${statusOf(answer)}`,
    `Look into ${logOf('query', environment)}. 429: too many at once (queryConcurrency); 503: a setting, or a table.`,
  )
}
