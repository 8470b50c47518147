import type { Delivery } from '../core/delivery.ts'
import { beforeAbort } from '../runtime/before-abort.ts'
import { errorName } from '../runtime/error-name.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import type { SuppressionReader } from '../suppressions/ports.ts'
import { deliveriesAsJson } from './deliveries-json.ts'
import { latestDeliveries } from './find-deliveries.ts'
import openApi from './openapi.json' with { type: 'json' }
import { deliveryQuestion, noQuestion, suppressionQuestion, type DeliveryQuestion } from './parameters.ts'
import { TooMuchToReadError, type DeliveryFinder, type QueryRequest, type QueryResponse } from './ports.ts'
import * as responses from './responses.ts'
import { suppressionAsJson } from './suppression-json.ts'

interface QueryDependencies {
  /** Whether a token opens the API. */
  readonly isAccepted: (token: string) => boolean
  readonly deliveries: DeliveryFinder
  readonly suppressions: Pick<SuppressionReader, 'ofRecipient'>
  /** How long evidence of a provider's own list that states no end counts. */
  readonly blocklistDays: number
  readonly clock: Clock
  readonly log: Log
  /** How long one answer may wait for the tables. */
  readonly responseDeadlineMs: number
  /** A signal that aborts after the given time. Default: by the machine's clock. */
  readonly deadline?: (ms: number) => AbortSignal
}

/** What became of one request. */
interface QueryResult {
  readonly response: QueryResponse
  /** What its line in the log says besides: neither an address nor an id. */
  readonly logged?: Readonly<Record<string, unknown>>
}

/** An address of 320 characters in percent-encoded UTF-8, and all else, have room in it twice. */
const maxUrlLength = 8_000

/**
 * Answers one question of a back-end: `GET /suppressions/<address>`, `GET /deliveries?recipient=|messageId=|emailId=`, `GET
 * /openapi.json`. The token is checked before anything is read, and whoever has none learns nothing else.
 */
export async function query(request: QueryRequest, deps: QueryDependencies): Promise<QueryResponse> {
  const { clock, log } = deps
  const startedMs = clock.now()
  const { response, logged } = await resultOf(request, deps)
  log('query', { status: response.status, ...logged, tookMs: clock.now() - startedMs })
  if (request.method !== 'HEAD') return response
  const { status, headers } = response
  return { status, headers }
}

async function resultOf(request: QueryRequest, deps: QueryDependencies): Promise<QueryResult> {
  const refusal = refusalOf(request, deps)
  if (refusal) return { response: refusal }
  const answer = answerTo(request)
  if (answer === undefined) return { response: responses.notFound() }
  if (request.method !== 'GET' && request.method !== 'HEAD') return { response: responses.methodNotAllowed() }
  try {
    return await answer(deps)
  } catch (error) {
    deps.log('read failed', { error: errorName(error) })
    return { response: responses.tryAgain() }
  }
}

// RFC 6750 §2.1; the name of the scheme in any case (RFC 9110 §11.1).
const bearer = /^bearer +([\w.~+/-]+=*)$/i

function refusalOf({ path, query: text, headers }: QueryRequest, deps: QueryDependencies) {
  const authorization = headers.get('authorization')
  const token = bearer.exec(authorization ?? '')?.[1]
  if (token === undefined || !deps.isAccepted(token)) {
    return responses.unauthorized(authorization !== undefined)
  }
  return path.length + text.length > maxUrlLength ? responses.tooLong(maxUrlLength) : undefined
}

/** Whether a path is one of the API's, for a front end that has others beside it. */
export function isQueryPath(path: string): boolean {
  return /^\/+(?:suppressions|deliveries|openapi\.json)(?:\/|$)/.test(path)
}

type AnswerWith = (deps: QueryDependencies) => QueryResult | Promise<QueryResult>

/** What answers at a path; `undefined` where nothing does. */
function answerTo({ path, query: text }: QueryRequest): AnswerWith | undefined {
  // A function URL ends in a slash, so joining by hand makes two.
  const [, name = '', rest] = /^\/+([^/]+)(?:\/(.*))?$/s.exec(path) ?? []
  switch (name) {
    case 'suppressions':
      // A local part may hold a slash.
      return (deps) => answerAboutSuppression(rest ?? '', text, deps)
    case 'deliveries':
      return rest === undefined ? (deps) => answerAboutDeliveries(text, deps) : undefined
    case 'openapi.json':
      return rest === undefined ? () => answerAboutItself(text) : undefined
    default:
      return undefined
  }
}

function answerAboutItself(text: string): QueryResult {
  const read = noQuestion(text)
  return 'problems' in read
    ? { response: responses.badRequest(read.problems) }
    : { response: responses.found(openApi), logged: { asked: 'openapi' } }
}

async function answerAboutSuppression(
  address: string,
  text: string,
  deps: QueryDependencies,
): Promise<QueryResult> {
  const asked = 'suppressions'
  const read = suppressionQuestion(address, text)
  if ('problems' in read) return { response: responses.badRequest(read.problems), logged: { asked } }
  const { question } = read
  const { suppressions, clock, blocklistDays } = deps
  const known = await beforeAbort(suppressions.ofRecipient(question.recipient), signalOf(deps))
  const body = suppressionAsJson(question, known, { nowMs: clock.now(), blocklistDays })
  return { response: responses.found(body), logged: { asked, reasons: body.reasons.length } }
}

async function answerAboutDeliveries(text: string, deps: QueryDependencies): Promise<QueryResult> {
  const read = deliveryQuestion(text)
  if ('problems' in read) {
    return { response: responses.badRequest(read.problems), logged: { asked: 'deliveries' } }
  }
  const { question } = read
  const logged = { asked: 'deliveries', by: question.asked.by }
  const signal = signalOf(deps)
  try {
    const { latest, more } = await beforeAbort(foundBy(question, deps.deliveries, signal), signal)
    const deliveries = deliveriesAsJson(latest)
    const body = { deliveries, more: more + latest.length - deliveries.length }
    return { response: responses.found(body), logged: { ...logged, found: deliveries.length } }
  } catch (error) {
    if (!(error instanceof TooMuchToReadError)) throw error
    return { response: responses.tooMuchToRead(error.message), logged }
  }
}

/** The latest deliveries, and how many more there are. */
async function foundBy(
  { asked, limit }: DeliveryQuestion,
  deliveries: DeliveryFinder,
  signal: AbortSignal,
): Promise<{ readonly latest: readonly Delivery[]; readonly more: number }> {
  if (asked.by === 'messageId') {
    const { found, more } = await deliveries.ofMessage(asked.message, limit, signal)
    return { latest: latestDeliveries(found, {}).shown, more }
  }
  const found =
    asked.by === 'recipient'
      ? await deliveries.ofRecipient(asked.recipient, signal)
      : await deliveries.ofKey(asked.key, signal)
  const { shown, earlier } = latestDeliveries(found, { limit })
  return { latest: shown, more: earlier }
}

function signalOf({ responseDeadlineMs, deadline }: QueryDependencies): AbortSignal {
  return deadline?.(responseDeadlineMs) ?? AbortSignal.timeout(responseDeadlineMs)
}
