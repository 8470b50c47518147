import { suppressionOf } from './core/suppression-rules.ts'
import type { Clock, DeliveryWriter, SuppressionWriter } from './ports.ts'

/**
 * Records events, and puts their recipients on the suppression list where they say so. The list comes first: the poll
 * tells an event only while the delivery's row lacks it, so a run that ends between the two writes must not have written
 * the row. Most events say nothing about the list and stay one write.
 *
 * Evidence never counts as later than its arrival: a removal counts out all that was there when it was made, whatever
 * clock the provider has.
 */
export function recordingSuppressions(
  deliveries: DeliveryWriter,
  suppressions: SuppressionWriter,
  clock: Pick<Clock, 'now'>,
): DeliveryWriter {
  return {
    async record(event, signal) {
      const evidence = suppressionOf(event)
      if (evidence !== undefined) {
        const occurredAtMs = Math.min(evidence.occurredAtMs, clock.now())
        await suppressions.suppress({ ...evidence, occurredAtMs }, signal)
      }
      await deliveries.record(event, signal)
    },
  }
}
