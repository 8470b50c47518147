import * as v from 'valibot'
import { addDays, dayMs, requestDateOf } from '../core/instant.ts'
import { listOrders } from '../core/list-order.ts'
import { closedDatesInReach, firstSweptAges, withAges } from '../core/sweep-plan.ts'
import type { StatusApi, StoredCheckpoint } from './ports.ts'

const requestDate = v.pipe(v.string(), v.isoDate())
const wholeNumber = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const sweep = v.object({ requestDate, offset: wholeNumber })

const openSweep = v.object({
  ...sweep.entries,
  /** Runs in a row that got no answer for the next page. */
  failures: v.exactOptional(wholeNumber),
  /** Whether look-ups wait for it, since it takes fewer calls than they would. */
  isForDue: v.exactOptional(v.boolean()),
  /** Whether a row of one page was on another as well: the list changed its order meanwhile, and may have withheld rows. */
  isUnsteady: v.exactOptional(v.boolean()),
  /** Whether it is swept again for that. */
  isSecond: v.exactOptional(v.boolean()),
  /** Not read before this instant, since the provider may repeat the answers of the sweep before. */
  notBeforeMs: v.exactOptional(wholeNumber),
})

/** A whole date under way. */
export type OpenSweep = v.InferOutput<typeof openSweep>

const page = v.object({ ...sweep.entries, messageId: v.exactOptional(v.string()) })

const tail = v.object({
  ...sweep.entries,
  order: v.picklist(listOrders),
  /** Whether rows show that order that are farther apart than is tolerated. */
  isOrderSure: v.exactOptional(v.boolean(), false),
  /** What was sent up to this instant is applied. */
  throughMs: wholeNumber,
  /** What the reading under way will have applied once it is at its end; 0 where none is, or oldest first. */
  passThroughMs: wholeNumber,
  /** Up to where the list was read, and up to when it was read for: what is read again there gets no third reading. */
  seenOffset: v.exactOptional(wholeNumber, 0),
  seenThroughMs: v.exactOptional(wholeNumber, 0),
  /** Whether rows could not be read, and are read again. */
  isReadAgain: v.exactOptional(v.boolean(), false),
  /** Whether it is read to discover deliveries that nobody reported. */
  isDiscovering: v.boolean(),
  /** When a page of it was last received. */
  askedAtMs: v.exactOptional(wholeNumber, 0),
  /** When the list was last read, and how fast it grew. */
  readAtMs: wholeNumber,
  rowsPerHour: wholeNumber,
})

/** The list of the newest date that is read, and how far it is read onward. */
export type Tail = v.InferOutput<typeof tail>

const countedList = v.object({ requestDate, rows: wholeNumber })

/** How many rows a date's list has, as far as a sweep has read it. */
export type CountedList = v.InferOutput<typeof countedList>

const checkpoint = v.object({
  version: v.literal(2),
  /** Where the provider has a list for each region: whose this is of. */
  region: v.exactOptional(v.string()),
  tail,
  /** Whole dates under way, with how far each is read. */
  openSweeps: v.array(openSweep),
  sweptAges: v.array(v.object({ ageDays: wholeNumber, throughDate: requestDate })),
  /** The newest dates that were swept: how many calls a sweep takes. */
  countedLists: v.exactOptional(v.array(countedList), []),
  /** The ages at which dates were swept last, where nobody set them; absent where all default ones were. */
  activeAgesDays: v.exactOptional(v.array(wholeNumber)),
  /** Every look-up that fell due up to this instant is done. */
  looksThroughMs: wholeNumber,
  /** Of the look-ups that fell due a millisecond later, those of messages up to this one are done, too. */
  looksThroughMessage: v.optional(v.string(), ''),
  /** MessageIds whose look-up got no answer: looked up again at the next run. */
  unansweredLooks: v.array(v.string()),
  /** Pages that were received and are being written: requested again where the run ended before that was done. */
  unwrittenPages: v.optional(v.array(page), []),
  /** The last day on which deliveries without a poll were searched for what to close. */
  closedSilentOn: v.string(),
  /** When the provider was last asked: the pace holds across runs. */
  lastCallAtMs: wholeNumber,
})

/** What a run leaves for the next one: it only moves past what is applied. */
export type Checkpoint = v.InferOutput<typeof checkpoint>

/** What a ledger knows to which the provider has never answered: nothing of dates, since nobody has confirmed the clock. */
const neverAnswered = v.strictObject({
  version: v.literal(2),
  unansweredLooks: v.array(v.string()),
  lastCallAtMs: wholeNumber,
})

const stored = v.pipe(v.string(), v.parseJson(), v.union([checkpoint, neverAnswered]))

/** What a run begins with. */
export interface ReadCheckpoint {
  readonly checkpoint: Checkpoint
  /** The stored one as it is; `undefined` where there is none to go on from. */
  readonly known: Checkpoint | undefined
  readonly isReadable: boolean
}

/**
 * Reads a stored checkpoint. Without one the ledger is new and begins with yesterday. One that cannot be read, or was made by
 * a clock that was ahead, or is of another region's list, costs calls and not rows: every date in reach is read again.
 */
export function readCheckpoint(
  toRead: StoredCheckpoint | undefined,
  sweepAgesDays: readonly number[],
  nowMs: number,
  list: Pick<StatusApi, 'region' | 'isOneOfSeveral'> = {},
): ReadCheckpoint {
  const ofRegion = list.region === undefined ? {} : { region: list.region }
  const begun = (dates: readonly string[]) => ({ ...beginning(sweepAgesDays, dates, nowMs), ...ofRegion })
  if (toRead === undefined) return { checkpoint: begun([]), known: undefined, isReadable: true }
  const { success, output } = v.safeParse(stored, toRead)
  if (!success || ('tail' in output && (isAhead(output, nowMs) || isOfOther(output, list)))) {
    return { checkpoint: begun(closedDatesInReach(nowMs)), known: undefined, isReadable: false }
  }
  if (!('tail' in output))
    return { checkpoint: { ...begun([]), ...output }, known: undefined, isReadable: true }
  const sweptAges = withAges(output.sweptAges, sweepAgesDays, nowMs)
  return {
    checkpoint: { ...output, ...ofRegion, sweptAges: [...sweptAges] },
    known: output,
    isReadable: true,
  }
}

/** Whether it is, or may be, about another region's list: an earlier version did not write down whose. */
function isOfOther(
  known: Checkpoint,
  { region, isOneOfSeveral }: Pick<StatusApi, 'region' | 'isOneOfSeveral'>,
): boolean {
  if (region === undefined) return false
  return known.region === undefined ? isOneOfSeveral === true : known.region !== region
}

/** By more than clocks differ. A run with a clock that is behind takes a good one for such; it gets no answer and stores nothing. */
function isAhead({ tail, looksThroughMs }: Checkpoint, nowMs: number): boolean {
  return tail.requestDate > requestDateOf(nowMs + dayMs) || looksThroughMs > nowMs + dayMs
}

function beginning(sweepAgesDays: readonly number[], toSweep: readonly string[], nowMs: number): Checkpoint {
  return {
    version: 2,
    tail: tailOf(addDays(requestDateOf(nowMs), -1), true),
    openSweeps: toSweep.map((requestDate) => ({ requestDate, offset: 0 })),
    sweptAges: [...firstSweptAges(sweepAgesDays, nowMs)],
    countedLists: [],
    looksThroughMs: 0,
    looksThroughMessage: '',
    unansweredLooks: [],
    unwrittenPages: [],
    closedSilentOn: '',
    lastCallAtMs: 0,
  }
}

/** A list of which nothing was read yet. */
export function tailOf(requestDate: string, isDiscovering: boolean): Tail {
  return {
    requestDate,
    offset: 0,
    order: 'undetermined',
    isOrderSure: false,
    throughMs: 0,
    passThroughMs: 0,
    seenOffset: 0,
    seenThroughMs: 0,
    isReadAgain: false,
    isDiscovering,
    askedAtMs: 0,
    readAtMs: 0,
    rowsPerHour: 0,
  }
}

export function writeCheckpoint(toStore: Checkpoint | v.InferOutput<typeof neverAnswered>): StoredCheckpoint {
  return JSON.stringify(toStore)
}
