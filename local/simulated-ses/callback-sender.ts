import pMap from 'p-map'
import type { Clock } from '../../lib/ports.ts'
import type { PlannedCallback } from './callback-plan.ts'

/** Posts one body and tells the HTTP status of the answer; rejects when there was none. */
type Post = (body: string) => Promise<number>

/** How often each HTTP status was the answer. */
type AnswerCounts = ReadonlyMap<number | 'no answer', number>

/**
 * Posts the callbacks in their order, `concurrency` (default 1) under way at most; with a clock each waits for its
 * instant of arrival, without one they follow each other at once. Like Tencent, as far as is known, it never posts
 * a second time because of an answer.
 */
export async function sendCallbacks(
  callbacks: readonly PlannedCallback[],
  { post, clock, concurrency = 1 }: { post: Post; clock?: Clock; concurrency?: number },
): Promise<AnswerCounts> {
  const counts = new Map<number | 'no answer', number>()
  await pMap(
    clock ? whenDue(callbacks, clock) : callbacks,
    async ({ body }) => {
      const answer = await post(body).catch(() => 'no answer' as const)
      counts.set(answer, (counts.get(answer) ?? 0) + 1)
    },
    { concurrency },
  )
  return counts
}

/** A `post` to a callback URL. */
export function postTo(url: string): Post {
  return async (body) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    await response.arrayBuffer()
    return response.status
  }
}

async function* whenDue(
  callbacks: readonly PlannedCallback[],
  clock: Clock,
): AsyncGenerator<PlannedCallback> {
  for (const callback of callbacks) {
    const waitMs = callback.arrivesAtMs - clock.now()
    if (waitMs > 0) await clock.sleep(waitMs)
    yield callback
  }
}
