import type { ParameterProblem } from './parameters.ts'
import type { QueryResponse } from './ports.ts'

// Problems follow RFC 9457; to a stranger they say no more than the status. Nothing may be kept by a cache, and no header
// lets a browser's page read an answer.

export function found(body: Readonly<Record<string, unknown>>): QueryResponse {
  return { status: 200, headers: { ...noStore, 'content-type': 'application/json' }, body }
}

/** A query may hold thousands of wrong names, and a person reads no more. */
const maxProblemsShown = 20

export function badRequest(problems: readonly ParameterProblem[]): QueryResponse {
  return problem(400, 'The question cannot be read', { errors: problems.slice(0, maxProblemsShown) })
}

export function tooMuchToRead(bound: string): QueryResponse {
  const detail = `${bound} Ask by messageId or emailId, or run \`ledger show\`.`
  return problem(400, 'More is stored than one question reads', { detail })
}

/** @param hasToken - whether one was sent. Source: RFC 6750 §3.1 */
export function unauthorized(hasToken: boolean): QueryResponse {
  const challenge = `Bearer realm="delivery-ledger"${hasToken ? ', error="invalid_token"' : ''}`
  const title = hasToken ? 'The token is not accepted' : 'A token is needed: Authorization: Bearer <token>'
  return withHeader('www-authenticate', challenge, problem(401, title))
}

export function notFound(): QueryResponse {
  return problem(404, 'No such path', {
    detail: 'There are /suppressions/<address>, /deliveries and /openapi.json.',
  })
}

export function methodNotAllowed(): QueryResponse {
  return withHeader('allow', 'GET, HEAD', problem(405, 'Questions are asked by GET'))
}

export function tooLong(maxLength: number): QueryResponse {
  return problem(414, 'The URL is too long', { detail: `Path and query: at most ${maxLength} characters.` })
}

export function tryAgain(): QueryResponse {
  return withHeader('retry-after', '5', problem(503, 'The tables did not answer; ask again'))
}

const noStore = { 'cache-control': 'no-store' }

function withHeader(name: string, value: string, response: QueryResponse): QueryResponse {
  return { ...response, headers: { ...response.headers, [name]: value } }
}

function problem(status: QueryResponse['status'], title: string, more: object = {}): QueryResponse {
  return {
    status,
    headers: { ...noStore, 'content-type': 'application/problem+json' },
    body: { type: 'about:blank', title, status, ...more },
  }
}
