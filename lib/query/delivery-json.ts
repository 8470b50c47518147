import { countsOf, sentAtOfDelivery, type Delivery, type Status } from '../core/delivery.ts'
import { formatInstant } from '../core/instant.ts'

interface DeliveryJson {
  readonly recipient: string
  readonly message: string
  readonly provider: string
  readonly status: Status
  /** Absent where nothing says when. */
  readonly sentAt?: string
  readonly spellings?: readonly string[]
  readonly emailIds?: readonly string[]
  readonly counts: Readonly<Record<string, number>>
  readonly facts: Readonly<Record<string, readonly string[]>>
  readonly columns: Readonly<Record<string, string>>
}

/** The delivery as it stands, with every fact: as `show --json`, an NDJSON export and the query API have it. */
export function deliveryAsJson(delivery: Delivery): DeliveryJson {
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
