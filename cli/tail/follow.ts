import { minuteMs, secondMs } from '../../lib/core/instant.ts'
import type { FunctionLogs, LogLine } from './function-logs.ts'

/** What is read, and for how long. */
interface Following {
  readonly logs: Pick<FunctionLogs, 'page'>
  readonly groups: readonly string[]
  readonly sinceMs: number
  /** Whether to go on with what comes in, or to end after what is there. */
  readonly isFollowing: boolean
  readonly signal: AbortSignal
  readonly now: () => number
  /** Resolves after the time, or at once where the signal aborts. */
  readonly pause: (ms: number) => Promise<void>
  /** Called at the first of several reads that fail, and that are made up for by a later one. */
  readonly onTrouble: (error: unknown) => void
}

const pollEveryMs = 2 * secondMs

/** Lines may show up in another order than they were written in, seconds later: so far back each poll reads again. */
const overlapMs = 10 * secondMs

/** How far back a poll reads where nothing comes in: further than the clocks of two machines differ. */
const maxLookBackMs = 5 * minuteMs

/** So many lines are shown together, and their rows read side by side. */
const batchLines = 100

/**
 * The lines of several log groups in batches, in the order of their time, each once. What is held is one page of each group and
 * the ids of the last seconds.
 * @throws where the first read fails, and where no later one can help.
 */
export async function* follow(of: Following): AsyncGenerator<readonly LogLine[]> {
  const groups = of.groups.map((name) => new LogGroup(name, of))
  let hasRead = false
  let isInTrouble = false
  const isOver = () => of.signal.aborted
  while (!isOver()) {
    try {
      yield* inBatches(merged(groups.map((group) => group.newLines())))
      hasRead = true
      isInTrouble = false
    } catch (error) {
      if (isOver()) return
      if (!of.isFollowing || !hasRead || !isPassing(error)) throw error
      if (!isInTrouble) of.onTrouble(error)
      isInTrouble = true
    }
    if (!of.isFollowing) return
    await of.pause(pollEveryMs)
  }
}

class LogGroup {
  readonly #name: string
  readonly #of: Following
  #sinceMs: number
  #newestMs = 0
  /** When the lines were written that a poll may read again, by their ids. */
  readonly #seen = new Map<string, number>()

  constructor(name: string, of: Following) {
    this.#name = name
    this.#of = of
    this.#sinceMs = of.sinceMs
  }

  /** What came in since the last time. A line is done with once the next is asked for. */
  async *newLines(): AsyncGenerator<LogLine> {
    const { logs, signal, now } = this.#of
    let next: string | undefined
    let isWhole = false
    try {
      // To the end, however many pages have nothing in them: only the last one has no token of a next.
      while (!isWhole && !signal.aborted) {
        const page = await logs.page({ group: this.#name, sinceMs: this.#sinceMs, next }, signal)
        for (const line of page.lines) {
          if (this.#seen.has(line.id)) continue
          yield line
          this.#seen.set(line.id, line.atMs)
          this.#newestMs = Math.max(this.#newestMs, line.atMs)
        }
        this.#forget()
        next = page.next
        isWhole = next === undefined
      }
    } finally {
      const quietMs = isWhole ? now() - maxLookBackMs : 0
      this.#sinceMs = Math.max(this.#sinceMs, this.#newestMs - overlapMs, quietMs)
      this.#forget()
    }
  }

  /** No poll reads these again. */
  #forget(): void {
    const untilMs = Math.max(this.#sinceMs, this.#newestMs - overlapMs)
    for (const [id, atMs] of this.#seen) if (atMs < untilMs) this.#seen.delete(id)
  }
}

/** One list of several that are in the order of time each. */
async function* merged(lists: readonly AsyncGenerator<LogLine>[]): AsyncGenerator<LogLine> {
  try {
    const heads = await Promise.all(lists.map((list) => list.next()))
    for (;;) {
      let first: { readonly place: number; readonly line: LogLine } | undefined
      for (const [place, head] of heads.entries()) {
        if (head.done === true || (first && first.line.atMs <= head.value.atMs)) continue
        first = { place, line: head.value }
      }
      if (!first) return
      yield first.line
      const following = await lists[first.place]?.next()
      if (following) heads[first.place] = following
    }
  } finally {
    await Promise.allSettled(lists.map((list) => list.return(undefined)))
  }
}

async function* inBatches(lines: AsyncIterable<LogLine>): AsyncGenerator<readonly LogLine[]> {
  let batch: LogLine[] = []
  try {
    for await (const line of lines) {
      batch.push(line)
      if (batch.length < batchLines) continue
      yield batch
      batch = []
    }
  } catch (error) {
    // What was read before counts as seen.
    if (batch.length > 0) yield batch
    throw error
  }
  if (batch.length > 0) yield batch
}

const passingNames: ReadonlySet<string> = new Set([
  'ThrottlingException',
  'ServiceUnavailableException',
  'TimeoutError',
])
const passingCodes: ReadonlySet<unknown> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
])

/** Whether a later read may succeed though nobody changes anything: throttling, a fault of the service or of the way there. */
function isPassing(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const isFaultOfService = '$fault' in error && error.$fault === 'server'
  return isFaultOfService || passingNames.has(error.name) || ('code' in error && passingCodes.has(error.code))
}
