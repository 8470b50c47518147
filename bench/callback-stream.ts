import { dayMs } from '../lib/core/instant.ts'
import type { DeliveryEvent } from '../lib/core/event.ts'
import { tencentSes } from '../lib/providers/tencent-ses/tencent-ses.ts'
import { planCallbacks } from '../local/simulated-ses/callback-plan.ts'
import { makeTraffic } from '../local/simulated-ses/traffic.ts'

export const streamStartMs = Date.UTC(2026, 10, 1)

/** Two callbacks in a hundred come again, two come late, one overtakes another. */
const weather = {
  lossRate: 0,
  repeatRate: 0.0134,
  lateRate: 0.02,
  maxDelayMs: dayMs,
  reorderRate: 0.01,
}

interface CallbackStream {
  /** As they are posted. */
  readonly bodies: readonly string[]
  readonly events: readonly DeliveryEvent[]
  /** For a person. */
  readonly about: string
}

/** The callbacks of a day's mails, in the order in which they arrive. */
export function callbackStream(seed: number, count: number): CallbackStream {
  const mails = makeTraffic({ seed, count, fromMs: streamStartMs, overMs: dayMs })
  const { callbacks, figures } = planCallbacks(mails, { seed, ...weather })
  const bodies = callbacks.map(({ body }) => body)
  const events = eventsOf(bodies)
  const { repeated, late, reordered } = figures
  return {
    bodies,
    events,
    about: `${mails.length} mails, ${events.length} callbacks (${repeated} repeats, ${late} late, ${reordered} overtaken), seed ${seed}`,
  }
}

function eventsOf(bodies: readonly string[]): readonly DeliveryEvent[] {
  return bodies
    .flatMap((body) =>
      tencentSes.read({ body: Buffer.from(body), contentType: 'application/json' }, Infinity),
    )
    .flatMap((outcome) => (outcome.type === 'event' ? [outcome.event] : []))
}
