import * as answers from './callback-answers.ts'
import { callbackFigures } from './callback-figures.ts'
import { ConfigError } from './config.ts'
import { isAcceptedToken } from './callback-token.ts'
import { embeddedMetrics } from './embedded-metrics.ts'
import { errorName } from './error-name.ts'
import type { CallbackAnswer, CallbackRequest, QuarantineWriter } from './ports.ts'
import { contentTypeOfText } from './providers/body-text.ts'
import type { Callback, Provider } from './providers/provider.ts'
import type { SigningKeys } from './signing-keys.ts'
import { problemLines, takeIn, type TakeInDependencies, type TakenIn } from './take-in.ts'

interface IngestDependencies extends TakeInDependencies {
  /** Whose metrics a request adds to: `TABLE_PREFIX`. */
  readonly deployment: string
  readonly providers: readonly Provider[]
  /** SHA-256 digests, in hex, of the tokens that may stand in the path. */
  readonly tokenDigests: readonly string[]
  readonly signingKeys: SigningKeys
  readonly quarantine: QuarantineWriter
  /** How long one request may wait for keys and tables: the sender waits for the answer. */
  readonly answerDeadlineMs: number
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
  { answer, provider, takenIn, isBearer = false, isQuarantined = false, isForgotten = false }: Taken,
  { deployment, clock }: IngestDependencies,
): Readonly<Record<string, unknown>> {
  const recorded = takenIn?.recorded ?? 0
  const { ofJob, ofProvider } = callbackFigures({
    answer,
    ...(provider && { provider }),
    isBearer,
    recorded,
    isQuarantined,
    isForgotten,
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
  readonly isForgotten?: boolean
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
  return { ...(await answerToBearer(provider, request, on)), provider, isBearer: true }
}

/** Whoever knows the token may be told what is wrong. */
async function answerToBearer(
  provider: Provider,
  request: CallbackRequest,
  on: IngestDependencies,
): Promise<Taken> {
  const setting = provider.signing?.keySetting
  const signal = AbortSignal.timeout(on.answerDeadlineMs)
  const keys = await signingKeysOf(provider, on, signal)
  if (keys === 'unknown') return { answer: answers.tryAgain() }
  if (setting !== undefined && keys.length === 0) {
    // Seen when the URL is saved, and until then the sender tries again.
    return { answer: answers.notSetUp(setting), happening: { problem: `${setting} is not set` } }
  }
  // Saving a callback URL in a console may probe it by GET or HEAD.
  if (request.method !== 'POST') return { answer: answers.recorded(0), happening: { probe: request.method } }
  if (bodyBytes(request) > provider.maxBodyBytes) return { answer: answers.tooLarge(provider.maxBodyBytes) }

  const contentType = request.headers.get('content-type') ?? ''
  const callback = {
    body: Buffer.from(request.body, request.isBase64Encoded ? 'base64' : 'utf8'),
    contentType: request.isBase64Encoded ? contentType : contentTypeOfText(contentType),
    headers: request.headers,
  }
  return refusalOf(provider, callback, keys) ?? (await keepingWhatIsLeft(provider, callback, on, signal))
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

/** `undefined` where the body is to be believed, as far as can be known before it is read. */
function refusalOf(provider: Provider, callback: Callback, keys: readonly string[]): Taken | undefined {
  switch (provider.signing?.verify(callback, keys)) {
    case 'forged':
      return { answer: answers.forged(), happening: { problem: 'no key made its signature' } }
    case 'unsigned':
      return {
        answer: answers.unsigned(),
        happening: { probe: 'unsigned' },
        isForgotten: callback.body.length > 0,
      }
    case 'signed':
    case 'unverifiable':
    case undefined:
      return undefined
  }
}

// Base64 is counted without decoding it: three bytes in four characters.
function bodyBytes({ body, isBase64Encoded }: CallbackRequest): number {
  return isBase64Encoded
    ? Math.floor((body.replace(/=+$/, '').length * 3) / 4)
    : Buffer.byteLength(body, 'utf8')
}

async function keepingWhatIsLeft(
  provider: Provider,
  callback: Callback,
  on: IngestDependencies,
  signal: AbortSignal,
): Promise<Taken> {
  const takenIn = await takeIn(provider, callback, on, signal)
  const isProbe = takenIn.recorded + takenIn.unwritten === 0 && takenIn.reason === undefined
  const happening = isProbe ? { probe: 'empty' } : { events: takenIn.summary, recorded: takenIn.recorded }
  // The body as a whole is kept where any element needs it: running it again records nothing twice.
  const isKept = takenIn.reason === undefined || (await keeps(provider, callback, takenIn, on, signal))
  const isQuarantined = takenIn.reason !== undefined && isKept
  const taken = { happening, takenIn, isQuarantined }
  if (takenIn.unwritten > 0 || !isKept) return { ...taken, answer: answers.tryAgain() }
  if (takenIn.reason === undefined) return { ...taken, answer: answers.recorded(takenIn.recorded) }

  const isInvalid = takenIn.reason === 'unreadable' || takenIn.reason === 'invalid'
  const answer = isInvalid ? answers.invalid : answers.kept
  return {
    ...taken,
    answer: answer(takenIn.recorded, takenIn.problems),
    happening: { ...happening, quarantined: takenIn.reason },
  }
}

async function keeps(
  provider: Provider,
  callback: Callback,
  { reason, problems }: TakenIn,
  on: IngestDependencies,
  signal: AbortSignal,
): Promise<boolean> {
  if (reason === undefined) return true
  const input = {
    provider: provider.name,
    body: callback.body,
    contentType: callback.contentType,
    reason,
    problems: problemLines(problems),
    receivedAtMs: on.clock.now(),
  }
  try {
    await on.quarantine.keep(input, signal)
    return true
  } catch (error) {
    on.log('write failed', { error: errorName(error) })
    return false
  }
}
