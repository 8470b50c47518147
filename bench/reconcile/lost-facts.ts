import { impliedStatus, nameOf, statusRanks, type Delivery } from '../../lib/core/delivery.ts'
import type { DeliveryEvent } from '../../lib/core/event.ts'
import { minuteMs } from '../../lib/core/instant.ts'
import { covers, needOf, type EngagementKind, type Need } from './missed-facts.ts'
import type { PlayedEntry, PlayedMail } from './played-mail.ts'

/** How long it took until the ledger knew. */
export interface Delays {
  readonly p50Ms: number
  readonly p95Ms: number
  readonly maxMs: number
  /** How many there were. */
  readonly count: number
  /** How many the ledger never learned. They count as longer than any. */
  readonly never: number
}

/** How long it took after an outage. */
export interface Recovery extends Delays {
  /** How many were known half an hour after its end. */
  readonly withinHalfAnHour: number
}

interface Lacking {
  readonly need: Need
  readonly happenedAtMs: number
  readonly isOfOutage: boolean
}

/** Tracks what lost callbacks would have reported, until the ledger learns it in another way. */
export class LostFacts {
  readonly #outage: { readonly fromMs: number; readonly untilMs: number } | undefined
  readonly #missing = new Map<string, readonly Lacking[]>()
  readonly #afterMs = { outcomes: [] as number[], outage: [] as number[] }
  readonly #engagement: { readonly kind: EngagementKind; readonly afterMs: number }[] = []

  constructor(outage: { readonly fromMs: number; readonly untilMs: number } | undefined) {
    this.#outage = outage
  }

  /** A callback does not arrive, which it would have now. @param row - what the ledger holds. */
  lost(delivery: PlayedMail, entry: PlayedEntry, row: Delivery | undefined, nowMs: number): void {
    const need = needOf(entry)
    if (row && says(row, need)) return
    const name = nameOf({ recipient: delivery.recipient.toLowerCase(), message: delivery.messageId })
    const lacking = this.#missing.get(name) ?? []
    if (lacking.some((other) => covers(other.need, need))) return
    const isOfOutage =
      this.#outage !== undefined && nowMs >= this.#outage.fromMs && nowMs < this.#outage.untilMs
    this.#missing.set(name, [...lacking, { need, happenedAtMs: entry.atMs, isOfOutage }])
  }

  /** The ledger learns something. */
  learned(event: DeliveryEvent, nowMs: number): void {
    if (this.#missing.size === 0 || event.kind === 'unknown') return
    const name = nameOf(event)
    const lacking = this.#missing.get(name)
    if (!lacking) return
    const left = lacking.filter((one) => !isReportedBy(event, one.need))
    if (left.length === 0) this.#missing.delete(name)
    else this.#missing.set(name, left)
    for (const one of lacking) if (!left.includes(one)) this.#known(one, nowMs)
  }

  /** From when it happened: what became of mails, or what readers did: all of it, or one kind. */
  staleness(of: 'outcomes' | 'engagement' | EngagementKind): Delays {
    if (of === 'outcomes') {
      return delaysOf(this.#afterMs.outcomes, this.#never().filter(({ need }) => 'rank' in need).length)
    }
    const isOf = (kind: EngagementKind) => of === 'engagement' || kind === of
    const known = this.#engagement.flatMap(({ kind, afterMs }) => (isOf(kind) ? afterMs : []))
    const never = this.#never().filter(({ need }) => 'kind' in need && isOf(need.kind))
    return delaysOf(known, never.length)
  }

  /** From the end of the outage: how long it took to learn the outcomes that it had swallowed. */
  recovery(): Recovery | undefined {
    if (!this.#outage) return undefined
    const never = this.#never().filter(({ need, isOfOutage }) => isOfOutage && 'rank' in need)
    const soon = this.#afterMs.outage.filter((afterMs) => afterMs <= 30 * minuteMs)
    return { ...delaysOf(this.#afterMs.outage, never.length), withinHalfAnHour: soon.length }
  }

  #known({ need, happenedAtMs, isOfOutage }: Lacking, nowMs: number): void {
    if ('kind' in need) {
      this.#engagement.push({ kind: need.kind, afterMs: nowMs - happenedAtMs })
      return
    }
    this.#afterMs.outcomes.push(nowMs - happenedAtMs)
    if (isOfOutage && this.#outage) {
      this.#afterMs.outage.push(Math.max(0, nowMs - this.#outage.untilMs))
    }
  }

  #never(): readonly Lacking[] {
    return [...this.#missing.values()].flat()
  }
}

function says(row: Delivery, need: Need): boolean {
  return 'rank' in need ? statusRanks[row.status] >= need.rank : row.facts.has(need.kind)
}

function isReportedBy(event: DeliveryEvent, need: Need): boolean {
  return 'rank' in need ? statusRanks[impliedStatus(event)] >= need.rank : event.kind === need.kind
}

function delaysOf(afterMs: readonly number[], never: number): Delays {
  const sorted = Float64Array.from(afterMs).sort()
  const count = sorted.length + never
  const quantile = (share: number) => sorted[Math.max(0, Math.ceil(share * count) - 1)] ?? Infinity
  return {
    p50Ms: count === 0 ? 0 : quantile(0.5),
    p95Ms: count === 0 ? 0 : quantile(0.95),
    maxMs: count === 0 ? 0 : quantile(1),
    count,
    never,
  }
}
