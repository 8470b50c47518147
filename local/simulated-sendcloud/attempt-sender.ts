import type { Clock } from '../../lib/runtime/ports.ts'
import { sendInOrder, type Post } from '../simulated-ses/callback-sender.ts'
import type { PlannedAttempt } from './attempt-plan.ts'
import type { SendCloudEvent } from './mail.ts'

/** What became of all attempts. */
export interface AttemptFigures {
  /** Made, whatever became of them. */
  readonly attempts: number
  /** Attempts that never arrived. */
  readonly lost: number
  /** Attempts that were answered otherwise than 200, or not at all. */
  readonly refused: number
  /** Attempts after the first. */
  readonly retried: number
  /** Arrivals of what had been answered 200 before, and the answer was lost. */
  readonly repeated: number
  /** Events that no attempt brought home: SendCloud has dropped them. */
  readonly lostForEver: number
}

/** What became of the attempts at one callback so far. */
interface Attempts {
  readonly attempts: number
  readonly lost: number
  readonly refused: number
  readonly accepted: number
  /** Whether SendCloud knows that it was accepted, and so tries no more. */
  readonly isSettled: boolean
}

const noAttempts: Attempts = { attempts: 0, lost: 0, refused: 0, accepted: 0, isSettled: false }

interface Sending {
  readonly post: Post
  readonly clock?: Clock
  readonly concurrency?: number
  /** Called when an event is accepted for the first time. */
  readonly onAccepted?: () => void
}

/**
 * Posts as SendCloud does: what is not answered 200 is tried again when its next attempt is planned, until none is left.
 * With a clock each attempt waits for its instant; the attempts at one callback never overlap.
 */
export async function sendAttempts(
  attempts: readonly PlannedAttempt[],
  { onAccepted, post, ...how }: Sending,
): Promise<AttemptFigures> {
  const byEvent = new Map<SendCloudEvent, Promise<Attempts>>()
  const send = async (attempt: PlannedAttempt) => {
    const before = byEvent.get(attempt.event) ?? Promise.resolve(noAttempts)
    const after = before.then((known) => tryOnce(known, attempt, post))
    byEvent.set(attempt.event, after)
    if ((await after).accepted === 1 && (await before).accepted === 0) onAccepted?.()
  }
  await sendInOrder(attempts, send, how)
  return sumOf(await Promise.all(byEvent.values()))
}

async function tryOnce(known: Attempts, { body, fate }: PlannedAttempt, post: Post): Promise<Attempts> {
  if (known.isSettled) return known
  const tried = { ...known, attempts: known.attempts + 1 }
  if (fate === 'lost') return { ...tried, lost: known.lost + 1 }
  const answer = await post(body).catch(() => 'no answer' as const)
  if (answer !== 200) return { ...tried, refused: known.refused + 1 }
  return { ...tried, accepted: known.accepted + 1, isSettled: fate === 'answered' }
}

function sumOf(all: readonly Attempts[]): AttemptFigures {
  const sum = (figure: (byEvent: Attempts) => number) =>
    all.reduce((total, byEvent) => total + figure(byEvent), 0)
  return {
    attempts: sum(({ attempts }) => attempts),
    lost: sum(({ lost }) => lost),
    refused: sum(({ refused }) => refused),
    retried: sum(({ attempts }) => Math.max(0, attempts - 1)),
    repeated: sum(({ accepted }) => Math.max(0, accepted - 1)),
    lostForEver: all.filter(({ accepted }) => accepted === 0).length,
  }
}
