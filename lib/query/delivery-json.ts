import { countsOf, sentAtOfDelivery, type Delivery } from '../core/delivery.ts'
import { formatInstant } from '../core/instant.ts'

/** The delivery as it stands, with every fact: as `show --json`, an NDJSON export and the query API have it. */
export function deliveryAsJson(delivery: Delivery): object {
  const sentAtMs = sentAtOfDelivery(delivery)
  return {
    recipient: delivery.recipient,
    message: delivery.message,
    provider: delivery.provider,
    status: delivery.status,
    ...(sentAtMs !== undefined && { sentAt: formatInstant(sentAtMs) }),
    ...(delivery.spellings.length > 0 && { spellings: delivery.spellings }),
    ...(delivery.emailIds.length > 0 && { emailIds: delivery.emailIds }),
    counts: Object.fromEntries(countsOf(delivery)),
    facts: Object.fromEntries(
      [...delivery.facts].map(([kind, facts]) => [kind, facts.map((fact) => fact.text)]),
    ),
    columns: Object.fromEntries(delivery.columns),
  }
}
