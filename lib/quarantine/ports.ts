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
