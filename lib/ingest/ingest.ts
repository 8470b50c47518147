import { ConfigError } from '../runtime/config.ts'
import { errorName } from '../runtime/error-name.ts'
import type { Provider } from '../providers/provider.ts'
import type { QuarantineWriter } from '../quarantine/ports.ts'
import { authenticate } from './authenticate.ts'
import { keepBody, keepUnverifiedEvent } from './keep-body.ts'
import { loggedEvents } from './logged-events.ts'
import { requestMetrics } from './metrics.ts'
import type { WebhookRequest, WebhookResponse } from './ports.ts'
import { problemLines, processBody, type BodyResult, type ProcessBodyDependencies } from './process-body.ts'
import { bodyBytes, callbackIn, type ReceivedBody } from './received-body.ts'
import * as responses from './responses.ts'
import { resultOf, type IngestResult } from './responses.ts'
import type { SigningKeys } from './signing-keys.ts'

interface IngestDependencies extends ProcessBodyDependencies {
  /** The deployment that a request's metrics belong to: `TABLE_PREFIX`. */
  readonly deployment: string
  readonly providers: readonly Provider[]
  /** By provider, the SHA-256 digests, in hex, of the tokens accepted in its path. */
  readonly tokenDigests: ReadonlyMap<string, readonly string[]>
  readonly signingKeys: SigningKeys
  readonly quarantine: QuarantineWriter
  /** How long one request may wait for keys and tables: the sender waits for the response. */
  readonly responseDeadlineMs: number
  /** A signal that aborts after the given time. Default: by the machine's clock. */
  readonly deadline?: (ms: number) => AbortSignal
}

/**
 * Handles one webhook request. The order matters: method and path, token and size are checked before anything is
 * decoded; the signature is verified before anything is believed. Responds only after everything is durable; nothing
 * runs after the response.
 */
export async function ingest(request: WebhookRequest, deps: IngestDependencies): Promise<WebhookResponse> {
  const access = authenticate(request, deps)
  const result = access.hasValidToken
    ? await receive(request, access.provider, deps)
    : resultOf(access.refusal)
  deps.log('callback', {
    provider: access.provider?.name,
    status: result.response.status,
    ...result.logged,
    ...requestMetrics(access, result, deps),
  })
  return result.response
}

/** The limit of a function URL: a larger body is not even decoded. */
const maxKeptBytes = 6 * 1024 * 1024

/** From here on the caller knows the token, and may read what is wrong. */
async function receive(
  request: WebhookRequest,
  provider: Provider,
  deps: IngestDependencies,
): Promise<IngestResult> {
  const deadline = deps.deadline ?? ((ms: number) => AbortSignal.timeout(ms))
  const signal = deadline(deps.responseDeadlineMs)
  const writesSignal = deadline(deps.responseDeadlineMs - reservedForKeepingMs(deps.responseDeadlineMs))
  const keys = await signingKeysOf(provider, deps, signal)
  const withoutKeys = resultWithoutKeys(provider, keys)
  // Saving a callback URL in a console may probe it by GET or HEAD.
  if (request.method !== 'POST') {
    return withoutKeys ?? resultOf(responses.recorded(0), { logged: { probe: request.method } })
  }
  const bytes = bodyBytes(request)
  if (bytes > maxKeptBytes) return withoutKeys ?? resultOf(responses.tooLarge(provider.maxBodyBytes, false))
  const received = { provider, callback: callbackIn(request), signal, writesSignal }
  if (bytes > provider.maxBodyBytes) return withoutKeys ?? keepTooLarge(received, deps)
  if (withoutKeys) return keepUntilThereAreKeys(received, withoutKeys, deps)
  return verify(received, keys === 'unknown' ? [] : keys, deps)
}

/** The last part of the response time is reserved for keeping the rest of a body. */
function reservedForKeepingMs(responseDeadlineMs: number): number {
  return responseDeadlineMs / 4
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

/** The result where no signature can be checked; `undefined` where there is none, or a key for it. */
function resultWithoutKeys(
  provider: Provider,
  keys: readonly string[] | 'unknown',
): IngestResult | undefined {
  const setting = provider.signing?.keySetting
  if (setting === undefined) return undefined
  if (keys === 'unknown') return resultOf(responses.tryAgain())
  if (keys.length > 0) return undefined
  // Seen when the URL is saved, and until then the sender tries again.
  return resultOf(responses.notSetUp(setting), { logged: { problem: `${setting} is not set` } })
}

/** It is not read, so its signature is not verified either. */
async function keepTooLarge(received: ReceivedBody, deps: IngestDependencies): Promise<IngestResult> {
  const { maxBodyBytes } = received.provider
  const problems = [`body: expected at most ${maxBodyBytes} bytes, got ${received.callback.body.length}`]
  const keeping = await keepBody(received, { reason: 'too-large', problems, isProved: false }, deps)
  if (keeping.outcome === 'failed') return resultOf(responses.tryAgain())
  const { isQuarantined, logged } = keeping
  return resultOf(responses.tooLarge(maxBodyBytes, isQuarantined), { isQuarantined, logged })
}

/** Retries fail until a key is put, and then succeed. */
async function keepUntilThereAreKeys(
  received: ReceivedBody,
  withoutKeys: IngestResult,
  deps: IngestDependencies,
): Promise<IngestResult> {
  const authenticity = received.provider.signing?.verify(received.callback, [])
  if (authenticity !== 'unsigned' && authenticity !== 'forged') return withoutKeys
  const keeping = await keepUnverifiedEvent(received, authenticity, deps)
  return { ...withoutKeys, ...(keeping && { isQuarantined: keeping.isQuarantined, logged: keeping.logged }) }
}

/** A signed body is read once it is verified; a provider without signatures is trusted by the token. */
async function verify(
  received: ReceivedBody,
  keys: readonly string[],
  deps: IngestDependencies,
): Promise<IngestResult> {
  const authenticity = received.provider.signing?.verify(received.callback, keys)
  switch (authenticity) {
    case undefined:
    case 'signed':
      return read(received, { isProved: true, isVerified: authenticity === 'signed' }, deps)
    case 'unverifiable':
      return read(received, { isProved: false, isVerified: false }, deps)
    case 'test':
      return probe(received)
    case 'unsigned':
      return keepUnsigned(received, deps)
    case 'forged':
      return keepForged(received, deps)
  }
}

function probe({ callback }: ReceivedBody): IngestResult {
  const isUnread = callback.body.length > 0
  return resultOf(responses.unsigned('probe'), { logged: { probe: 'unsigned' }, isUnread })
}

/** A console's probe is not stored; an event is kept until its signature can be repaired. */
async function keepUnsigned(received: ReceivedBody, deps: IngestDependencies): Promise<IngestResult> {
  const keeping = await keepUnverifiedEvent(received, 'unsigned', deps)
  if (keeping === undefined) return probe(received)
  const { outcome, isQuarantined, logged } = keeping
  if (outcome === 'failed') return resultOf(responses.tryAgain(), { logged })
  return resultOf(responses.unsigned(outcome), { isQuarantined, logged, isUnread: true })
}

async function keepForged(received: ReceivedBody, deps: IngestDependencies): Promise<IngestResult> {
  const keeping = await keepUnverifiedEvent(received, 'forged', deps)
  const logged = { problem: 'no key made its signature', ...keeping?.logged }
  return resultOf(responses.forged(), { isQuarantined: keeping?.isQuarantined ?? false, logged })
}

/**
 * At most this many elements are written before the response, if time allows: each takes 2 to 5 ms of CPU time, and a
 * body of thousands must not take seconds (docs/costs.md). A `request` of SendCloud's names 100 recipients.
 */
const maxWritesPerResponse = 100

/** Writes what the body reports. It is kept whole if any element needs it: a replay records nothing twice. */
async function read(
  received: ReceivedBody,
  proof: { readonly isProved: boolean; readonly isVerified: boolean },
  deps: IngestDependencies,
): Promise<IngestResult> {
  const { provider, callback, writesSignal } = received
  const until = { signal: writesSignal, maxWrites: maxWritesPerResponse }
  const body = await processBody(provider, callback, deps, until)
  const ofBody = loggedOf(body)
  const reason = body.unfinished > 0 ? 'unfinished' : body.reason
  if (reason === undefined) {
    const response = body.unwritten > 0 ? responses.tryAgain() : responses.recorded(body.recorded)
    return resultOf(response, { body, logged: ofBody })
  }
  const problems = [...unfinishedLines(body.unfinished), ...problemLines(body.problems)]
  const { outcome, isQuarantined, logged } = await keepBody(received, { reason, problems, ...proof }, deps)
  const isTriedAgain = body.unwritten > 0 || outcome === 'failed'
  const response = isTriedAgain ? responses.tryAgain() : responseToKept(body, isQuarantined)
  return resultOf(response, { body, isQuarantined, logged: { ...ofBody, ...logged } })
}

function loggedOf(body: BodyResult): IngestResult['logged'] {
  const { recorded, unwritten, unfinished, reason, summary, written } = body
  const isProbe = recorded + unwritten + unfinished === 0 && reason === undefined
  return isProbe
    ? { probe: 'empty' }
    : { events: summary, recorded, ...(recorded > 0 && { mails: loggedEvents(written) }) }
}

function unfinishedLines(elements: number): readonly string[] {
  return elements === 0 ? [] : [`body: expected elements that are written in time, got ${elements} more`]
}

function responseToKept(
  { recorded, unfinished, reason, problems }: BodyResult,
  isKept: boolean,
): WebhookResponse {
  if (reason === 'unreadable' || reason === 'invalid') return responses.invalid(recorded, problems, isKept)
  return unfinished > 0 ? responses.unfinished(recorded, unfinished) : responses.kept(recorded, problems)
}
