import { countsOf, sentAtOfDelivery, type Delivery, type Status } from '../../lib/core/delivery.ts'
import { eventKinds, messageColumns, type EventKind } from '../../lib/core/event.ts'
import { rejectionIn, type Fact } from '../../lib/core/fact.ts'
import { recipientDomain, sentDayOfDelivery } from '../../lib/core/figures.ts'
import { replyClassOf } from '../../lib/core/stored-verdict.ts'
import { judgeReply, type ReplyClass } from '../../lib/core/judge-reply.ts'
import type { DayRange } from '../day-range.ts'

/** `instant`: milliseconds since the Unix epoch. */
export type ExportedType = 'text' | 'instant' | 'count'

export type ExportedCell = string | number | undefined

interface ExportColumn {
  readonly name: string
  readonly type: ExportedType
}

/**
 * The columns of an exported table, one row a mail. They are stable: a later version adds columns at the end alone
 * (docs/vocabulary.md).
 */
export const exportColumns: readonly ExportColumn[] = [
  { name: 'recipient', type: 'text' },
  { name: 'messageId', type: 'text' },
  { name: 'provider', type: 'text' },
  { name: 'status', type: 'text' },
  { name: 'class', type: 'text' },
  { name: 'reply', type: 'text' },
  { name: 'sentAt', type: 'instant' },
  ...eventKinds.flatMap((kind): ExportColumn[] => [
    { name: `${kind}First`, type: 'instant' },
    { name: `${kind}Last`, type: 'instant' },
    { name: `${kind}Count`, type: 'count' },
  ]),
  ...messageColumns.map((name): ExportColumn => ({ name, type: 'text' })),
  { name: 'spellings', type: 'text' },
  { name: 'emailIds', type: 'text' },
  { name: 'headers', type: 'text' },
]

/** The cells of a delivery in the order of {@link exportColumns}; `undefined` where there is nothing. */
export function exportedRow(delivery: Delivery): readonly ExportedCell[] {
  const { columns, spellings, emailIds } = delivery
  const counts = countsOf(delivery)
  const rejection = latestRejection(delivery)
  return [
    delivery.recipient,
    delivery.message,
    delivery.provider,
    delivery.status,
    rejection?.class,
    rejection?.reply,
    sentAtOfDelivery(delivery),
    ...eventKinds.flatMap((kind) => {
      const instants = (delivery.facts.get(kind) ?? []).flatMap(({ occurredAtMs }) => occurredAtMs ?? [])
      return [instants[0], instants.at(-1), counts.get(kind) ?? 0]
    }),
    ...messageColumns.map((name) => columns.get(name)),
    spellings.length === 0 ? undefined : spellings.join(' '),
    emailIds.length === 0 ? undefined : emailIds.join(' '),
    headersOf(columns),
  ]
}

interface ExportedRejection {
  readonly class: ReplyClass
  readonly reply: string | undefined
}

/** Of the latest bounce; of the latest deferral, if there was none. */
function latestRejection(delivery: Delivery): ExportedRejection | undefined {
  const latest = (kind: EventKind): Fact | undefined => delivery.facts.get(kind)?.at(-1)
  const bounce = latest('bounced')
  const fact = bounce ?? latest('deferred')
  if (fact === undefined) return undefined
  const { reply } = rejectionIn(fact)
  const replyClass = bounce ? replyClassOf(delivery, bounce) : judgeReply(reply, delivery).class
  return { class: replyClass, reply: reply === '' ? undefined : reply }
}

const ofMessage: ReadonlySet<string> = new Set([...messageColumns, 'sentAt'])

/** The sender's own headers, whose names nobody knows before. */
function headersOf(columns: Delivery['columns']): string | undefined {
  const headers = [...columns].filter(([name]) => !ofMessage.has(name))
  return headers.length === 0 ? undefined : JSON.stringify(Object.fromEntries(headers))
}

/** Which deliveries are exported: those that fit everything that is named. */
export interface ExportFilter extends DayRange {
  readonly status?: Status | undefined
  /** Of the recipient, as `canonicalDomain` has it. */
  readonly domain?: string | undefined
  readonly template?: string | undefined
  readonly provider?: string | undefined
}

/** Whether the delivery fits the filter. A mail of unknown day fits no range of days. */
export function isExported(delivery: Delivery, filter: ExportFilter): boolean {
  const isAsked = (asked: string | undefined, has: string | undefined) => asked === undefined || asked === has
  return (
    isAsked(filter.status, delivery.status) &&
    isAsked(filter.provider, delivery.provider) &&
    isAsked(filter.template, delivery.columns.get('template')) &&
    isAsked(filter.domain, recipientDomain(delivery)) &&
    isSentWithin(delivery, filter)
  )
}

function isSentWithin(delivery: Delivery, { from, to }: DayRange): boolean {
  if (from === undefined && to === undefined) return true
  const day = sentDayOfDelivery(delivery)
  return day !== undefined && day >= (from ?? day) && day <= (to ?? day)
}
