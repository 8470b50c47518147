import { sentAtOfDelivery, type Delivery } from '../lib/core/delivery.ts'
import { recipientDomain } from '../lib/core/figures.ts'
import { formatInstant } from '../lib/core/instant.ts'
import { problemOf, problemStatuses, type Problem, type ProblemStatus } from '../lib/core/problem.ts'
import type { ReplyClass } from '../lib/core/judge-reply.ts'
import type { ProblemDelivery } from '../lib/ledger/ports.ts'
import { adviceOf } from './advice.ts'
import { FirstOf } from './first-of.ts'
import { csvOf } from './list-options.ts'
import type { OpenLedger } from './open-ledger.ts'
import { readProblems } from './read-problems.ts'

/** Which problems are asked for; absent: all. Domains are as `domainOption` has them. */
export interface ProblemFilter {
  readonly status?: ProblemStatus
  readonly class?: ReplyClass
  readonly template?: string
  readonly fromDomain?: string
  readonly domain?: string
  readonly provider?: string
}

export interface FoundProblem {
  readonly delivery: Delivery
  readonly problem: Problem
  readonly sentAtMs: number
}

/** Mails with one problem, and of bounces with one class. */
interface ProblemCount {
  readonly problem: Problem
  mails: number
}

export interface FoundProblems {
  /** By {@link kindOf}. */
  readonly counts: Map<string, ProblemCount>
  mails: number
  /** The latest, as many as were asked for. */
  readonly shown: FirstOf<FoundProblem>
  /** False where more rows were there than were to be read. */
  isWhole: boolean
}

interface Asked {
  /** YYYY-MM-DD in UTC+8. */
  readonly days: readonly string[]
  readonly filter: ProblemFilter
  /** How many are held to be shown; all are counted. */
  readonly limit: number
  /** Rows that are read at most, and a few more that are under way. Default: all. */
  readonly mostRows?: number
  /** Entries of the index that are looked at, at most. Default: all. */
  readonly mostListed?: number
}

/** Counts the problems of some days, and holds the latest. */
export async function findProblems(
  ledger: OpenLedger,
  { days, filter, limit, mostRows = Infinity, mostListed = Infinity }: Asked,
): Promise<FoundProblems> {
  const found: FoundProblems = {
    counts: new Map(),
    mails: 0,
    shown: new FirstOf(limit, latestFirst),
    isWhole: true,
  }
  const enough = new AbortController()
  let [rows, listed] = [0, 0]
  await readProblems(ledger, {
    days,
    isMeant: (one) => {
      listed += 1
      if (listed > mostListed) enough.abort()
      return isInIndexAsMeant(one, filter)
    },
    onRow: (delivery) => {
      rows += 1
      if (rows > mostRows) enough.abort()
      const problem = problemOf(delivery)
      if (problem && isSame(filter.status, problem.status) && isSame(filter.class, problem.class)) {
        add(found, { delivery, problem })
      }
    },
    signal: enough.signal,
  })
  found.isWhole = !enough.signal.aborted
  return found
}

function isInIndexAsMeant(one: ProblemDelivery, filter: ProblemFilter): boolean {
  return (
    isSame(filter.provider, one.provider) &&
    isSame(filter.template, one.template) &&
    isSame(filter.fromDomain, one.fromDomain?.toLowerCase()) &&
    (filter.domain === undefined || recipientDomain(one) === filter.domain)
  )
}

function isSame(asked: string | undefined, has: string | undefined): boolean {
  return asked === undefined || asked === has
}

function add(found: FoundProblems, { delivery, problem }: Omit<FoundProblem, 'sentAtMs'>): void {
  found.mails += 1
  const kind = kindOf(problem)
  const count = found.counts.get(kind) ?? { problem, mails: 0 }
  count.mails += 1
  found.counts.set(kind, count)
  found.shown.add({ delivery, problem, sentAtMs: sentAtOfDelivery(delivery) ?? 0 })
}

/** In order of sending, the latest first. */
export function latestFirst(one: FoundProblem, other: FoundProblem): number {
  return other.sentAtMs - one.sentAtMs || (one.delivery.recipient < other.delivery.recipient ? -1 : 1)
}

/** `bounced, gone`: the problem, and of a bounce its class. */
export function kindOf({ status, class: replyClass }: Problem): string {
  return replyClass === undefined ? status : `${status}, ${replyClass}`
}

/** The worst first. */
export function byGravity(one: ProblemCount, other: ProblemCount): number {
  const gravity = ({ problem }: ProblemCount) => problemStatuses.indexOf(problem.status)
  return gravity(one) - gravity(other) || (kindOf(one.problem) < kindOf(other.problem) ? -1 : 1)
}

/** The most mails first. */
export function commonestProblems({ counts }: FoundProblems): readonly ProblemCount[] {
  return [...counts.values()].sort((one, other) => other.mails - one.mails || byGravity(one, other))
}

/** One problem in the columns of JSON and CSV; times are in UTC. */
export function problemAsRow({
  delivery,
  problem,
  sentAtMs,
}: FoundProblem): Record<(typeof problemColumns)[number], string> {
  const { recipient, message, provider, columns } = delivery
  return {
    sentAt: formatInstant(sentAtMs),
    recipient,
    status: problem.status,
    class: problem.class ?? '',
    words: problem.words,
    advice: adviceOf(problem),
    provider,
    message,
    subject: columns.get('subject') ?? '',
    from: columns.get('from') ?? '',
    template: columns.get('template') ?? '',
  }
}

const problemColumns = [
  'sentAt',
  'recipient',
  'status',
  'class',
  'words',
  'advice',
  'provider',
  'message',
  'subject',
  'from',
  'template',
] as const

/** What is shown as CSV, with a heading; a cell that a spreadsheet would take for a formula is escaped. */
export function problemsAsCsv({ shown }: FoundProblems): string {
  return csvOf(problemColumns, shown.inOrder().map(problemAsRow))
}
