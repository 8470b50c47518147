import { randomBytes } from 'node:crypto'
import { unauthorized } from '../../lib/ingest/responses.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { sharedTokenSetting, tokenSettingOf, type Environment } from '../../lib/runtime/config.ts'
import { tencentSes } from '../../lib/providers/tencent-ses/tencent-ses.ts'
import { isOfLocalStack, isOfThisMachine } from '../where-to-look.ts'
import { ask, type Answer, type Front, type Silence } from './ask.ts'
import { failed, notChecked, passed, type Check } from './check.ts'

/** The token of a path: its own if `CALLBACK_TOKEN_<PATH>` is set, else the shared one. */
export function tokenFor(
  path: string,
  token: string | undefined,
  environment: Environment,
): string | undefined {
  return environment[ownTokenVariable(path)] ?? token
}

/** `CALLBACK_TOKEN_SENDCLOUD` */
export function ownTokenVariable(path: string): string {
  return tokenSettingOf(path).replace('_SHA256', '')
}

/** Whether the token opens its path, by a probe such as consoles make: nothing is stored. */
export async function checkToken(
  { path, check = 'token' }: { readonly path: string; readonly check?: string },
  front: Front,
  token: string | undefined,
  environment: Environment,
): Promise<Check> {
  if (token === undefined) {
    return notChecked(check, 'not checked: set CALLBACK_TOKEN to it, or give it by --token')
  }
  if (!/^[\w.~-]+$/.test(token)) {
    return failed(
      check,
      'what was given is no token',
      'Give the end of the callback URL alone: letters and digits, nothing before them and nothing behind.',
    )
  }
  if (!mayCarryToken(front.url)) {
    return failed(
      check,
      `was not sent: on the way to http://${front.url.host} anybody could read it`,
      'Give --url the https:// URL. If there is none, set up TLS: callbacks to that URL reveal the token to everybody on the way.',
    )
  }
  const answer = await ask(front, callbackPath(path, token))
  if (isRefusal(answer))
    return failed(check, 'is not accepted (401)', tokenAdvice(path, token, front.url, environment))
  if ('status' in answer && answer.status === 200 && answer.recorded === 0) {
    return passed(check, 'is accepted; nothing was stored')
  }
  return failed(check, `was answered ${statusOf(answer)} instead of 200 and a count`, oneAnswerLost)
}

/** Whether a token that is not deployed is refused. */
export async function checkWrongToken(front: Front): Promise<Check> {
  const check = 'wrong token'
  const answer = await ask(front, callbackPath(tencentSes.name, randomBytes(24).toString('hex')))
  if (isRefusal(answer)) return passed(check, 'is refused (401)')
  if ('status' in answer && answer.status < 300) {
    return failed(
      check,
      `was answered ${answer.status}: anybody may write`,
      'Take away what answers in front of the function, or deploy the code of this project again: it refuses every token whose digest it does not have.',
    )
  }
  const isOthers = 'status' in answer && answer.status === unauthorized().status
  const found = `was answered ${statusOf(answer)}${isOthers ? ', but not by the ledger' : ' instead of 401'}`
  return failed(check, found, oneAnswerLost)
}

/** Whether nobody else can read what is sent there: through TLS, or only on this machine. */
export function mayCarryToken(url: URL): boolean {
  return url.protocol === 'https:' || isOfThisMachine(url)
}

export function callbackPath(provider: string, token: string): string {
  return `/${provider}/${token}`
}

export function statusOf(answer: Answer | Silence): string {
  return 'silence' in answer ? `nothing (${answer.code})` : String(answer.status)
}

function isRefusal(answer: Answer | Silence): boolean {
  const expected = unauthorized()
  return 'status' in answer && answer.status === expected.status && answer.title === expected.body?.title
}

/** The digest may be shown: it does not reveal the token. */
function tokenAdvice(path: string, token: string, url: URL, environment: Environment): string {
  if (isOfLocalStack(url, environment)) return 'Give the end of the callback URLs that `npm start` printed.'
  if (/^[0-9a-f]{64}$/i.test(token)) {
    return 'This looks like a digest. Give the token itself, the end of the callback URL; its digest is what is deployed.'
  }
  const isOwn = environment[ownTokenVariable(path)] !== undefined
  const setting = isOwn ? tokenSettingOf(path) : sharedTokenSetting
  return `Give the token whose digest is deployed; or deploy with ${tokenDigest(token)} among ${setting}, which is the digest of this one.`
}

const oneAnswerLost =
  'The URL did answer a moment before. Try again; should it stay so, something in front of the function answers for it.'
