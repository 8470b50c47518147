import type { DeliveryKey, Status } from '../core/delivery.ts'
import type { PolledDelivery } from '../core/polled-delivery.ts'

/** What reconcile writes beside events. */
export interface PendingWriter {
  /** Takes a delivery out of the pending index, unless its status has risen meanwhile. */
  leavePending(key: DeliveryKey, status: Status): Promise<void>
}

/** One page request to the provider's list of a date. */
export interface StatusQuery {
  /** YYYY-MM-DD in UTC+8. */
  readonly requestDate: string
  readonly offset: number
  /** Asks for the rows of one message alone. */
  readonly messageId?: string
  /** Asks for the rows of these deliveries alone; at most {@link pageRows}, and only where {@link StatusApi.lookUpsBy} is `emailId`. */
  readonly emailIds?: readonly string[]
  /** Asks for the rows of one recipient alone; as `emailIds`, for deliveries whose emailId is not known. */
  readonly recipient?: string
}

/** Rows of a full page of the provider's list. */
export const pageRows = 100

/** One row of the provider's list, as far as it can be read. */
export interface ReadRow {
  /** The delivery that it reports; absent where it reports none. */
  readonly delivery?: PolledDelivery
  /** Absent where all of it could be read. */
  readonly unreadable?: UnreadableRow
}

/** A row of which something could not be read. */
export interface UnreadableRow {
  /** The names of the fields that could not be, set apart by spaces; `row` where it is no row at all. */
  readonly fields: string
  /** The row as it was received. */
  readonly row: unknown
  /** When its mail was sent, where the row shows it. */
  readonly sentAtMs?: number
}

/** One page of the provider's list. */
export interface StatusPage {
  /** What its rows report, in their order, as far as they can be read. A row that reports no delivery is absent. */
  readonly deliveries: readonly PolledDelivery[]
  /** Rows of which something could not be read: what could be is among the deliveries, and they cannot stop their neighbors. */
  readonly unreadable: readonly UnreadableRow[]
  /** How many rows the page held, readable or not: the next page begins that much further. */
  readonly rows: number
  /** Whether the list went on after this page: only a page shorter than asked for is the last. */
  readonly isLast: boolean
  /** When it was answered, by the provider's own clock; absent where that does not show. */
  readonly answeredAtMs?: number
}

/** The provider's own record of what it sent. */
export interface StatusApi {
  /** Whose deliveries it can report: their rows name this provider. */
  readonly provider: string
  /** What the provider calls it, for a person. */
  readonly name: string
  /** Where a provider keeps a list for each region: whose this is. A mail is in one of them. */
  readonly region?: string
  /** Whether lists of other regions are read as well. */
  readonly isOneOfSeveral?: boolean
  /** What one look-up can name: a message, or up to {@link pageRows} deliveries. `nothing`: it has lists alone. */
  readonly lookUpsBy: 'message' | 'emailId' | 'nothing'
  /** How old an answer may be, in milliseconds: the provider may repeat an earlier one. */
  readonly staleMs: number
  /** Asks once, without retry. Throws {@link StatusApiError}. */
  page(query: StatusQuery): Promise<StatusPage>
}

/**
 * How much was sent, by the provider's own count. What exactly it counts is not documented, so it serves estimates and
 * nothing else.
 */
export interface VolumeReport {
  /** The longest range of dates that one request may name. */
  readonly maxDates: number
  /**
   * How much was sent on each date of a range in UTC+8, both ends included; a date without mail may be absent. Asks once,
   * without retry. Throws {@link StatusApiError}.
   */
  requestsPerDate(from: string, to: string): Promise<ReadonlyMap<string, number>>
}

/**
 * Why a request failed, by what follows from it.
 * - `transient`: try again.
 * - `settings`: nothing will work until somebody changes the setting that the message names.
 * - `out-of-reach`: the provider no longer reports that date.
 * - `query`: this one question is not answerable; others are.
 */
export class StatusApiError extends Error {
  readonly consequence: 'transient' | 'settings' | 'out-of-reach' | 'query'
  readonly code: string

  constructor(consequence: StatusApiError['consequence'], code: string, message: string) {
    super(message)
    this.name = 'StatusApiError'
    this.consequence = consequence
    this.code = code
  }
}

/** What a reconcile run leaves for the next one. Opaque to the store. */
export type StoredCheckpoint = string

/** The lease under which one reconcile run at a time works, and its checkpoint. */
export interface RunStore {
  /** Takes the lease until the instant given, or returns `undefined` where another run holds it. */
  acquire(
    owner: string,
    nowMs: number,
    untilMs: number,
  ): Promise<{ checkpoint: StoredCheckpoint | undefined } | undefined>
  /**
   * Saves and extends the lease. `false` where the run has lost it: nothing was written.
   * @param checkpoint - `undefined` leaves what is stored as it is
   */
  save(owner: string, checkpoint: StoredCheckpoint | undefined, untilMs: number): Promise<boolean>
  /** Gives the lease back with the run's figures. `false` where the run had lost it. */
  release(
    owner: string,
    checkpoint: StoredCheckpoint | undefined,
    figures: RunFigures | ListSyncFigures,
  ): Promise<boolean>
}

/** What a run by hand needs of the lease beside {@link RunStore.acquire}: it leaves checkpoint and figures alone. */
export interface LeaseByHand {
  /** The instant at which the lease ends unless its run extends it; `undefined` where no run holds it. */
  endsAtMs(): Promise<number | undefined>
  /** Gives the lease back; does nothing where the run does not hold it any more. */
  releaseLease(owner: string): Promise<void>
}

/** What a reconcile run did. */
export interface RunFigures {
  /** Requests made to the provider. */
  readonly calls: number
  /** Rows that the provider's pages held. */
  readonly rows: number
  /** Deliveries that the ledger did not know. */
  readonly discovered: number
  /** Known deliveries that lacked a fact. */
  readonly repaired: number
  /** Pending deliveries that the run settled by the provider's answers. */
  readonly settled: number
  /** Pending deliveries about which no news can come any more. */
  readonly unknown: number
  /** Pending deliveries that are still to be closed; absent where there are none. */
  readonly unfinished?: number
  /** Lists that turned out to be in another order than they had seemed, or in none; absent where none did. */
  readonly orderChanges?: number
  /** Closed lists that were swept twice and changed their order each time: rows may not have been read. Absent where none. */
  readonly unsteadyLists?: number
  /** Rows of which something could not be read: they are in quarantine. Absent where none. */
  readonly unreadableRows?: number
  /** Deliveries still pending when the run ended; absent where it ended before it counted them. */
  readonly pending?: number
  /** How long ago the oldest was sent that is pending and can be asked about; absent where none is. */
  readonly oldestPendingSeconds?: number
  /** How long outcomes that the run found had been known to the provider alone; absent where it found none. */
  readonly stalenessP50Seconds?: number
  readonly stalenessP95Seconds?: number
  /**
   * `done`: nothing was left to ask or to close. `time`, `calls`: the budget ended, or more was to be closed than a run
   * takes on; the next run goes on from there.
   * `lease`: another run holds it. `provider`: the provider kept failing. `settings`: it refuses our settings.
   */
  readonly stoppedBy: StopReason
}

/** What a sync of a provider's own lists did. */
export interface ListSyncFigures {
  readonly calls: number
  readonly rows: number
  /** Entries that our list lacked, and that it had. */
  readonly added: number
  readonly known: number
  /** Addresses that were taken off ours, and not off the provider's. */
  readonly still: number
  readonly unreadable: number
  /** As {@link RunFigures.stoppedBy}; `provider` where a list could not be read. */
  readonly stoppedBy: StopReason
}

export const stopReasons = ['done', 'time', 'calls', 'lease', 'provider', 'settings'] as const

export type StopReason = (typeof stopReasons)[number]

/** How the runs of a job are doing, as they left it. */
export interface RunState {
  /** When the last one ended that did end; absent where none has yet. */
  readonly endedAtMs?: number
  readonly stoppedBy?: StopReason
  /** Until when a run holds the lease, unless it extends it. In the past: that run died. */
  readonly leaseUntilMs?: number
}

export interface RunReader {
  /** `undefined` where no run has ever begun. */
  state(): Promise<RunState | undefined>
}
