import { beforeAbort } from '../runtime/before-abort.ts'
import * as answers from './responses.ts'
import { callbackFigures } from './metrics.ts'
import { ConfigError } from '../runtime/config.ts'
import { isAcceptedToken } from './callback-token.ts'
import { embeddedMetrics } from '../runtime/embedded-metrics.ts'
import { errorName } from '../runtime/error-name.ts'
import type { CallbackAnswer, CallbackRequest } from './ports.ts'
import type { QuarantineReason, QuarantineWriter } from '../quarantine/ports.ts'
import { contentTypeOfText } from '../providers/body/text.ts'
import type { Callback, Provider } from '../providers/provider.ts'
import type { SigningKeys } from './signing-keys.ts'
import { problemLines, takeIn, type TakeInDependencies, type TakenIn } from './process-body.ts'
import { unprovedLine } from './unverified.ts'

interface IngestDependencies extends TakeInDependencies {
  /** Whose metrics a request adds to: `TABLE_PREFIX`. */
  readonly deployment: string
  readonly providers: readonly Provider[]
  /** By provider, the SHA-256 digests, in hex, of the tokens that may stand in its path. */
  readonly tokenDigests: ReadonlyMap<string, readonly string[]>
  readonly signingKeys: SigningKeys
  readonly quarantine: QuarantineWriter
  /** How long one request may wait for keys and tables: the sender waits for the answer. */
  readonly answerDeadlineMs: number
  /** A signal that is aborted after so long. Default: by the machine's clock. */
  readonly deadline?: (ms: number) => AbortSignal
}

/**
 * Takes one callback in. The order is the design: method and path, token, size, and only then is anything decoded; the
 * signature, and only then is anything believed. Answers after everything is durable, never before; nothing runs after
 * the answer.
 */
export async function ingest(request: CallbackRequest, on: IngestDependencies): Promise<CallbackAnswer> {
  const taken = await answerTo(request, on)
  const { answer, provider, happening } = taken
  on.log('callback', {
    provider: provider?.name,
    status: answer.status,
    ...happening,
    ...metricsOf(taken, on),
  })
  return answer
}

function metricsOf(
  { answer, provider, takenIn, isBearer = false, isQuarantined = false, isUnread = false }: Taken,
  { deployment, clock }: IngestDependencies,
): Readonly<Record<string, unknown>> {
  const recorded = takenIn?.recorded ?? 0
  const { ofJob, ofProvider } = callbackFigures({
    answer,
    ...(provider && { provider }),
    isBearer,
    recorded,
    isQuarantined,
    isUnread,
  })
  return embeddedMetrics(
    {
      ofJob,
      ...(provider && { ofProvider: { provider: provider.name, figures: ofProvider } }),
      ofDeployment: { ...takenIn?.outcomes },
    },
    { deployment, job: 'ingest', nowMs: clock.now() },
  )
}

interface Taken {
  readonly answer: CallbackAnswer
  readonly provider?: Provider
  readonly happening?: Readonly<Record<string, unknown>>
  readonly takenIn?: TakenIn
  readonly isBearer?: boolean
  readonly isQuarantined?: boolean
  readonly isUnread?: boolean
}

async function answerTo(request: CallbackRequest, on: IngestDependencies): Promise<Taken> {
  // A function URL ends in a slash already, and joining by hand makes two of it.
  const [name, token, ...rest] = request.path.split('/').filter((part) => part !== '')
  const provider = on.providers.find((known) => known.name === name)
  if (!provider || rest.length > 0) return { answer: answers.notFound() }
  if (!['GET', 'HEAD', 'POST'].includes(request.method))
    return { answer: answers.methodNotAllowed(), provider }
  if (token === undefined || !isAcceptedToken(token, on.tokenDigests.get(provider.name) ?? []))
    return { answer: answers.unauthorized(), provider }
  return { ...(await answerToBearer(provider, request, on)), provider, isBearer: true }
}

/** All that a function URL takes: what is larger is not even decoded. */
const maxKeptBytes = 6 * 1024 * 1024

/**
 * As many elements are written before the answer, as far as its time allows: each takes 2 to 5 ms of processor, and a body of
 * thousands is not to take seconds of it (docs/costs.md). A `request` of SendCloud's tells of 100 recipients.
 */
const maxWritesPerAnswer = 100

/** What is left of a body is kept in this last part of the answer's time. */
function reservedForKeepingMs(answerDeadlineMs: number): number {
  return answerDeadlineMs / 4
}

/** Whoever knows the token may be told what is wrong. */
async function answerToBearer(
  provider: Provider,
  request: CallbackRequest,
  on: IngestDependencies,
): Promise<Taken> {
  const deadline = on.deadline ?? ((ms: number) => AbortSignal.timeout(ms))
  const signal = deadline(on.answerDeadlineMs)
  const writesSignal = deadline(on.answerDeadlineMs - reservedForKeepingMs(on.answerDeadlineMs))
  const keys = await signingKeysOf(provider, on, signal)
  const withoutKeys = answerWithoutKeys(provider, keys)
  // Saving a callback URL in a console may probe it by GET or HEAD.
  if (request.method !== 'POST') {
    return withoutKeys ?? { answer: answers.recorded(0), happening: { probe: request.method } }
  }
  const bytes = bodyBytes(request)
  if (bytes > maxKeptBytes) return withoutKeys ?? { answer: answers.tooLarge(provider.maxBodyBytes, false) }
  const callback = callbackIn(request)
  const received = { provider, callback, signal, writesSignal }
  if (bytes > provider.maxBodyBytes) return withoutKeys ?? answerToTooLarge(received, on)
  if (withoutKeys) return { ...withoutKeys, ...(await keptWithoutKeys(received, on)) }
  return answerToBody(received, keys === 'unknown' ? [] : keys, on)
}

function callbackIn({ body, isBase64Encoded, headers }: CallbackRequest): Callback {
  const contentType = headers.get('content-type') ?? ''
  return {
    body: Buffer.from(body, isBase64Encoded ? 'base64' : 'utf8'),
    contentType: isBase64Encoded ? contentType : contentTypeOfText(contentType),
    headers,
  }
}

/** What has to be answered where no signature can be checked; `undefined` where there is none, or a key for it. */
function answerWithoutKeys(provider: Provider, keys: readonly string[] | 'unknown'): Taken | undefined {
  const setting = provider.signing?.keySetting
  if (setting === undefined) return undefined
  if (keys === 'unknown') return { answer: answers.tryAgain() }
  if (keys.length > 0) return undefined
  // Seen when the URL is saved, and until then the sender tries again.
  return { answer: answers.notSetUp(setting), happening: { problem: `${setting} is not set` } }
}

async function signingKeysOf(
  provider: Provider,
  on: IngestDependencies,
  signal: AbortSignal,
): Promise<readonly string[] | 'unknown'> {
  try {
    return await on.signingKeys(provider, signal)
  } catch (error) {
    // Names the setting, and never repeats a value.
    const problem = error instanceof ConfigError ? error.message : errorName(error)
    on.log('setting unreadable', { setting: provider.signing?.keySetting, problem })
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

async function answerToBody(
  received: Received,
  keys: readonly string[],
  on: IngestDependencies,
): Promise<Taken> {
  const { provider, callback } = received
  const authenticity = provider.signing?.verify(callback, keys)
  switch (authenticity) {
    case 'signed':
    case undefined:
      return keepingWhatIsLeft(received, on, authenticity)
    case 'unverifiable':
      return keepingWhatIsLeft(received, on, authenticity)
    case 'test':
      return { ...probed(callback), answer: answers.unsigned('probe') }
    case 'unsigned':
      return answerToUnsigned(received, on)
    case 'forged': {
      const happening = { problem: 'no key made its signature' }
      const kept = await keptUnproved(received, authenticity, on)
      return { ...kept, answer: answers.forged(), happening: { ...happening, ...kept?.happening } }
    }
  }
}

/** It is not read, and so no signature of it is verified either. */
async function answerToTooLarge(
  { provider, callback, signal }: Received,
  on: IngestDependencies,
): Promise<Taken> {
  const { maxBodyBytes } = provider
  const problems = [`body: expected at most ${maxBodyBytes} bytes, got ${callback.body.length}`]
  const reason = 'too-large'
  const result = await keeps({ provider, callback, reason, problems, isProved: false }, on, signal)
  if (result === 'failed') return { answer: answers.tryAgain() }
  return {
    answer: answers.tooLarge(maxBodyBytes, result === 'kept'),
    isQuarantined: result === 'kept',
    happening: keptAs(reason, result),
  }
}

/** A console's probe is forgotten; an event waits for its signature to be mended. */
async function answerToUnsigned(received: Received, on: IngestDependencies): Promise<Taken> {
  const kept = await keptUnproved(received, 'unsigned', on)
  if (kept === undefined) return { ...probed(received.callback), answer: answers.unsigned('probe') }
  if (kept.isLost) return { ...kept, answer: answers.tryAgain() }
  return { ...kept, answer: answers.unsigned(kept.isQuarantined ? 'kept' : 'day full'), isUnread: true }
}

function probed({ body }: Callback): Pick<Taken, 'happening' | 'isUnread'> {
  return { happening: { probe: 'unsigned' }, isUnread: body.length > 0 }
}

/** Whoever tries again may do so in vain until a key is put, and then no more. */
async function keptWithoutKeys(received: Received, on: IngestDependencies): Promise<Kept | undefined> {
  const authenticity = received.provider.signing?.verify(received.callback, [])
  if (authenticity !== 'unsigned' && authenticity !== 'forged') return undefined
  return keptUnproved(received, authenticity, on)
}

type Kept = Pick<Taken, 'happening' | 'isQuarantined'> & { readonly isLost: boolean }

/** Keeps an event of which nobody proved who sent it; `undefined` where the body is none. */
async function keptUnproved(
  { provider, callback, signal }: Received,
  reason: 'unsigned' | 'forged',
  on: IngestDependencies,
): Promise<Kept | undefined> {
  if (provider.signing?.isEvent(callback) !== true) return undefined
  const problems = [unprovedLine(reason, provider.signing.keySetting)]
  const result = await keeps({ provider, callback, reason, problems, isProved: false }, on, signal)
  return {
    happening: keptAs(reason, result),
    isQuarantined: result === 'kept',
    isLost: result === 'failed',
  }
}

// Base64 is counted without decoding it: three bytes in four characters.
function bodyBytes({ body, isBase64Encoded }: CallbackRequest): number {
  return isBase64Encoded
    ? Math.floor((body.replace(/=+$/, '').length * 3) / 4)
    : Buffer.byteLength(body, 'utf8')
}

async function keepingWhatIsLeft(
  { provider, callback, signal, writesSignal }: Received,
  on: IngestDependencies,
  authenticity: 'signed' | 'unverifiable' | undefined,
): Promise<Taken> {
  const takenIn = await takeIn(provider, callback, on, {
    signal: writesSignal,
    maxWrites: maxWritesPerAnswer,
  })
  const { recorded, unwritten, unfinished, problems } = takenIn
  const isProbe = recorded + unwritten + unfinished === 0 && takenIn.reason === undefined
  const happening = isProbe ? { probe: 'empty' } : { events: takenIn.summary, recorded }
  const reason = unfinished > 0 ? 'unfinished' : takenIn.reason
  if (reason === undefined) {
    const answer = unwritten > 0 ? answers.tryAgain() : answers.recorded(recorded)
    return { happening, takenIn, answer }
  }
  // The body as a whole is kept where any element needs it: running it again records nothing twice.
  const lines = [...unfinishedLines(unfinished), ...problemLines(problems)]
  const proof = { isProved: authenticity !== 'unverifiable', isVerified: authenticity === 'signed' }
  const result = await keeps({ provider, callback, reason, problems: lines, ...proof }, on, signal)
  const isTriedAgain = unwritten > 0 || result === 'failed'
  return {
    takenIn,
    isQuarantined: result === 'kept',
    answer: isTriedAgain ? answers.tryAgain() : answerOfKept(takenIn, result === 'kept'),
    happening: { ...happening, ...keptAs(reason, result) },
  }
}

function answerOfKept({ recorded, unfinished, reason, problems }: TakenIn, isKept: boolean): CallbackAnswer {
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
  on: IngestDependencies,
  signal: AbortSignal,
): Promise<Keeping> {
  const input = {
    provider: provider.name,
    body: callback.body,
    contentType: callback.contentType,
    reason,
    problems,
    receivedAtMs: on.clock.now(),
    isVerified,
  }
  try {
    const keeping = isProved
      ? on.quarantine.keep(input, signal).then(() => true)
      : on.quarantine.keepWithinDay(input, signal)
    return (await beforeAbort(keeping, signal)) ? 'kept' : 'day full'
  } catch (error) {
    on.log('write failed', { error: errorName(error) })
    return 'failed'
  }
}
