import { requestDateOf } from '../core/instant.ts'
import { isLateTogether } from '../core/schedule.ts'
import { oldestDateInReach } from '../core/sweep-plan.ts'
import type { Checkpoint } from './checkpoint.ts'
import type { DueMessage, Survey } from './survey.ts'
import { RunStopped } from './provider-calls.ts'
import { pageRows } from './ports.ts'
import { lookUp, lookUpBatches } from './look-up.ts'
import type { Run } from './run.ts'
import { isRepeated, readOnward } from './tail.ts'

/** Look-ups after which the checkpoint is written: what a run that dies has to ask again. */
const looksPerCheckpoint = 25
/** Messages without an answer that the checkpoint remembers. */
const maxUnansweredLooks = 200
/** Questions about messages of one date without an answer, after which the others are left for the next run. */
const failuresPerDate = 2
/** From so many look-ups of one date it is worth a call to find out whether its list is shorter. */
const worthProbing = 10

/**
 * Settles what is due by lists, where they have fewer pages than it takes look-ups: today's is read on at once, and a date
 * that has closed is left to its sweep, which remembers how far it came. Returns the dates that got no answer.
 */
export async function readDueLists(run: Run, survey: Survey): Promise<readonly string[]> {
  const unreported: string[] = []
  for (const [requestDate, due] of survey.dueOfDate) {
    const isShorter = await isListShorter(run, survey, requestDate, due)
    if (isShorter === 'unanswered') unreported.push(requestDate)
    else if (isShorter && requestDate === run.checkpoint.tail.requestDate) await readOnward(run)
    else if (isShorter) sweepForDue(run, requestDate)
  }
  return unreported
}

/** Whether the rest of the list has fewer pages than it takes look-ups: the page that far ahead shows it. */
async function isListShorter(
  run: Run,
  { dueInTail }: Survey,
  requestDate: string,
  due: number,
): Promise<boolean | 'unanswered'> {
  const { tail, openSweeps } = run.checkpoint
  if (requestDate === tail.requestDate) return isTailShorter(run, dueInTail, due)
  const open = openSweeps.find((sweep) => sweep.requestDate === requestDate)
  const isSettled = open?.isForDue === true || open?.failures !== undefined
  const isReadable = requestDate >= oldestDateInReach(run.startedMs) && requestDate < tail.requestDate
  return isReadable && !isSettled && isWorth(run, requestDate, open?.offset ?? 0, due)
}

async function isTailShorter(run: Run, dueInTail: number, due: number): Promise<boolean | 'unanswered'> {
  const { requestDate, order, offset } = run.checkpoint.tail
  if (isRepeated(run)) return false
  const isOnward = order === 'oldest-first'
  const { calls } = run.calls
  const isShorter = await isWorth(run, requestDate, isOnward ? offset : 0, isOnward ? dueInTail : due)
  // It may be repeated as any page of a reading.
  if (run.calls.calls > calls)
    run.advance({ tail: { ...run.checkpoint.tail, askedAtMs: run.calls.lastCallAtMs } })
  return isShorter
}

async function isWorth(
  run: Run,
  requestDate: string,
  offset: number,
  due: number,
): Promise<boolean | 'unanswered'> {
  const lookUps = run.lookUpsBy === 'message' ? due : Math.ceil(due / pageRows)
  return lookUps >= worthProbing && isShorterThan(run, requestDate, offset + lookUps * pageRows)
}

/**
 * Whether the date's list ends before the offset. `false` where that is refused: an offset beyond the end may be, and wrong
 * settings show at the next request.
 */
async function isShorterThan(run: Run, requestDate: string, offset: number): Promise<boolean | 'unanswered'> {
  try {
    const page = await run.reader.page({ requestDate, offset })
    return page === 'unanswered' ? page : page.rows === 0
  } catch (error) {
    if (error instanceof RunStopped && error.stoppedBy === 'settings') return false
    throw error
  }
}

/** Its sweep comes first, and look-ups wait for it. */
function sweepForDue(run: Run, requestDate: string): void {
  const { openSweeps } = run.checkpoint
  const open = openSweeps.find((sweep) => sweep.requestDate === requestDate) ?? { requestDate, offset: 0 }
  const others = openSweeps.filter((sweep) => sweep.requestDate !== requestDate)
  run.advance({ openSweeps: [{ ...open, isForDue: true }, ...others] })
}

/** The look-ups of one run. */
export class LookupQueue {
  readonly #run: Run
  readonly #survey: Survey
  readonly #repeats: ReadonlySet<string>
  readonly #failures = new Map<string, number>()
  /** Messages that are done with, or remembered. */
  readonly #done = new Set<string>()
  #unanswered: readonly string[]
  /** How many of those that are due are done with, up to the first that is not. */
  #passed = 0
  #lookUps = 0

  constructor(run: Run, survey: Survey) {
    this.#run = run
    this.#survey = survey
    const { unansweredLooks } = run.checkpoint
    this.#repeats = new Set(unansweredLooks)
    const stillDue = new Set(survey.due.map(({ message }) => message))
    this.#unanswered = unansweredLooks.filter((message) => stillDue.has(message))
  }

  /** Leaves the messages of these dates for the next run: they get no answer now. */
  leaveDates(requestDates: readonly string[]): void {
    for (const requestDate of requestDates) this.#failures.set(requestDate, failuresPerDate)
  }

  /**
   * Looks up what is due and not done yet, longest due first. A message of a date whose list is being read waits, and is
   * looked up after that where the list did not report it. Where look-ups share requests, all wait until one cannot any longer.
   */
  async take(): Promise<void> {
    if (this.#areToWait()) return
    for (const message of this.#survey.due) if (isReported(this.#run, message)) this.#complete(message)
    const toAsk = this.#survey.due.filter(({ message }) => !this.#done.has(message))
    for (const batch of lookUpBatches(this.#run.lookUpsBy, toAsk)) {
      const [first, ...others] = batch.filter((message) => this.#isToAsk(message))
      if (!first) continue
      await this.#take([first, ...others])
      this.#advanceCheckpoint()
      this.#lookUps += 1
      if (this.#lookUps % looksPerCheckpoint === 0) await this.#run.save()
    }
    this.#advanceCheckpoint()
  }

  /** Whether all may wait for others. What today's list has just reported need not wait, since it costs nothing. */
  #areToWait(): boolean {
    const { lookUpsBy, isByHand, startedMs, checkpoint } = this.#run
    if (lookUpsBy !== 'emailId' || isByHand || checkpoint.tail.readAtMs === startedMs) return false
    const mustBeMade = ({ message, sentAtMs, dueAtMs }: DueMessage) =>
      this.#repeats.has(message) || isLateTogether(sentAtMs, dueAtMs, startedMs)
    return !this.#survey.due.some(mustBeMade)
  }

  /** Whether a request is needed for the message now. One that needs none any more is done with. */
  #isToAsk(message: DueMessage): boolean {
    if (this.#done.has(message.message)) return false
    const requestDate = requestDateOf(message.sentAtMs)
    if (isReported(this.#run, message)) this.#complete(message)
    else if (this.#isBeingRead(requestDate)) return false
    else if ((this.#failures.get(requestDate) ?? 0) >= failuresPerDate) this.#defer(message)
    else return true
    return false
  }

  async #take(batch: readonly [DueMessage, ...DueMessage[]]): Promise<void> {
    const isAnswered = await this.#isAnswered(batch)
    for (const message of batch) {
      this.#complete(message)
      if (!isAnswered) this.#fail(message)
    }
    const requestDate = requestDateOf(batch[0].sentAtMs)
    if (isAnswered) this.#failures.delete(requestDate)
    else this.#failures.set(requestDate, (this.#failures.get(requestDate) ?? 0) + 1)
  }

  /** A list with an unanswered page keeps no look-up waiting. */
  #isBeingRead(requestDate: string): boolean {
    const sweep = this.#run.checkpoint.openSweeps.find((open) => open.requestDate === requestDate)
    return sweep?.isForDue === true && sweep.failures === undefined
  }

  /**
   * Writes down up to where everything that fell due is done: an instant, and within the next one a message, since more may
   * fall due at one instant than a run can ask about.
   */
  #advanceCheckpoint(): void {
    const { due, leftOut } = this.#survey
    const { startedMs, checkpoint } = this.#run
    const isDone = (message: DueMessage | undefined) => message && this.#done.has(message.message)
    while (isDone(due[this.#passed])) this.#passed += 1
    const next = due[this.#passed] ?? leftOut
    const last = due[this.#passed - 1]
    // What is asked again is due after this run's own time.
    const looksThroughMs = Math.min(next?.dueAtMs ?? Infinity, startedMs + 1) - 1
    const isAmid = last?.dueAtMs === looksThroughMs + 1 && last.dueAtMs <= startedMs
    const reached = { looksThroughMs, looksThroughMessage: isAmid ? last.message : '' }
    this.#run.advance({
      ...(isFurther(reached, checkpoint) && reached),
      unansweredLooks: [...this.#unanswered],
    })
  }

  async #isAnswered(batch: readonly [DueMessage, ...DueMessage[]]): Promise<boolean> {
    try {
      return await lookUp(this.#run, batch)
    } catch (error) {
      if (error instanceof RunStopped && error.stoppedBy === 'provider') {
        // They must not be the first of the next run again.
        for (const message of batch) {
          this.#complete(message)
          this.#defer(message)
        }
        this.#advanceCheckpoint()
      }
      throw error
    }
  }

  /** Once more at the next run; after that, while others are answered, its next look-up is soon enough. */
  #fail(message: DueMessage): void {
    if (!this.#repeats.has(message.message) || !this.#run.calls.hasAnswered) this.#defer(message)
  }

  /** Remembers it for the next run. What finds no room keeps `looksThroughMs` back. */
  #defer({ message }: DueMessage): void {
    const isKnown = this.#unanswered.includes(message)
    const hasRoom = this.#unanswered.length < maxUnansweredLooks
    if (!isKnown && hasRoom) this.#unanswered = [...this.#unanswered, message]
    if (isKnown || hasRoom) this.#done.add(message)
    else this.#done.delete(message)
  }

  #complete({ message }: DueMessage): void {
    this.#done.add(message)
    this.#unanswered = this.#unanswered.filter((other) => other !== message)
  }
}

type LooksThrough = Pick<Checkpoint, 'looksThroughMs' | 'looksThroughMessage'>

function isFurther(reached: LooksThrough, known: LooksThrough): boolean {
  if (reached.looksThroughMs !== known.looksThroughMs) return reached.looksThroughMs > known.looksThroughMs
  return reached.looksThroughMessage > known.looksThroughMessage
}

/** Whether a list of this run reported all its recipients: a look-up right after it could report nothing new. */
function isReported(run: Run, { deliveries }: DueMessage): boolean {
  return deliveries.every((delivery) => run.repairs.hasSeen(delivery))
}
