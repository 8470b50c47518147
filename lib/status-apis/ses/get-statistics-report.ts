import * as v from 'valibot'
import { StatusApiError, type VolumeReport } from '../../reconcile/ports.ts'
import { statusApiError } from './api-error.ts'
import { sesClient, type SesSettings } from './client.ts'

const action = 'GetStatisticsReport'

/**
 * Older descriptions of the API name 14 days as the longest range (最大跨度为14天), newer ones none: the narrower is the safe
 * one to ask for. Source: what Tencent's Go SDK says of GetStatisticsReport in older and newer versions, read 2026-11-21.
 */
const maxDates = 14

/** One day of the report; one without a number makes the sum worthless. Source: data type Volume, API version 2020-10-02. */
const dailyVolume = v.object({
  SendDate: v.pipe(v.string(), v.isoDate()),
  RequestCount: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
})

/** GetStatisticsReport through Tencent's own SDK: how much was sent each day. */
export function getStatisticsReport(settings: SesSettings): VolumeReport {
  const client = sesClient(settings)
  return {
    maxDates,
    async requestsPerDate(from, to) {
      try {
        const { DailyVolumes: days } = await client.GetStatisticsReport({ StartDate: from, EndDate: to })
        return volumesOf(days)
      } catch (error) {
        throw statusApiError(error, { action, about: `${from} to ${to}`, isLookUp: false }, settings)
      }
    },
  }
}

function volumesOf(days: unknown): ReadonlyMap<string, number> {
  const read = v.safeParse(v.nullish(v.array(dailyVolume), []), days)
  if (!read.success) {
    throw new StatusApiError(
      'query',
      'UnreadableAnswer',
      `${action} answered with DailyVolumes of another kind.`,
    )
  }
  return new Map(read.output.map((day) => [day.SendDate, day.RequestCount]))
}
