import { beforeAbort } from '../runtime/before-abort.ts'
import * as answers from './responses.ts'
import { callbackFigures } from './metrics.ts'
import { ConfigError } from '../runtime/config.ts'
import { isAcceptedToken } from './callback-token.ts'
import { embeddedMetrics } from '../runtime/embedded-metrics.ts'
import { errorName } from '../runtime/error-name.ts'
import type { WebhookResponse, WebhookRequest } from './ports.ts'
import type { QuarantineReason, QuarantineWriter } from '../quarantine/ports.ts'
import { contentTypeOfText } from '../providers/body/text.ts'
import type { Callback, Provider } from '../providers/provider.ts'
import type { SigningKeys } from './signing-keys.ts'
import { problemLines, processBody, type ProcessBodyDependencies, type BodyResult } from './process-body.ts'
import { unverifiedLine } from './unverified.ts'

interface IngestDependencies extends ProcessBodyDependencies {
  /** Whose metrics a request adds to: `TABLE_PREFIX`. */
  readonly deployment: string
  readonly providers: readonly Provider[]
  /** By provider, the SHA-256 digests, in hex, of the tokens that may stand in its path. */
  readonly tokenDigests: ReadonlyMap<string, readonly string[]>
  readonly signingKeys: SigningKeys
  readonly quarantine: QuarantineWriter
  /** How long one request may wait for keys and tables: the sender waits for the answer. */
  readonly responseDeadlineMs: number
  /** A signal that is aborted after so long. Default: by the machine's clock. */
  readonly deadline?: (ms: number) => AbortSignal
}

/**
 * Takes one callback in. The order is the design: method and path, token, size, and only then is anything decoded; the
 * signature, and only then is anything believed. Answers after everything is durable, never before; nothing runs after
 * the answer.
 */
export async function ingest(request: WebhookRequest, deps: IngestDependencies): Promise<WebhookResponse> {
  const taken = await respond(request, deps)
  const { response: response, provider, logged: logged } = taken
  deps.log('callback', {
    provider: provider?.name,
    status: response.status,
    ...logged,
    ...metricsOf(taken, deps),
  })
  return response
}

function metricsOf(
  {
    response: response,
    provider,
    bodyResult: bodyResult,
    hasValidToken: hasValidToken = false,
    isQuarantined = false,
    isUnread = false,
  }: Taken,
  { deployment, clock }: IngestDependencies,
): Readonly<Record<string, unknown>> {
  const recorded = bodyResult?.recorded ?? 0
  const { ofJob, ofProvider } = callbackFigures({
    response: response,
    ...(provider && { provider }),
    hasValidToken: hasValidToken,
    recorded,
    isQuarantined,
    isUnread,
  })
  return embeddedMetrics(
    {
      ofJob,
      ...(provider && { ofProvider: { provider: provider.name, figures: ofProvider } }),
      ofDeployment: { ...bodyResult?.outcomes },
    },
    { deployment, job: 'ingest', nowMs: clock.now() },
  )
}

interface Taken {
  readonly response: WebhookResponse
  readonly provider?: Provider
  readonly logged?: Readonly<Record<string, unknown>>
  readonly bodyResult?: BodyResult
  readonly hasValidToken?: boolean
  readonly isQuarantined?: boolean
  readonly isUnread?: boolean
}

async function respond(request: WebhookRequest, deps: IngestDependencies): Promise<Taken> {
  // A function URL ends in a slash already, and joining by hand makes two of it.
  const [name, token, ...rest] = request.path.split('/').filter((part) => part !== '')
  const provider = deps.providers.find((known) => known.name === name)
  if (!provider || rest.length > 0) return { response: answers.notFound() }
  if (!['GET', 'HEAD', 'POST'].includes(request.method))
    return { response: answers.methodNotAllowed(), provider }
  if (token === undefined || !isAcceptedToken(token, deps.tokenDigests.get(provider.name) ?? []))
    return { response: answers.unauthorized(), provider }
  return { ...(await respondToAuthenticated(provider, request, deps)), provider, hasValidToken: true }
}

/** All that a function URL takes: what is larger is not even decoded. */
const maxKeptBytes = 6 * 1024 * 1024

/**
 * As many elements are written before the answer, as far as its time allows: each takes 2 to 5 ms of processor, and a body of
 * thousands is not to take seconds of it (docs/costs.md). A `request` of SendCloud's tells of 100 recipients.
 */
const maxWritesPerAnswer = 100

/** What is left of a body is kept in this last part of the answer's time. */
function reservedForKeepingMs(responseDeadlineMs: number): number {
  return responseDeadlineMs / 4
}

/** Whoever knows the token may be told what is wrong. */
async function respondToAuthenticated(
  provider: Provider,
  request: WebhookRequest,
  deps: IngestDependencies,
): Promise<Taken> {
  const deadline = deps.deadline ?? ((ms: number) => AbortSignal.timeout(ms))
  const signal = deadline(deps.responseDeadlineMs)
  const writesSignal = deadline(deps.responseDeadlineMs - reservedForKeepingMs(deps.responseDeadlineMs))
  const keys = await signingKeysOf(provider, deps, signal)
  const withoutKeys = responseWithoutKeys(provider, keys)
  // Saving a callback URL in a console may probe it by GET or HEAD.
  if (request.method !== 'POST') {
    return withoutKeys ?? { response: answers.recorded(0), logged: { probe: request.method } }
  }
  const bytes = bodyBytes(request)
  if (bytes > maxKeptBytes) return withoutKeys ?? { response: answers.tooLarge(provider.maxBodyBytes, false) }
  const callback = callbackIn(request)
  const received = { provider, callback, signal, writesSignal }
  if (bytes > provider.maxBodyBytes) return withoutKeys ?? respondToTooLarge(received, deps)
  if (withoutKeys) return { ...withoutKeys, ...(await keepWithoutKeys(received, deps)) }
  return respondToBody(received, keys === 'unknown' ? [] : keys, deps)
}

function callbackIn({ body, isBase64Encoded, headers }: WebhookRequest): Callback {
  const contentType = headers.get('content-type') ?? ''
  return {
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
    contentType: isBase64Encoded ? contentType : contentTypeOfText(contentType),
    headers,
  }
}

/** What has to be answered where no signature can be checked; `undefined` where there is none, or a key for it. */
function responseWithoutKeys(provider: Provider, keys: readonly string[] | 'unknown'): Taken | undefined {
  const setting = provider.signing?.keySetting
  if (setting === undefined) return undefined
  if (keys === 'unknown') return { response: answers.tryAgain() }
  if (keys.length > 0) return undefined
  // Seen when the URL is saved, and until then the sender tries again.
  return { response: answers.notSetUp(setting), logged: { problem: `${setting} is not set` } }
}

async function signingKeysOf(
  provider: Provider,
  deps: IngestDependencies,
  signal: AbortSignal,
): Promise<readonly string[] | 'unknown'> {
  try {
    return await deps.signingKeys(provider, signal)
  } catch (error) {
    // Names the setting, and never repeats a value.
    const problem = error instanceof ConfigError ? error.message : errorName(error)
    deps.log('setting unreadable', { setting: provider.signing?.keySetting, problem })
    return 'unknown'
  }
}

/** A body, and until when its sender waits. */
interface Received {
  readonly provider: Provider
  readonly callback: Callback
  readonly signal: AbortSignal
  /** Leaves time to keep what could not be written until then. */
  readonly writesSignal: AbortSignal
}

async function respondToBody(
  received: Received,
  keys: readonly string[],
  deps: IngestDependencies,
): Promise<Taken> {
  const { provider, callback } = received
  const authenticity = provider.signing?.verify(callback, keys)
  switch (authenticity) {
    case 'signed':
    case undefined:
      return keepingWhatIsLeft(received, deps, authenticity)
    case 'unverifiable':
      return keepingWhatIsLeft(received, deps, authenticity)
    case 'test':
      return { ...probed(callback), response: answers.unsigned('probe') }
    case 'unsigned':
      return respondToUnsigned(received, deps)
    case 'forged': {
      const logged = { problem: 'no key made its signature' }
      const kept = await keepUnverified(received, authenticity, deps)
      return { ...kept, response: answers.forged(), logged: { ...logged, ...kept?.logged } }
    }
  }
}

/** It is not read, and so no signature of it is verified either. */
async function respondToTooLarge(
  { provider, callback, signal }: Received,
  deps: IngestDependencies,
): Promise<Taken> {
  const { maxBodyBytes } = provider
  const problems = [`body: expected at most ${maxBodyBytes} bytes, got ${callback.body.length}`]
  const reason = 'too-large'
  const result = await keeps({ provider, callback, reason, problems, isProved: false }, deps, signal)
  if (result === 'failed') return { response: answers.tryAgain() }
  return {
    response: answers.tooLarge(maxBodyBytes, result === 'kept'),
    isQuarantined: result === 'kept',
    logged: keptAs(reason, result),
  }
}

/** A console's probe is forgotten; an event waits for its signature to be mended. */
async function respondToUnsigned(received: Received, deps: IngestDependencies): Promise<Taken> {
  const kept = await keepUnverified(received, 'unsigned', deps)
  if (kept === undefined) return { ...probed(received.callback), response: answers.unsigned('probe') }
  if (kept.isLost) return { ...kept, response: answers.tryAgain() }
  return { ...kept, response: answers.unsigned(kept.isQuarantined ? 'kept' : 'day full'), isUnread: true }
}

function probed({ body }: Callback): Pick<Taken, 'logged' | 'isUnread'> {
  return { logged: { probe: 'unsigned' }, isUnread: body.length > 0 }
}

/** Whoever tries again may do so in vain until a key is put, and then no more. */
async function keepWithoutKeys(received: Received, deps: IngestDependencies): Promise<Kept | undefined> {
  const authenticity = received.provider.signing?.verify(received.callback, [])
  if (authenticity !== 'unsigned' && authenticity !== 'forged') return undefined
  return keepUnverified(received, authenticity, deps)
}

type Kept = Pick<Taken, 'logged' | 'isQuarantined'> & { readonly isLost: boolean }

/** Keeps an event of which nobody proved who sent it; `undefined` where the body is none. */
async function keepUnverified(
  { provider, callback, signal }: Received,
  reason: 'unsigned' | 'forged',
  deps: IngestDependencies,
): Promise<Kept | undefined> {
  if (provider.signing?.isEvent(callback) !== true) return undefined
  const problems = [unverifiedLine(reason, provider.signing.keySetting)]
  const result = await keeps({ provider, callback, reason, problems, isProved: false }, deps, signal)
  return {
    logged: keptAs(reason, result),
    isQuarantined: result === 'kept',
    isLost: result === 'failed',
  }
}

// Base64 is counted without decoding it: three bytes in four characters.
function bodyBytes({ body, isBase64Encoded }: WebhookRequest): number {
  return isBase64Encoded
    ? Math.floor((body.replace(/=+$/, '').length * 3) / 4)
    : Buffer.byteLength(body, 'utf8')
}

async function keepingWhatIsLeft(
  { provider, callback, signal, writesSignal }: Received,
  deps: IngestDependencies,
  authenticity: 'signed' | 'unverifiable' | undefined,
): Promise<Taken> {
  const bodyResult = await processBody(provider, callback, deps, {
    signal: writesSignal,
    maxWrites: maxWritesPerAnswer,
  })
  const { recorded, unwritten, unfinished, problems } = bodyResult
  const isProbe = recorded + unwritten + unfinished === 0 && bodyResult.reason === undefined
  const logged = isProbe ? { probe: 'empty' } : { events: bodyResult.summary, recorded }
  const reason = unfinished > 0 ? 'unfinished' : bodyResult.reason
  if (reason === undefined) {
    const response = unwritten > 0 ? answers.tryAgain() : answers.recorded(recorded)
    return { logged: logged, bodyResult: bodyResult, response: response }
  }
  // The body as a whole is kept where any element needs it: running it again records nothing twice.
  const lines = [...unfinishedLines(unfinished), ...problemLines(problems)]
  const proof = { isProved: authenticity !== 'unverifiable', isVerified: authenticity === 'signed' }
  const result = await keeps({ provider, callback, reason, problems: lines, ...proof }, deps, signal)
  const isTriedAgain = unwritten > 0 || result === 'failed'
  return {
    bodyResult: bodyResult,
    isQuarantined: result === 'kept',
    response: isTriedAgain ? answers.tryAgain() : responseToKept(bodyResult, result === 'kept'),
    logged: { ...logged, ...keptAs(reason, result) },
  }
}

function responseToKept(
  { recorded, unfinished, reason, problems }: BodyResult,
  isKept: boolean,
): WebhookResponse {
  if (reason === 'unreadable' || reason === 'invalid') return answers.invalid(recorded, problems, isKept)
  return unfinished > 0 ? answers.unfinished(recorded, unfinished) : answers.kept(recorded, problems)
}

function unfinishedLines(elements: number): readonly string[] {
  return elements === 0 ? [] : [`body: expected elements that are written in time, got ${elements} more`]
}

interface ToKeep {
  readonly provider: Provider
  readonly callback: Callback
  readonly reason: QuarantineReason
  readonly problems: readonly string[]
  /** Whether its sender is proved as far as the provider can: else a day keeps so much, and no more. */
  readonly isProved: boolean
  readonly isVerified?: boolean
}

type Keeping = 'kept' | 'day full' | 'failed'

/** For the log. */
function keptAs(reason: QuarantineReason, result: Keeping): Readonly<Record<string, string>> {
  return result === 'kept' ? { quarantined: reason } : { quarantine: result }
}

/** `day full`: of what anybody with the URL can send, as much is kept already as may be. */
async function keeps(
  { provider, callback, reason, problems, isProved, isVerified = false }: ToKeep,
  deps: IngestDependencies,
  signal: AbortSignal,
): Promise<Keeping> {
  const input = {
    provider: provider.name,
    body: callback.body,
    contentType: callback.contentType,
    reason,
    problems,
    receivedAtMs: deps.clock.now(),
    isVerified,
  }
  try {
    const keeping = isProved
      ? deps.quarantine.keep(input, signal).then(() => true)
      : deps.quarantine.keepWithinDay(input, signal)
    return (await beforeAbort(keeping, signal)) ? 'kept' : 'day full'
  } catch (error) {
    deps.log('write failed', { error: errorName(error) })
    return 'failed'
  }
}
