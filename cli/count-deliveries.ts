import type { Delivery } from '../lib/core/delivery.ts'
import type { DeliveryScanner } from '../lib/ledger/ports.ts'

/** How far a count has come: all that is needed to go on. */
export interface CountState {
  /** For each segment where it goes on; absent at its beginning. */
  readonly positions: (string | undefined)[]
  readonly isDone: boolean[]
  rows: number
}

export function countFromStart(segments: number): CountState {
  return {
    positions: Array.from({ length: segments }, () => undefined),
    isDone: Array.from({ length: segments }, () => false),
    rows: 0,
  }
}

interface Count {
  readonly state: CountState
  readonly signal: AbortSignal
  /** Counts a delivery. It is called for all of a page, and then the state moves on, at once: both may be stored at any time. */
  readonly onDelivery: (delivery: Delivery) => void
  /** After each page. */
  readonly onPage: () => void
}

/**
 * Reads every delivery once, the segments side by side, and moves the state on. Ends after the pages under way if the
 * signal says so, or if one segment fails.
 */
export async function countDeliveries(
  scanner: Pick<DeliveryScanner, 'wholePages'>,
  { state, signal, onDelivery, onPage }: Count,
): Promise<void> {
  const failed = new AbortController()
  const isOver = () => signal.aborted || failed.signal.aborted
  const of = state.positions.length
  const count = async (segment: number) => {
    if (state.isDone[segment]) return
    for await (const page of scanner.wholePages(state.positions[segment], { segment, of })) {
      page.items.forEach(onDelivery)
      state.rows += page.rows
      state.positions[segment] = page.next
      state.isDone[segment] = page.next === undefined
      onPage()
      if (isOver()) return
    }
    state.isDone[segment] = true
  }
  const ends = await Promise.allSettled(
    Array.from({ length: of }, (_, segment) =>
      count(segment).catch((error: unknown) => {
        failed.abort()
        throw error
      }),
    ),
  )
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}
