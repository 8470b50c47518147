import pMap from 'p-map'
import * as answers from './callback-answers.ts'
import { isAcceptedToken } from './callback-token.ts'
import {
  UnwritableError,
  type CallbackAnswer,
  type CallbackRequest,
  type Clock,
  type DeliveryWriter,
  type Log,
  type QuarantinedInput,
  type QuarantineWriter,
} from './ports.ts'
import type { FieldProblem, Outcome, Provider } from './providers/provider.ts'

interface IngestDependencies {
  readonly providers: readonly Provider[]
  /** SHA-256 digests, in hex, of the tokens that may stand in the path. */
  readonly tokenDigests: readonly string[]
  readonly deliveries: DeliveryWriter
  readonly quarantine: QuarantineWriter
  /** How long one request may spend writing: the sender waits for the answer. */
  readonly writeDeadlineMs: number
  readonly clock: Clock
  readonly log: Log
}

/** Writes of one request that are under way at once. */
const concurrentWrites = 16

/**
 * Takes one callback in. The order is the design: method and path, token, size, and only then is anything decoded or
 * parsed. Answers after everything is durable, never before; nothing runs after the answer.
 */
export async function ingest(request: CallbackRequest, on: IngestDependencies): Promise<CallbackAnswer> {
  const { answer, provider, happening } = await answerTo(request, on)
  on.log('callback', { provider: provider?.name, status: answer.status, ...happening })
  return answer
}

interface Taken {
  readonly answer: CallbackAnswer
  readonly provider?: Provider
  readonly happening?: Readonly<Record<string, unknown>>
}

async function answerTo(request: CallbackRequest, on: IngestDependencies): Promise<Taken> {
  // A function URL ends in a slash already, and joining by hand makes two of it.
  const [name, token, ...rest] = request.path.split('/').filter((part) => part !== '')
  const provider = on.providers.find((known) => known.name === name)
  if (!provider || rest.length > 0) return { answer: answers.notFound() }
  if (!['GET', 'HEAD', 'POST'].includes(request.method))
    return { answer: answers.methodNotAllowed(), provider }
  if (token === undefined || !isAcceptedToken(token, on.tokenDigests))
    return { answer: answers.unauthorized(), provider }
  // Saving a callback URL in a console may probe it by GET or HEAD.
  if (request.method !== 'POST') return { answer: answers.recorded(0), provider }
  if (bodyBytes(request) > provider.maxBodyBytes) {
    return { answer: answers.tooLarge(provider.maxBodyBytes), provider }
  }
  const body = Buffer.from(request.body, request.isBase64Encoded ? 'base64' : 'utf8')
  const taken = await take(provider, body, on)
  return { ...taken, provider }
}

// Base64 is counted without decoding it: three bytes in four characters.
function bodyBytes({ body, isBase64Encoded }: CallbackRequest): number {
  return isBase64Encoded
    ? Math.floor((body.replace(/=+$/, '').length * 3) / 4)
    : Buffer.byteLength(body, 'utf8')
}

async function take(provider: Provider, body: Uint8Array, on: IngestDependencies): Promise<Taken> {
  const signal = AbortSignal.timeout(on.writeDeadlineMs)
  const receivedAtMs = on.clock.now()
  const outcomes = provider.read(body)
  const results = await pMap(outcomes, (outcome, index) => settle(outcome, index, on, signal), {
    concurrency: concurrentWrites,
  })

  const count = (type: Result['type']) => results.filter((result) => result.type === type).length
  const happening = { events: summaryOf(outcomes), recorded: count('recorded') }

  // The body as a whole is kept where any element needs it: running it again records nothing twice.
  const problems = results.flatMap((result) => ('problems' in result ? result.problems : []))
  const reason = reasons.find((known) => count(known) > 0)
  const input = reason && {
    provider: provider.name,
    body,
    reason,
    problems: problems.map(lineOf),
    receivedAtMs,
  }
  const isKept = input === undefined || (await keeps(input, on, signal))
  if (count('unwritten') > 0 || !isKept) return { answer: answers.tryAgain(), happening }
  if (input === undefined) return { answer: answers.recorded(count('recorded')), happening }

  const answer = input.reason === 'unreadable' || input.reason === 'invalid' ? answers.invalid : answers.kept
  return {
    answer: answer(count('recorded'), problems),
    happening: { ...happening, quarantined: input.reason },
  }
}

/** `delivered`, or `delivered ×3 opened` where a body tells of several. */
function summaryOf(outcomes: readonly Outcome[]): string {
  const kinds = outcomes.flatMap((outcome) => (outcome.type === 'event' ? outcome.event.kind : []))
  const byKind = [...Map.groupBy(kinds, (kind) => kind)]
  return byKind.map(([kind, all]) => (all.length === 1 ? kind : `${kind} ×${all.length}`)).join(' ')
}

type Result =
  | { readonly type: 'recorded' | 'unwritten' }
  | { readonly type: QuarantinedInput['reason']; readonly problems: readonly FieldProblem[] }

/** One element is the unit of failure: whatever happens to it is a value, and its neighbours go on. */
async function settle(
  outcome: Outcome,
  index: number,
  on: IngestDependencies,
  signal: AbortSignal,
): Promise<Result> {
  switch (outcome.type) {
    case 'unreadable':
    case 'unrecognised':
      return { type: outcome.type, problems: [outcome.problem] }
    case 'invalid':
      return outcome
    case 'event':
      try {
        await on.deliveries.record(outcome.event, signal)
        return { type: 'recorded' }
      } catch (error) {
        if (error instanceof UnwritableError)
          return { type: 'unwritable', problems: [tooMuchForItsRow(index)] }
        on.log('write failed', { error: nameOf(error) })
        return { type: 'unwritten' }
      }
  }
}

function tooMuchForItsRow(index: number): FieldProblem {
  const expected = 'an event that its row in the table can hold'
  return { pointer: `/${String(index)}`, expected, received: 'one that the table refused' }
}

// The reason that asks for most comes first: it names what a person has to look at.
const reasons = ['unreadable', 'invalid', 'unwritable', 'unrecognised'] as const

function lineOf({ pointer, expected, received }: FieldProblem): string {
  return `${pointer || 'body'}: expected ${expected}, got ${received}`
}

async function keeps(input: QuarantinedInput, on: IngestDependencies, signal: AbortSignal): Promise<boolean> {
  try {
    await on.quarantine.keep(input, signal)
    return true
  } catch (error) {
    on.log('write failed', { error: nameOf(error) })
    return false
  }
}

// A name is enough to search for, and cannot hold an address as a message could.
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
