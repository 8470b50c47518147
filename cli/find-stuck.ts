import type { DeliveryKey, Status } from '../lib/core/delivery.ts'
import { requestDateOf } from '../lib/core/instant.ts'
import { lookAgesMs } from '../lib/core/schedule.ts'
import { datedOf, inBatches } from '../lib/reconcile/survey.ts'
import { FirstOf } from './first-of.ts'
import type { OpenLedger } from './open-ledger.ts'

/** A mail of which the outcome is not known yet. */
export interface StuckMail extends DeliveryKey {
  readonly provider: string
  readonly status: Status
  readonly sentAtMs: number
}

export interface FoundStuck {
  mails: number
  /** By day of sending, YYYY-MM-DD in UTC+8. */
  readonly byDay: Map<string, number>
  /** As many as were asked for. */
  readonly oldest: FirstOf<StuckMail>
  /** False where more are pending than were to be read. */
  isWhole: boolean
}

interface Asked {
  /** Unix milliseconds. */
  readonly sentUntilMs: number
  /** How many are held to be shown; all are counted. */
  readonly limit: number
  /** Rows of the index that are read at most, and a few more that are under way. Default: all. */
  readonly mostRows?: number
}

/** Goes once through the pending index, and holds what is shown. */
export async function findStuck(
  { store }: OpenLedger,
  { sentUntilMs, limit, mostRows = Infinity }: Asked,
): Promise<FoundStuck> {
  const reader = store.deliveryReader()
  const found: FoundStuck = { mails: 0, byDay: new Map(), oldest: new FirstOf(limit, byAge), isWhole: true }
  let rows = 0
  for await (const batch of inBatches(reader.pending())) {
    if (rows >= mostRows) {
      found.isWhole = false
      break
    }
    rows += batch.length
    for (const { delivery, sentAtMs } of await datedOf(reader, batch)) {
      if (sentAtMs > sentUntilMs) continue
      found.mails += 1
      const day = requestDateOf(sentAtMs)
      found.byDay.set(day, (found.byDay.get(day) ?? 0) + 1)
      found.oldest.add({ ...delivery, sentAtMs })
    }
  }
  return found
}

function byAge(one: StuckMail, other: StuckMail): number {
  return one.sentAtMs - other.sentAtMs || (one.recipient < other.recipient ? -1 : 1)
}

/** When the schedule looks it up next; `undefined` where it does not any more. */
export function nextLookMs({ status, sentAtMs }: StuckMail, nowMs: number): number | undefined {
  return lookAgesMs(status)
    .map((ageMs) => sentAtMs + ageMs)
    .find((lookMs) => lookMs > nowMs)
}
