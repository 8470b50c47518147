import { mayBeAgainstAddress } from '../core/delivery.ts'
import { suppressionOf } from '../core/suppression-rules.ts'
import type { DeliveryWriter } from '../ledger/ports.ts'
import type { SuppressionWriter } from './ports.ts'

/**
 * Records events, and puts their recipients on the suppression list if they are evidence. The list is written first:
 * the poll repeats an event only while the delivery's row lacks it, so a run that ends between the two writes must not
 * have written the row. Most events are no evidence and take one write.
 */
export function recordingSuppressions(
  deliveries: DeliveryWriter,
  suppressions: SuppressionWriter,
): DeliveryWriter {
  return {
    async record(event, signal) {
      const evidence = mayBeAgainstAddress(event.kind) ? suppressionOf(event) : undefined
      if (evidence !== undefined) await suppressions.suppress(evidence, signal)
      await deliveries.record(event, signal)
    },
  }
}
