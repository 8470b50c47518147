import * as v from 'valibot'
import { secondMs } from '../../core/instant.ts'
import { oneLine } from '../../core/text.ts'
import { StatusApiError } from '../../reconcile/ports.ts'

const usualTimeoutMs = 10 * secondMs

/** The most that an answer may hold: a hundred rows take about 100 kB. */
const maxAnswerBytes = 4 * 1_024 * 1_024

export interface SendCloudSettings {
  /** URL before the action: `https://api.sendcloud.net/apiv2`. */
  readonly endpoint: string
  /** The first signs in; where there are several, the mails of all of them are listed. */
  readonly apiUsers: readonly string[]
  readonly apiKey: string
  /** How long one call may take, in milliseconds, its answer included; default 10 s. */
  readonly timeoutMs?: number
}

/** What is asked. */
interface Question {
  /** Module and action: `data/emailStatus`. */
  readonly action: string
  /** What it is about, for a person: `2026-11-21 at offset 300`. */
  readonly about: string
  /** Whether it carries text from outside, so that a parameter that is refused shows nothing about our settings. */
  readonly isLookUp: boolean
  readonly parameters: Readonly<Record<string, string>>
}

/** Only `result` must be as documented: a refusal stays one whatever else is odd about it. */
const answer = v.object({
  result: v.boolean(),
  statusCode: v.fallback(v.pipe(v.unknown(), v.transform(Number), v.number()), 0),
  message: v.fallback(v.string(), ''),
  info: v.optional(v.unknown()),
})

type Answer = v.InferOutput<typeof answer>

/**
 * Calls SendCloud's API once, by POST with a form, so that no credential is in a URL. Returns the `info` of the answer, and when
 * it was answered by SendCloud's own clock.
 * @throws StatusApiError
 */
export async function callSendCloud(
  settings: SendCloudSettings,
  question: Question,
): Promise<{ info: unknown; answeredAtMs?: number }> {
  const { response, text } = await postForm(settings, question)
  const answeredAtMs = Date.parse(response.headers.get('date') ?? '')
  const read = v.safeParse(v.pipe(v.string(), v.parseJson(), answer), text)
  if (!read.success) {
    throw failure('transient', 'NoAnswer', question, `HTTP ${response.status} without a usable answer.`)
  }
  if (!read.output.result) throw refusalOf(read.output, question, settings)
  return { info: read.output.info, ...(!Number.isNaN(answeredAtMs) && { answeredAtMs }) }
}

async function postForm(
  { endpoint, apiUsers, apiKey, timeoutMs = usualTimeoutMs }: SendCloudSettings,
  question: Question,
): Promise<{ response: Response; text: string }> {
  const url = `${endpoint.replace(/\/+$/, '')}/${question.action}`
  try {
    const response = await fetch(url, {
      method: 'POST',
      body: new URLSearchParams({ apiUser: apiUsers[0] ?? '', apiKey, ...question.parameters }),
      // Credentials go nowhere else.
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    })
    return { response, text: await boundedText(response) }
  } catch (error) {
    throw failure('transient', 'NoAnswer', question, `no usable answer (${reasonOf(error)}).`)
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.length
    if (bytes > maxAnswerBytes) throw new Error(`more than ${maxAnswerBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** A network fault's cause names host and fault, and no secret. */
function reasonOf(error: unknown): string {
  const cause = typeof error === 'object' && error !== null && 'cause' in error ? error.cause : undefined
  return oneLine(`${messageOf(error)} ${messageOf(cause)}`).slice(0, 200)
}

/** A time-out is no `Error` of every realm, so it is known by its message. */
function messageOf(error: unknown): string {
  const has = typeof error === 'object' && error !== null && 'message' in error
  return has && typeof error.message === 'string' ? error.message : ''
}

const authenticationFailed = 40_005

/** Source: "API Return Code", read 2026-11-27. 4xxxx are faults of the request; 50000 says that calls came too fast. */
function refusalOf(
  { statusCode, message }: Answer,
  question: Question,
  settings: SendCloudSettings,
): StatusApiError {
  const reason = `${statusCode} ${withoutSecrets(message, settings)}.`
  if (statusCode === authenticationFailed) {
    const advice =
      'Set SENDCLOUD_API_USER and SENDCLOUD_API_KEY to a pair that belongs together: of a deployment by `npx ledger parameter put SENDCLOUD_API_KEY`.'
    return failure('settings', 'AuthFailure', question, `${reason} ${advice}`)
  }
  const isOurs = statusCode >= 40_000 && statusCode < 50_000
  if (!isOurs) return failure('transient', String(statusCode), question, reason)
  const advice = `Check SENDCLOUD_ENDPOINT (${settings.endpoint}): the API refuses how it was asked.`
  return question.isLookUp
    ? failure('query', `InvalidParameter.${statusCode}`, question, reason)
    : failure('settings', `InvalidParameter.${statusCode}`, question, `${reason} ${advice}`)
}

/** What SendCloud says, without what it may repeat of the request: credentials and addresses. */
function withoutSecrets(message: string, { apiUsers, apiKey }: SendCloudSettings): string {
  const secrets = [apiKey, ...apiUsers].filter((secret) => secret !== '')
  const withoutCredentials = secrets.reduce((text, secret) => text.replaceAll(secret, '…'), oneLine(message))
  const words = withoutCredentials.split(' ').map((word) => (word.includes('@') ? '…' : word))
  return words.join(' ').slice(0, 200)
}

function failure(
  consequence: StatusApiError['consequence'],
  code: string,
  { action, about }: Question,
  reason: string,
): StatusApiError {
  return new StatusApiError(consequence, code, `${action} for ${about} failed: ${reason}`)
}
