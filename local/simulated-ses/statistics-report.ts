import { isCalendarDate, requestDateOf } from './mail.ts'
import type { SimulatedDelivery, TimelineKind } from './mail.ts'
import { refusal } from './refusal.ts'
import type { Refusal } from './refusal.ts'

/** A range of dates in UTC+8, both ends included. */
interface ReportQuery {
  readonly startDate: string
  readonly endDate: string
}

/** One day's counts, or those of the whole range. */
interface Volume {
  readonly SendDate: string
  readonly RequestCount: number
  readonly AcceptedCount: number
  readonly DeliveredCount: number
  readonly OpenedCount: number
  readonly ClickedCount: number
  readonly BounceCount: number
  readonly UnsubscribeCount: number
}

/** What GetStatisticsReport answers. */
export interface StatisticsReport {
  readonly DailyVolumes: readonly Volume[]
  readonly OverallVolume: Volume
}

const knownParameters = new Set(['StartDate', 'EndDate', 'Domain', 'ReceivingMailboxType'])
// Older descriptions name a longest range and newer ones none: the narrower is the safe one to build against.
const maxDates = 14
const dayMs = 86_400_000

/** The parameters as a query, or a refusal. The simulation filters neither by domain nor by mailbox type. */
export function readReportQuery(parameters: ReadonlyMap<string, unknown>): ReportQuery | Refusal {
  for (const name of parameters.keys()) {
    if (!knownParameters.has(name)) return refusal('UnknownParameter', `${name} is not recognized`)
  }
  const startDate = parameters.get('StartDate')
  const endDate = parameters.get('EndDate')
  const isRange = isDate(startDate) && isDate(endDate) && startDate <= endDate
  if (!isRange)
    return refusal('InvalidParameterValue.WrongDate', 'StartDate and EndDate must be dates in order')
  const dates = (Date.parse(endDate) - Date.parse(startDate)) / dayMs + 1
  if (dates > maxDates) return refusal('InvalidParameterValue.WrongDate', `More than ${maxDates} dates`)
  return { startDate, endDate }
}

/** What had happened until `nowMs` to the mail of the range; a day without mail is absent. */
export function statisticsReport(
  deliveries: readonly SimulatedDelivery[],
  { startDate, endDate }: ReportQuery,
  nowMs: number,
): StatisticsReport {
  const ofRange = deliveries.filter(({ sentAtMs }) => {
    const date = requestDateOf(sentAtMs)
    return date >= startDate && date <= endDate && sentAtMs <= nowMs
  })
  const byDate = Map.groupBy(ofRange, ({ sentAtMs }) => requestDateOf(sentAtMs))
  return {
    DailyVolumes: [...byDate]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([date, own]) => volumeOf(date, own, nowMs)),
    OverallVolume: volumeOf(startDate, ofRange, nowMs),
  }
}

function volumeOf(date: string, deliveries: readonly SimulatedDelivery[], nowMs: number): Volume {
  const count = (kind: TimelineKind) =>
    deliveries.filter(({ timeline }) => timeline.some((entry) => entry.kind === kind && entry.atMs <= nowMs))
      .length
  const refused = deliveries.filter(({ timeline }) => timeline.some(({ sendStatus = 0 }) => sendStatus !== 0))
  return {
    SendDate: date,
    RequestCount: deliveries.length,
    AcceptedCount: deliveries.length - refused.length,
    DeliveredCount: count('delivered'),
    OpenedCount: count('opened'),
    ClickedCount: count('clicked'),
    BounceCount: count('bounced'),
    UnsubscribeCount: count('unsubscribed'),
  }
}

function isDate(value: unknown): value is string {
  return typeof value === 'string' && isCalendarDate(value)
}
