import type { Delivery } from '../lib/core/delivery.ts'
import type { DeliveryScanner } from '../lib/ledger/ports.ts'

/** How far a scan has come: all that is needed to go on. */
export interface ScanState {
  /** For each segment where it goes on; absent at its beginning. */
  readonly positions: (string | undefined)[]
  readonly isDone: boolean[]
  /** Rows of the table that were read, those beside a delivery's own included. */
  rows: number
}

export function scanFromStart(segments: number): ScanState {
  return {
    positions: Array.from({ length: segments }, () => undefined),
    isDone: Array.from({ length: segments }, () => false),
    rows: 0,
  }
}

/** Whether everything was read. */
export function isWhole({ isDone }: ScanState): boolean {
  return isDone.every((done) => done)
}

interface Scan {
  readonly state: ScanState
  readonly signal: AbortSignal
  /** Takes a page of deliveries. Never called again before it has ended. */
  readonly onPage: (deliveries: readonly Delivery[]) => Promise<void> | void
  /** After each page, when the state has moved behind it. Never called again before it has ended. */
  readonly onState: () => Promise<void> | void
}

/**
 * Reads every delivery once, in no order, and moves the state on. The segments are read side by side; each reads its next
 * page only when the one before was taken, so that one page of each is held at most. Ends after the pages under way if the
 * signal says so, or if one segment fails; behind a page that could not be taken none is.
 */
export async function scanDeliveries(
  { wholePages }: Pick<DeliveryScanner, 'wholePages'>,
  { state, signal, onPage, onState }: Scan,
): Promise<void> {
  const failed = new AbortController()
  const isOver = () => signal.aborted || failed.signal.aborted
  const of = state.positions.length
  let lastPage = Promise.resolve()
  const inTurn = (work: () => Promise<void>) => (lastPage = lastPage.then(work))
  const scan = async (segment: number) => {
    if (state.isDone[segment]) return
    for await (const { items, rows, next } of wholePages(state.positions[segment], { segment, of })) {
      await inTurn(async () => {
        await onPage(items)
        state.rows += rows
        state.positions[segment] = next
        state.isDone[segment] = next === undefined
        await onState()
      })
      if (isOver()) return
    }
    state.isDone[segment] = true
  }
  const ends = await Promise.allSettled(
    state.positions.map((_, segment) =>
      scan(segment).catch((error: unknown) => {
        failed.abort()
        throw error
      }),
    ),
  )
  for (const end of ends) if (end.status === 'rejected') throw end.reason
}
