import {
  addBounce,
  commonestFirst,
  hasBounced,
  noBounces,
  type BounceReason,
  type BounceReasons,
} from '../../lib/core/bounce-reasons.ts'
import { sentAtOfDelivery, type Delivery } from '../../lib/core/delivery.ts'
import {
  addByEach,
  emptyFigures,
  sentDayOfDelivery,
  tableOf,
  type Figures,
  type FigureTable,
  type Grouping,
} from '../../lib/core/figures.ts'
import { problemOf } from '../../lib/core/problem.ts'
import { isBotAgent } from '../bot-agents.ts'
import type { DayRange } from '../day-range.ts'
import { latestFirst, type FoundProblem } from '../find-problems.ts'
import { FirstOf } from '../first-of.ts'

const shownGroupings = ['day', 'mailbox-provider', 'template'] as const

/** What statistics and report show of the mails of some days: a fold over rows, right whatever was repeated. */
export class Overview {
  readonly range: DayRange
  readonly #figures = new Map<Grouping, Figures>(shownGroupings.map((by) => [by, emptyFigures()]))
  readonly #reasons: BounceReasons = noBounces()
  readonly #problems: FirstOf<FoundProblem>
  #undated = 0
  #rows = 0

  /** @param problems - how many of the latest problems are held */
  constructor(range: DayRange, problems = 0) {
    this.range = range
    this.#problems = new FirstOf(problems, latestFirst)
  }

  /** Counts a whole delivery, which must not be counted twice, if it is of the range. */
  add(delivery: Delivery): void {
    this.#rows += 1
    const day = sentDayOfDelivery(delivery)
    if (day === undefined) this.#undated += 1
    if (!isWithin(day, this.range)) return
    addByEach(this.#figures, delivery, { isBot: isBotAgent })
    if (hasBounced(delivery)) addBounce(this.#reasons, delivery)
    const problem = problemOf(delivery)
    if (problem) this.#problems.add({ delivery, problem, sentAtMs: sentAtOfDelivery(delivery) ?? 0 })
  }

  /** Deliveries that were read, of the range or not. */
  get rows(): number {
    return this.#rows
  }

  /** Mails of which nothing shows the day: they are in no range. */
  get undated(): number {
    return this.#undated
  }

  /** @param limit - groups with a line of their own; days have one each */
  tableBy(by: (typeof shownGroupings)[number], limit: number): FigureTable {
    return tableOf(this.#figures.get(by) ?? emptyFigures(), by, limit)
  }

  /** The commonest reasons of bounces, how many mails bounced, and how many for other reasons. */
  reasons(limit: number): {
    readonly shown: readonly BounceReason[]
    readonly mails: number
    readonly others: number
  } {
    const shown = commonestFirst(this.#reasons).slice(0, limit)
    const { mails } = this.#reasons
    return { shown, mails, others: mails - shown.reduce((sum, reason) => sum + reason.mails, 0) }
  }

  problems(): readonly FoundProblem[] {
    return this.#problems.inOrder()
  }
}

function isWithin(day: string | undefined, { from, to }: DayRange): boolean {
  if (from === undefined && to === undefined) return true
  return day !== undefined && day >= (from ?? '') && day <= (to ?? '9999')
}
