import type { Suppression } from '../core/suppression.ts'
import type { Page } from '../ledger/ports.ts'

/**
 * That everything about an address was erased. Until it ends, what comes back of mails sent before is erased again. It has to
 * hold the address itself: the runs look for its rows.
 */
export interface Tombstone {
  /** As the tables store it. */
  readonly recipient: string
  readonly erasedAtMs: number
  readonly endsAtMs: number
  /** Whether the address stays on the suppression list if it was on it. */
  readonly isSuppressionKept: boolean
  /** Ids of quarantined bodies that name others, too, and are not resolved yet. */
  readonly waiting: readonly string[]
}

export interface Tombstones {
  /** Keeps it in place of any other of its address. Resolves when the write is durable. */
  put(tombstone: Tombstone): Promise<void>
  /** Those that have not ended, by address: the first {@link mostTombstones}. */
  live(): Promise<readonly Tombstone[]>
  /** Replaces what it waits for, unless the address was erased anew or the tombstone lifted meanwhile. */
  wait(tombstone: Tombstone, waiting: readonly string[]): Promise<void>
  /** Returns whether there was one. */
  lift(recipient: string): Promise<boolean>
}

/** Tombstones that live at a time: each run holds all of them in memory. */
export const mostTombstones = 10_000

/** Bodies that one tombstone can wait for. */
export const mostWaiting = 100

/** A delivery of which nothing is left out: its row, and the rows beside it. */
export interface KeptDelivery {
  readonly message: string
  /** When its message was requested, by the earliest fact; absent where none says so. */
  readonly requestedAtMs?: number
  /** Its rows, in the order in which they are to be removed: so that a part still shows what it is a part of. */
  readonly rows: readonly string[]
}

export interface DeliveryEraser {
  /** Every delivery to the recipient, those that have expired or cannot be read included. */
  ofRecipient(recipient: string): AsyncIterable<KeptDelivery>
  remove(recipient: string, delivery: KeptDelivery): Promise<void>
}

export interface SuppressionEraser {
  /** `undefined` if there is no row. */
  ofRecipient(recipient: string): Promise<Suppression | undefined>
  /**
   * Replaces the row by what `leave` makes of it; `undefined` removes it. What is written meanwhile is not lost. Returns
   * whether anything had to change.
   */
  replace(recipient: string, leave: (known: Suppression) => Suppression | undefined): Promise<boolean>
}

/** The head of a body, or parts without one. */
export interface KeptHead {
  readonly id: string
  /** How many parts it is kept in; 0 where it is in the head. */
  readonly parts: number
  /** Whether it was being removed when that was interrupted. */
  readonly isHalfRemoved: boolean
  /** When the body arrived last; absent where the table does not say. */
  readonly lastSeenAt?: string
  /** Whether it is parts without a head. */
  readonly isLoose?: boolean
}

export interface InboundHead extends KeptHead {
  /** Whose mail it is: the fields that name recipient and sender, as received. */
  readonly people: readonly string[]
  /** When it arrived first, by the provider's clock; absent where the row does not say. */
  readonly receivedAtMs?: number
}

export interface QuarantinedHead extends KeptHead {
  readonly contentType: string
  /** Whether neither a replay nor a dismissal has resolved it. */
  readonly isOpen: boolean
  /** Absent where it is in parts. */
  readonly body?: Uint8Array
}

/** One row of a table of bodies. */
export type BodyRow<Head> =
  | { readonly head: Head }
  /** The number counts from 1. */
  | { readonly partOf: string; readonly number: number }

/** A table whose bodies may be in parts (docs/adr/0006). */
export interface BodyEraser<Head extends KeptHead> {
  /** How many rows it has and how many bytes they take, as of the last hours. */
  size(): Promise<{ readonly rows: number; readonly bytes: number }>
  /** Every row of the table, in no order. */
  pages(): AsyncIterable<Page<BodyRow<Head>>>
  head(id: string): Promise<Head | undefined>
  /** What there is of the parts, in their order: some may be missing or damaged. */
  partsOf(head: KeptHead): Promise<Uint8Array>
  /**
   * Removes head and parts, unless the body has arrived again since it was read, or parts have got their head: returns whether it did.
   * Interrupted, the head shows it ({@link KeptHead.isHalfRemoved}), and it can be done again.
   */
  remove(head: KeptHead): Promise<boolean>
}

export interface InboundEraser extends BodyEraser<InboundHead> {
  /** Every head, without reading parts. */
  heads(): AsyncIterable<Page<InboundHead>>
}

export interface QuarantineEraser extends BodyEraser<QuarantinedHead> {
  /** The ids of bodies that have been open since then or later, the latest first, and of those that are unfinished. */
  openSince(instantMs: number): Promise<readonly string[]>
}

/** All tables that hold something about people. */
export interface ErasableTables {
  readonly deliveries: DeliveryEraser
  readonly suppressions: SuppressionEraser
  readonly inbound: InboundEraser
  readonly quarantine: QuarantineEraser
}
