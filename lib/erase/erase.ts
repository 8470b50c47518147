import pMap from 'p-map'
import { isSentBefore, tombstoneMs } from '../core/erasure.ts'
import type { Clock } from '../runtime/ports.ts'
import { erasedSuppression } from './erased-suppression.ts'
import type { Found } from './find.ts'
import {
  mostTombstones,
  mostWaiting,
  type BodyEraser,
  type ErasableTables,
  type KeptHead,
  type Tombstone,
  type Tombstones,
} from './ports.ts'

export interface EraseDependencies {
  readonly tables: ErasableTables
  readonly tombstones: Tombstones
  readonly clock: Pick<Clock, 'now'>
  /** For how many days evidence of a provider's own blocklist holds. */
  readonly blocklistDays: number
}

/** What was erased. */
export interface ErasedCounts {
  readonly mails: number
  readonly mailRows: number
  /** Suppressions that were reduced or removed. */
  readonly suppressions: number
  readonly inbound: number
  readonly quarantined: number
}

export const erasedNothing: ErasedCounts = {
  mails: 0,
  mailRows: 0,
  suppressions: 0,
  inbound: 0,
  quarantined: 0,
}

/** Writes under way at once. */
const concurrentErasures = 16

/** As many addresses were erased as can have a tombstone at a time: nothing was erased. */
export class TooManyTombstones extends Error {
  /** When the next of them ends. */
  readonly nextEndMs: number

  constructor(live: readonly Tombstone[]) {
    super(`There are ${mostTombstones} tombstones already.`)
    this.nextEndMs = Math.min(...live.map(({ endsAtMs }) => endsAtMs))
  }
}

/**
 * Erases what was found about an address, and keeps a tombstone. The tombstone is first, so that whatever ends the erasure, the
 * next run of reconcile goes on with it; run again it goes on as well. Mails sent since it began are left alone.
 */
export async function erase(
  deps: EraseDependencies,
  {
    recipient,
    found,
    isSuppressionKept,
  }: { readonly recipient: string; readonly found: Found; readonly isSuppressionKept: boolean },
  { signal, onStep }: { readonly signal: AbortSignal; readonly onStep: (rows: number) => void },
): Promise<ErasedCounts & { readonly tombstone: Tombstone; readonly isWhole: boolean }> {
  const { tables, tombstones, clock } = deps
  const live = await tombstones.live()
  if (live.length >= mostTombstones && !live.some((other) => other.recipient === recipient)) {
    throw new TooManyTombstones(live)
  }
  const erasedAtMs = clock.now()
  const tombstone: Tombstone = {
    recipient,
    erasedAtMs,
    endsAtMs: erasedAtMs + tombstoneMs,
    isSuppressionKept,
    waiting: found.waiting.slice(0, mostWaiting),
  }
  await tombstones.put(tombstone)
  const isGoingOn = () => !signal.aborted
  const mails = await eraseMails(deps, tombstone, isGoingOn, onStep)
  const keeps = isSuppressionKept ? 'held' : 'nothing'
  const isReduced = isGoingOn() && (await reduceSuppression(deps, tombstone, keeps))
  const inbound = await removeBodies(tables.inbound, found.inbound, isGoingOn, onStep)
  const quarantined = await removeBodies(tables.quarantine, found.quarantined, isGoingOn, onStep)
  return {
    ...mails,
    suppressions: isReduced ? 1 : 0,
    inbound,
    quarantined,
    tombstone,
    isWhole: isGoingOn(),
  }
}

/** Erases the mails that were sent before the erasure. */
export async function eraseMails(
  { tables: { deliveries }, clock }: Pick<EraseDependencies, 'tables' | 'clock'>,
  { recipient, erasedAtMs }: Tombstone,
  isGoingOn: () => boolean,
  onStep: (rows: number) => void = () => undefined,
): Promise<Pick<ErasedCounts, 'mails' | 'mailRows'>> {
  let mails = 0
  let mailRows = 0
  const nowMs = clock.now()
  await pMap(
    whileGoingOn(deliveries.ofRecipient(recipient), isGoingOn),
    async (delivery) => {
      if (!isGoingOn() || !isSentBefore(delivery, erasedAtMs, nowMs)) return
      await deliveries.remove(recipient, delivery)
      mails += 1
      mailRows += delivery.rows.length
      onStep(delivery.rows.length)
    },
    { concurrency: concurrentErasures },
  )
  return { mails, mailRows }
}

/** A large partition is not read to its end once the time is over. */
async function* whileGoingOn<T>(items: AsyncIterable<T>, isGoingOn: () => boolean): AsyncIterable<T> {
  for await (const item of items) {
    if (!isGoingOn()) return
    yield item
  }
}

/** Leaves of a suppression what may be left. Returns whether anything had to change. */
export function reduceSuppression(
  { tables: { suppressions }, clock, blocklistDays }: EraseDependencies,
  { recipient, erasedAtMs }: Tombstone,
  keeps: 'held' | 'listed' | 'nothing',
): Promise<boolean> {
  const nowMs = clock.now()
  return suppressions.replace(recipient, (known) =>
    erasedSuppression(known, { erasedAtMs, nowMs, blocklistDays, keeps }),
  )
}

/** Removes bodies; returns how many. */
export async function removeBodies<Head extends KeptHead>(
  table: Pick<BodyEraser<Head>, 'remove'>,
  heads: readonly KeptHead[],
  isGoingOn: () => boolean,
  onStep: (rows: number) => void = () => undefined,
): Promise<number> {
  let removed = 0
  await pMap(
    heads,
    async (head) => {
      if (!isGoingOn()) return
      if (await table.remove(head)) removed += 1
      onStep(1)
    },
    { concurrency: concurrentErasures },
  )
  return removed
}
