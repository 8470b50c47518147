import pMap from 'p-map'
import type { Clock } from '../../lib/runtime/ports.ts'
import type { PlannedCallback } from './callback-plan.ts'

/** Posts one body and returns the HTTP status of the response; rejects if there was none. */
export type Post = (body: string) => Promise<number>

/** What is to be sent at an instant. */
interface Due {
  readonly arrivesAtMs: number
}

interface Sending {
  readonly clock?: Clock
  /** How many are under way at most; default 1. */
  readonly concurrency?: number
}

/** How often each HTTP status was the answer. */
type AnswerCounts = ReadonlyMap<number | 'no answer', number>

/**
 * Posts the callbacks in their order, `concurrency` (default 1) under way at most; with a clock each waits for its
 * instant of arrival, without one they follow each other at once. Like Tencent, as far as is known, it never posts
 * a second time because of an answer.
 */
export async function sendCallbacks(
  callbacks: readonly PlannedCallback[],
  { post, ...how }: Sending & { post: Post },
): Promise<AnswerCounts> {
  const counts = new Map<number | 'no answer', number>()
  const send = async ({ body }: PlannedCallback) => {
    const answer = await post(body).catch(() => 'no answer' as const)
    counts.set(answer, (counts.get(answer) ?? 0) + 1)
  }
  await sendInOrder(callbacks, send, how)
  return counts
}

/** Sends each in its order; with a clock each waits for its instant, without one they follow each other at once. */
export async function sendInOrder<Planned extends Due>(
  planned: readonly Planned[],
  send: (one: Planned) => Promise<void>,
  { clock, concurrency = 1 }: Sending,
): Promise<void> {
  await pMap(clock ? whenDue(planned, clock) : planned, send, { concurrency })
}

/** A `post` to a callback URL. */
export function postTo(url: string, contentType = 'application/json'): Post {
  return async (body) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': contentType },
      body,
    })
    await response.arrayBuffer()
    return response.status
  }
}

async function* whenDue<Planned extends Due>(
  planned: readonly Planned[],
  clock: Clock,
): AsyncGenerator<Planned> {
  for (const one of planned) {
    const waitMs = one.arrivesAtMs - clock.now()
    if (waitMs > 0) await clock.sleep(waitMs)
    yield one
  }
}
