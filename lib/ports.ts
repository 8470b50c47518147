import type { Delivery, DeliveryKey, Status } from './core/delivery.ts'
import type { DeliveryEvent } from './core/event.ts'
import type { InboundMail } from './core/inbound-mail.ts'
import type { PolledDelivery } from './core/polled-delivery.ts'
import type { SuppressionEvidence, Suppression } from './core/suppression.ts'

/** Time, passed in everywhere so that tests and simulations own it. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** Resolves once `now()` has advanced by at least `ms`. */
  sleep(ms: number): Promise<void>
}

/** Writes one line of what happened. Never given a secret or an address. */
export type Log = (happening: string, fields?: Readonly<Record<string, unknown>>) => void

/** The write side of the ledger: all that the internet-facing function needs, and nothing that reads. */
export interface DeliveryWriter {
  /**
   * Joins one event into its delivery's row. Recording it again, or in another order, ends in the same row.
   * Resolves when the write is durable. Throws {@link UnwritableError} where no retry can help.
   */
  record(event: DeliveryEvent, signal?: AbortSignal): Promise<void>
}

/** The table refused this record for good, such as a row that grew beyond what an item may hold. */
export class UnwritableError extends Error {
  override readonly name = 'UnwritableError'
}

/** A pending delivery as the index tells it. */
export interface PendingDelivery extends DeliveryKey {
  readonly status: Status
  readonly provider: string
}

/** The read side of the ledger. */
export interface DeliveryReader {
  /** The rows of those keys that exist, each once, in no order, without facts that were kept outside their row. */
  rowsOf(keys: readonly DeliveryKey[]): Promise<readonly Delivery[]>
  /** Every delivery to the recipient, complete. */
  ofRecipient(recipient: string): Promise<readonly Delivery[]>
  /** The delivery of the message to each of its recipients, complete. */
  ofMessage(messageId: string): Promise<readonly Delivery[]>
  /** Every unsettled delivery, in no order. */
  pending(): AsyncIterable<PendingDelivery>
}

/** A part of a long list, and where the next part begins. */
export interface Page<T> {
  readonly items: readonly T[]
  /** Rows that were read, those included that are no items. */
  readonly rows: number
  /** Where the list goes on; opaque. Absent after the last part. */
  readonly next?: string
}

/** Every delivery, for those who go through all of them. */
export interface DeliveryScanner {
  /** The rows after a position, page after page, in no order, without facts that were kept outside their row. */
  pages(position?: string): AsyncIterable<Page<Delivery>>
  /** About how many rows there are. */
  approximateRows(): Promise<number>
}

/** Every suppression, in the same way. */
export interface SuppressionScanner {
  pages(position?: string): AsyncIterable<Page<Suppression>>
  approximateRows(): Promise<number>
  /** The rows of those recipients that have one. */
  ofRecipients(recipients: readonly string[]): Promise<ReadonlyMap<string, Suppression>>
}

/** What reconcile writes beside events. */
export interface PendingWriter {
  /** Takes a delivery out of the pending index, unless its status has risen meanwhile. */
  leavePending(key: DeliveryKey, status: Status): Promise<void>
}

/** The write side of the suppression list. */
export interface SuppressionWriter {
  /**
   * Joins one piece of evidence into its recipient's row. Recording it again, or in another order, ends in the same row.
   * Evidence that is not newer than the last removal is kept and brings nothing back.
   */
  suppress(evidence: SuppressionEvidence, signal?: AbortSignal): Promise<void>
}

/** The read side of the suppression list. */
export interface SuppressionReader {
  /** What is known of the recipient, on the list or not; `undefined` where nothing ever was. */
  ofRecipient(recipient: string): Promise<Suppression | undefined>
  /** Every row, in no order, those that were removed from the list included. */
  all(): AsyncIterable<Suppression>
}

/** What an operator may do to the suppression list. */
export interface SuppressionRemover {
  /**
   * Takes the recipient off the list and remembers when: evidence up to that instant never brings it back, newer evidence
   * does. What is named in `countingOut` (`datedLater` in core/suppression.ts) never does either, although it is dated
   * later. Returns what stands there afterwards; `undefined` where the recipient was never on the list.
   */
  remove(recipient: string, atMs: number, countingOut?: readonly string[]): Promise<Suppression | undefined>
}

export interface InboundMailWriter {
  /** Keeps the mail whole; the same mail again is one row. */
  keep(mail: InboundMail, signal?: AbortSignal): Promise<void>
}

/** The head of an inbound mail, without its content. */
export interface StoredInboundMail {
  /** Names the mail: hex digits. */
  readonly id: string
  readonly provider: string
  readonly recipient: string
  /** The message that it answers, where that is known. */
  readonly answers?: string
  readonly answeredRecipient?: string
  /** When it came, by the provider's clock: once for each telling that differs. */
  readonly receivedAt: readonly string[]
  readonly rawMessageUrls: readonly string[]
  readonly columns: ReadonlyMap<string, string>
}

export interface InboundMailReader {
  /** Every mail, without content, in no order. */
  all(): AsyncIterable<StoredInboundMail>
  /** The mails that answer the message. */
  answering(message: string): AsyncIterable<StoredInboundMail>
  /** One mail with its content; `undefined` where there is none. An id may be shortened as long as it names one mail. */
  mail(id: string): Promise<(StoredInboundMail & { readonly content: string }) | undefined>
}

/** Authenticated input that could not be read, kept so that it can be run again. */
export interface QuarantinedInput {
  readonly provider: string
  /** The body, byte for byte. */
  readonly body: Uint8Array
  /** As it came; empty where none did. */
  readonly contentType: string
  readonly reason: QuarantineReason
  /** One line for each thing that was wrong. */
  readonly problems: readonly string[]
  readonly receivedAtMs: number
  /** Whether its provider's signature proved who sent it: then a replay does not check that again. */
  readonly isVerified?: boolean
}

/**
 * What reading and writing a body may find, the reason that asks for most first: it names what a person has to look at.
 */
export const readingReasons = ['unreadable', 'invalid', 'unwritable', 'unrecognised'] as const

export type ReadingReason = (typeof readingReasons)[number]

/**
 * Why a body is kept. Those of the first three reasons were not read at all; of an `unfinished` one some elements could not be
 * written before its answer was due, and the scheduled run writes them.
 */
export const quarantineReasons = ['forged', 'unsigned', 'too-large', 'unfinished', ...readingReasons] as const

export type QuarantineReason = (typeof quarantineReasons)[number]

export interface QuarantineWriter {
  /** Keeps the input; the same body again is one row that remembers each time it came. */
  keep(input: QuarantinedInput, signal?: AbortSignal): Promise<void>
  /**
   * Keeps input that whoever knows the URL can send at will, as long as the day (UTC) has room for it. Each time that a body
   * comes takes room. `false` where there is none left: nothing was kept.
   */
  keepWithinDay(input: QuarantinedInput, signal?: AbortSignal): Promise<boolean>
}

/** A row of the quarantine, without its body. */
export interface QuarantinedRow {
  /** Names the body: hex digits. */
  readonly id: string
  readonly provider: string
  readonly contentType: string
  readonly reason: QuarantineReason
  readonly problems: readonly string[]
  readonly bytes: number
  /** Whether a signature proved who sent it when it came. */
  readonly isVerified: boolean
  readonly firstSeenAt: string
  readonly lastSeenAt: string
  /** How often the body came; a hundred stands for a hundred or more. */
  readonly seen: number
  /** How often it was replayed. */
  readonly attempts: number
  /** Absent while it still has to be dealt with. */
  readonly resolvedAt?: string
  /** What resolved it: a replay that wrote all of it, or an operator who wants nothing of it. Absent as `resolvedAt` is. */
  readonly resolvedBy?: Resolution
}

export const resolutions = ['replay', 'dismissal'] as const

export type Resolution = (typeof resolutions)[number]

/** How much waits in quarantine. */
export interface QuarantineGauge {
  /** Bodies that have to be dealt with; of thousands it may tell only that they are thousands. */
  open(): Promise<number>
}

/** What the operator reads of the quarantine, and writes into it. */
export interface QuarantineStore {
  /** Every row, without bodies, in no order. It reads all that was ever kept, bodies and their parts included. */
  all(): AsyncIterable<QuarantinedRow>
  /** Those that are still to be dealt with. It reads them alone. */
  open(): AsyncIterable<QuarantinedRow>
  /** One row, `undefined` where there is none. An id may be shortened as long as it names one row. */
  row(id: string): Promise<QuarantinedRow | undefined>
  /** The same with its body. */
  input(id: string): Promise<(QuarantinedRow & { readonly body: Uint8Array }) | undefined>
  /** The ids of bodies that are `unfinished`, in no order; at times one that is not any more. */
  unfinished(): AsyncIterable<string>
  /** Writes down that the row was replayed: what is still wrong with it, or that nothing is and it is resolved. */
  replayed(id: string, atMs: number, left: ReplayLeft | 'resolved'): Promise<void>
  /** Writes down that nothing is wanted of the row: it is resolved, until the same body comes again. */
  dismissed(id: string, atMs: number): Promise<void>
}

/** What a replay found still wrong. */
export interface ReplayLeft {
  readonly reason: QuarantineReason
  readonly problems: readonly string[]
}

/** One page request to the provider's list of a date. */
export interface StatusQuery {
  /** YYYY-MM-DD in UTC+8. */
  readonly requestDate: string
  readonly offset: number
  readonly messageId?: string
}

/** One row of the provider's list, as far as it can be read. */
export interface ReadRow {
  /** What it tells of a delivery; absent where it tells nothing of any. */
  readonly delivery?: PolledDelivery
  /** Absent where all of it could be read. */
  readonly unreadable?: UnreadableRow
}

/** A row of which something could not be read. */
export interface UnreadableRow {
  /** The names of the fields that could not be, set apart by spaces; `row` where it is no row at all. */
  readonly fields: string
  /** The row as it came. */
  readonly row: unknown
  /** When its mail was sent, where the row tells. */
  readonly sentAtMs?: number
}

/** One page of the provider's list. */
export interface StatusPage {
  /** What its rows tell, in their order, as far as they can be read. A row that tells nothing is absent. */
  readonly deliveries: readonly PolledDelivery[]
  /** Rows of which something could not be read: what could be is among the deliveries, and they cannot stop their neighbours. */
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
  /** Whose deliveries it can tell about: their rows name this provider. */
  readonly provider: string
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
 * - `out-of-reach`: the provider no longer tells about that date.
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
  /** Takes the lease until the instant given, or answers `undefined` where another run holds it. */
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
  release(owner: string, checkpoint: StoredCheckpoint | undefined, figures: RunFigures): Promise<boolean>
}

/** What a run by hand needs of the lease beside {@link RunStore.acquire}: it leaves checkpoint and figures alone. */
export interface LeaseByHand {
  /** The instant at which the lease ends unless its run extends it; `undefined` where no run holds it. */
  endsAtMs(): Promise<number | undefined>
  /** Gives the lease back; does nothing where the run does not hold it any more. */
  giveBack(owner: string): Promise<void>
}

/** What a reconcile run did. */
export interface RunFigures {
  /** Requests made to the provider. */
  readonly calls: number
  /** Rows that the provider's pages held. */
  readonly rows: number
  /** Deliveries that the ledger had never heard of. */
  readonly discovered: number
  /** Known deliveries that lacked a fact. */
  readonly repaired: number
  /** Pending deliveries that the run settled by what the provider told. */
  readonly settled: number
  /** Pending deliveries about which nobody can tell any more. */
  readonly unknown: number
  /** Pending deliveries that are to be closed and were not come to; absent where there are none. */
  readonly unfinished?: number
  /** Lists that turned out to be in another order than they had seemed, or in none; absent where none did. */
  readonly orderChanges?: number
  /** Closed lists that were swept twice and changed their order each time: rows may not have been read. Absent where none. */
  readonly unsteadyLists?: number
  /** Rows of which something could not be read: they are in quarantine. Absent where none. */
  readonly unreadableRows?: number
  /** Deliveries still pending when the run ended; absent where it did not come to count them. */
  readonly pending?: number
  /** How long ago the oldest was sent that is pending and can be asked about; absent where none is. */
  readonly oldestPendingSeconds?: number
  /** How long outcomes that the run told first had been known to the provider alone; absent where it told none. */
  readonly stalenessP50Seconds?: number
  readonly stalenessP95Seconds?: number
  /**
   * `done`: nothing was left to ask or to close. `time`, `calls`: the budget ended, or more was to be closed than a run
   * takes on; the next run goes on from there.
   * `lease`: another run holds it. `provider`: the provider kept failing. `settings`: it refuses our settings.
   */
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

/** Settings that a deployment keeps apart from its functions, since most of them are secret. */
export interface ParameterReader {
  /** The values of those parameters that exist, by name. @param signal - ends the wait for them. */
  valuesOf(names: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, string>>
}

/** The operator's side of the parameters: it tells everything but their values. */
export interface ParameterKeeper {
  /** Takes the place of what stood there. */
  put(parameter: {
    readonly name: string
    readonly value: string
    readonly isSecret: boolean
    /** With which a secret is encrypted. Default: the store's own key. */
    readonly keyId?: string | undefined
    readonly description: string
  }): Promise<void>
  /** Tells whether there was anything to remove. */
  remove(name: string): Promise<boolean>
  /** Those that exist, by name. */
  found(names: readonly string[]): Promise<ReadonlyMap<string, FoundParameter>>
}

interface FoundParameter {
  readonly isSecret: boolean
  /** Counts how often it was put. */
  readonly version: number
  readonly changedAtMs?: number
}

/** A request as any front hands it over: nothing is decoded yet. */
export interface CallbackRequest {
  readonly method: string
  /** Path as it came, percent-encoded, without query. */
  readonly path: string
  /** Their names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly isBase64Encoded: boolean
}

export interface CallbackAnswer {
  readonly status: 200 | 202 | 400 | 401 | 404 | 405 | 413 | 503
  readonly headers: Readonly<Record<string, string>>
  /** A JSON value; absent for an answer without body. */
  readonly body?: Readonly<Record<string, unknown>>
}
