import type { FieldProblem } from '../providers/provider.ts'
import type { WebhookResponse } from './ports.ts'
import type { BodyResult } from './process-body.ts'

/** What became of one request. */
export interface IngestResult {
  readonly response: WebhookResponse
  /** What its line in the log says beside provider and status. */
  readonly logged: Readonly<Record<string, unknown>>
  /** What was read in its body, and written. Absent where nothing was read. */
  readonly body: BodyResult | undefined
  /** Whether its body stands in quarantine now. */
  readonly isQuarantined: boolean
  /** Whether it carried a body that was not read, though the response is 200: an unsigned one. */
  readonly isUnread: boolean
}

/** A response, and what is to be said of the request beside it. */
export function resultOf(
  response: WebhookResponse,
  more: Partial<Omit<IngestResult, 'response'>> = {},
): IngestResult {
  return { response, logged: {}, body: undefined, isQuarantined: false, isUnread: false, ...more }
}

/** The responses to callers. Problems follow RFC 9457; to a stranger they say no more than the status. */

export function recorded(events: number): WebhookResponse {
  return json(200, { recorded: events })
}

/** Lambda limits a response to 6 MB, and a person reads no more of them either. */
const maxProblemsShown = 20

export function kept(events: number, problems: readonly FieldProblem[]): WebhookResponse {
  return json(202, {
    recorded: events,
    quarantined: problems.length,
    detail: 'The body is kept in quarantine. Sending it again changes nothing.',
    errors: problems.slice(0, maxProblemsShown),
  })
}

/** For a body that reports more than can be written while its sender waits. */
export function unfinished(events: number, left: number): WebhookResponse {
  return json(202, {
    recorded: events,
    unfinished: left,
    detail:
      'The body is kept, and the rest of it is written within minutes. Sending it again changes nothing.',
  })
}

export function invalid(events: number, problems: readonly FieldProblem[], isKept: boolean): WebhookResponse {
  const where = isKept ? 'It is kept in quarantine.' : `It is not kept: ${dayFull}.`
  return problem(400, 'The body is not what this provider sends', {
    detail: `${where} Elements without problems were recorded.`,
    recorded: events,
    errors: problems.slice(0, maxProblemsShown),
    ...(problems.length > maxProblemsShown && { furtherErrors: problems.length - maxProblemsShown }),
  })
}

const dayFull = 'the limit for unsigned bodies of the day (UTC) is reached'

const detailOfUnsigned = {
  probe: 'it was read as a probe of the URL, and nothing was stored.',
  kept: 'it is kept in quarantine, and nothing in it is believed.',
  'day full': `it is not kept, since ${dayFull}.`,
} as const

/** A console may post without a signature when the URL is saved, and expects 200. */
export function unsigned(became: keyof typeof detailOfUnsigned): WebhookResponse {
  return json(200, { recorded: 0, detail: `The body carries no signature: ${detailOfUnsigned[became]}` })
}

export function forged(): WebhookResponse {
  return problem(401, 'The signature is not by a key that is accepted')
}

/** 503, so that the sender keeps trying until the setting is there. */
export function notSetUp(setting: string): WebhookResponse {
  return withRetryAfter(problem(503, `${setting} is not set, so no signature can be checked`))
}

export function unauthorized(): WebhookResponse {
  return problem(401, 'The token in the path is not accepted')
}

export function notFound(): WebhookResponse {
  return problem(404, 'No such path')
}

export function methodNotAllowed(): WebhookResponse {
  const response = problem(405, 'Callbacks are sent by POST')
  return { ...response, headers: { ...response.headers, allow: 'GET, HEAD, POST' } }
}

export function tooLarge(maxBodyBytes: number, isKept: boolean): WebhookResponse {
  const detail = `It is kept ${isKept ? 'in quarantine' : 'nowhere'}.`
  return problem(413, 'The body is too large', { maxBodyBytes, detail })
}

export function tryAgain(): WebhookResponse {
  return withRetryAfter(problem(503, 'The events could not be written; send them again'))
}

function withRetryAfter(response: WebhookResponse): WebhookResponse {
  return { ...response, headers: { ...response.headers, 'retry-after': '60' } }
}

function json(
  status: WebhookResponse['status'],
  body: NonNullable<WebhookResponse['body']>,
): WebhookResponse {
  return { status, headers: { 'content-type': 'application/json', 'cache-control': 'no-store' }, body }
}

function problem(status: WebhookResponse['status'], title: string, more: object = {}): WebhookResponse {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', 'cache-control': 'no-store' },
    body: { type: 'about:blank', title, status, ...more },
  }
}
