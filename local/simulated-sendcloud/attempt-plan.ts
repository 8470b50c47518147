import { minuteMs } from '../../lib/core/instant.ts'
import { firstArrival } from '../simulated-ses/callback-plan.ts'
import type { CallbackWeather } from '../simulated-ses/callback-plan.ts'
import { seededRandom } from '../simulated-ses/random.ts'
import type { Random } from '../simulated-ses/random.ts'
import { fieldsOf, signedForm, tokenFrom } from './callback.ts'
import type { SendCloudEvent, SendCloudMessage } from './mail.ts'

/** What becomes of an attempt: it never arrives; it arrives and its answer does not; or all goes well. */
type Fate = 'lost' | 'answer-lost' | 'answered'

/** One attempt at one callback; it is made only where no earlier one was answered 200. */
export interface PlannedAttempt {
  readonly arrivesAtMs: number
  readonly body: string
  /** The same object in all attempts at one callback. */
  readonly event: SendCloudEvent
  /** 1 to 6. */
  readonly attempt: number
  readonly fate: Fate
}

export interface AttemptPlan {
  /** In the order of arrival: six for each event, as many as SendCloud would make if nobody ever answered. */
  readonly attempts: readonly PlannedAttempt[]
  readonly events: number
  readonly areRetriesSignedAnew: boolean
}

/**
 * How long after the attempt before it each retry follows; after the last the event is dropped for ever.
 * Source: "Learn about WebHook" (aurorasendcloud.com), read 2026-11-21. Its Chinese edition names six retries over
 * hours.
 */
const retriesAfterMinutes = [1, 2, 4, 8, 16]

/**
 * When SendCloud tries to post what, and what becomes of it; nothing before it has happened. The rates of loss are those of
 * each attempt; what repeats is an attempt whose answer was lost. Whether a retry is signed anew is not documented: for odd
 * seeds it is. The same arguments give the same plan.
 */
export function planAttempts(
  messages: readonly SendCloudMessage[],
  { appKey, ...weather }: CallbackWeather & { readonly appKey: string },
): AttemptPlan {
  const random = seededRandom(weather.seed)
  const areRetriesSignedAnew = weather.seed % 2 === 1
  const chance = { weather, random }
  const events = messages.flatMap((message) => linesOf(message))
  const attempts = events.flatMap(({ event, next }) => {
    const { atMs } = firstArrival(event, next, chance)
    const sign = signer(event, { appKey, random, areRetriesSignedAnew })
    return attemptInstants(atMs).map((arrivesAtMs, index) => ({
      arrivesAtMs,
      body: sign(),
      event,
      attempt: index + 1,
      fate: fateFrom(chance),
    }))
  })
  return {
    attempts: attempts.sort((one, other) => one.arrivesAtMs - other.arrivesAtMs),
    events: events.length,
    areRetriesSignedAnew,
  }
}

/** The events of a message, each with the next one, after which it may arrive. */
function linesOf(message: SendCloudMessage): { event: SendCloudEvent; next: SendCloudEvent | undefined }[] {
  const request: SendCloudEvent = { of: 'message', atMs: message.sentAtMs, message }
  const ofDeliveries = message.deliveries.map((delivery) =>
    delivery.timeline.map((entry): SendCloudEvent => ({
      of: 'delivery',
      atMs: entry.atMs,
      message,
      delivery,
      entry,
    })),
  )
  const inOrder = (line: readonly SendCloudEvent[]) =>
    line.map((event, index) => ({ event, next: line[index + 1] }))
  const [firstLine = []] = ofDeliveries
  return [{ event: request, next: firstLine[0] }, ...ofDeliveries.flatMap(inOrder)]
}

function attemptInstants(firstAtMs: number): number[] {
  const instants = [firstAtMs]
  for (const minutes of retriesAfterMinutes)
    instants.push((instants.at(-1) ?? firstAtMs) + minutes * minuteMs)
  return instants
}

/** Signs one callback as often as it is tried: with another token each time, or with the first again. */
function signer(
  event: SendCloudEvent,
  { appKey, random, areRetriesSignedAnew }: { appKey: string; random: Random; areRetriesSignedAnew: boolean },
): () => string {
  const fields = fieldsOf(event)
  let body: string | undefined
  return () => {
    if (body === undefined || areRetriesSignedAnew)
      body = signedForm(fields, { appKey, token: tokenFrom(random) })
    return body
  }
}

function fateFrom({ weather, random }: { weather: CallbackWeather; random: Random }): Fate {
  if (random.chance(weather.lossRate)) return 'lost'
  return random.chance(weather.repeatRate) ? 'answer-lost' : 'answered'
}
