/** Authenticated input that could not be read, kept for a replay. */
export interface QuarantinedInput {
  readonly provider: string
  /** The body, byte for byte. */
  readonly body: Uint8Array
  /** As received; empty if there was none. */
  readonly contentType: string
  readonly reason: QuarantineReason
  /** One line for each problem. */
  readonly problems: readonly string[]
  readonly receivedAtMs: number
  /** Whether its provider's signature was verified: then a replay does not check it again. */
  readonly isVerified?: boolean
}

/**
 * The problems of reading and writing a body, the most serious first: it names what a person has to look at.
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
  /** Keeps the input; the same body again is one row that records each arrival. */
  keep(input: QuarantinedInput, signal?: AbortSignal): Promise<void>
  /**
   * Keeps unproved input, which anyone who knows the URL can send, within the daily limit (UTC). Each arrival of a body
   * counts. `false` if the limit is reached: nothing was kept.
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
  /** Whether its signature was verified on arrival. */
  readonly isVerified: boolean
  readonly firstSeenAt: string
  readonly lastSeenAt: string
  /** How often the body arrived; a hundred means a hundred or more. */
  readonly seen: number
  /** How often it was replayed. */
  readonly attempts: number
  /** Absent while it is open. */
  readonly resolvedAt?: string
  /** What resolved it: a replay that wrote all of it, or an operator's dismissal. Absent like `resolvedAt`. */
  readonly resolvedBy?: Resolution
}

export const resolutions = ['replay', 'dismissal'] as const

export type Resolution = (typeof resolutions)[number]

/** The number of open bodies in quarantine. */
export interface QuarantineGauge {
  /** The number of open bodies; in the thousands it may be a lower bound. */
  open(): Promise<number>
}

/** The operator's side of the quarantine. */
export interface QuarantineStore {
  /** Every row, without bodies, in no order. It reads the whole table, including bodies and their parts. */
  all(): AsyncIterable<QuarantinedRow>
  /** The open rows. It reads only those. */
  open(): AsyncIterable<QuarantinedRow>
  /** One row; `undefined` if there is none. An id may be shortened if it still names one row. */
  row(id: string): Promise<QuarantinedRow | undefined>
  /** The same with its body. */
  input(id: string): Promise<(QuarantinedRow & { readonly body: Uint8Array }) | undefined>
  /** The ids of bodies that are `unfinished`, in no order; it may include some that no longer are. */
  unfinished(): AsyncIterable<string>
  /** Records a replay of the row: what is still wrong, or that it is resolved. */
  replayed(id: string, atMs: number, left: ReplayLeft | 'resolved'): Promise<void>
  /** Records a dismissal of the row: it is resolved until the same body arrives again. */
  dismissed(id: string, atMs: number): Promise<void>
}

/** What is still wrong after a replay. */
export interface ReplayLeft {
  readonly reason: QuarantineReason
  readonly problems: readonly string[]
}
