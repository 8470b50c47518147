import type { SimulatedDelivery, TimelineEntry, TimelineKind } from './mail.ts'

/** Both spellings occur in Tencent's rows; the misspelt one is the older. */
export type ComplaintKey = 'UserComplained' | 'UserComplainted'

/** A row of GetSendEmailStatus; times in Unix seconds. */
export interface StatusRow extends Partial<Record<ComplaintKey, boolean>> {
  readonly MessageId: string
  readonly ToEmailAddress: string
  readonly FromEmailAddress: string
  readonly SendStatus: number
  readonly DeliverStatus: number
  readonly DeliverMessage: string
  readonly RequestTime: number
  /** When the delivery status last changed; 0 while the mail is queued. */
  readonly DeliverTime: number
  readonly UserOpened: boolean
  readonly UserClicked: boolean
  readonly UserUnsubscribed: boolean
}

const queued = 0
const deliverStatusOf = new Map<TimelineKind, number>([
  ['delivered', 1],
  ['dropped', 2],
  ['bounced', 3],
  ['deferred', 8],
])

/**
 * The row as it stands at `atMs`: entries after that instant have not happened yet, and the latest entry that
 * speaks of delivery decides, so a delivered mail that bounces later reads 3 and a soft bounce that is delivered
 * later reads 1.
 * @param complaintKeys the spellings under which a complaint is reported
 */
export function statusRowAt(
  delivery: SimulatedDelivery,
  atMs: number,
  complaintKeys: readonly ComplaintKey[] = ['UserComplained'],
): StatusRow {
  const past = delivery.timeline.filter((entry) => entry.atMs <= atMs)
  const happened = (kind: TimelineKind) => past.some((entry) => entry.kind === kind)
  const latest = latestOf(past.filter((entry) => deliverStatusOf.has(entry.kind)))
  return {
    MessageId: delivery.messageId,
    ToEmailAddress: delivery.recipient,
    FromEmailAddress: delivery.from,
    SendStatus: latest?.sendStatus ?? 0,
    DeliverStatus: (latest && deliverStatusOf.get(latest.kind)) ?? queued,
    DeliverMessage: latest?.reason ?? '',
    RequestTime: Math.floor(delivery.sentAtMs / 1000),
    DeliverTime: Math.floor((latest?.atMs ?? 0) / 1000),
    UserOpened: happened('opened'),
    UserClicked: happened('clicked'),
    UserUnsubscribed: happened('unsubscribed'),
    ...Object.fromEntries(complaintKeys.map((key) => [key, happened('complained')])),
  }
}

/** Of two in the same second, the later in the timeline. */
function latestOf(entries: readonly TimelineEntry[]): TimelineEntry | undefined {
  return entries.reduce<TimelineEntry | undefined>(
    (latest, entry) => (latest && latest.atMs > entry.atMs ? latest : entry),
    undefined,
  )
}
