/**
 * The order of a provider's list, as far as its pages have shown. No order is documented (docs/adr/0009):
 * - `undetermined`: not yet known;
 * - `oldest-first`, `newest-first`: by the time of sending;
 * - `none`: in no order by which new rows could be found without reading everything.
 */
export const listOrders = ['undetermined', 'oldest-first', 'newest-first', 'none'] as const

export type ListOrder = (typeof listOrders)[number]

export interface KnownOrder {
  readonly order: ListOrder
  /** Whether rows farther apart than the tolerance showed it. */
  readonly isSure: boolean
}

/**
 * What is known of a list's order after reading more rows. Rows sent within the tolerated time may be in any order:
 * neighbors of one second do not make a list unordered. An order shown only by such rows becomes undetermined when
 * later rows break it.
 * @param sentAtMs - when they were sent, in the order listed, preceded by the farthest of the earlier rows
 * @param toleratedMs - by how much a row may follow one that it should precede
 */
export function orderAfter(known: KnownOrder, sentAtMs: readonly number[], toleratedMs: number): KnownOrder {
  const isRising = keepsOrder(sentAtMs, toleratedMs)
  const isFalling = keepsOrder(
    sentAtMs.map((ms) => -ms),
    toleratedMs,
  )
  const isMeaningful = !(isRising && isFalling)
  switch (known.order) {
    case 'none':
      return known
    case 'undetermined':
      return isMeaningful ? knownOrder(isRising, isFalling) : { order: leaning(sentAtMs), isSure: false }
    case 'oldest-first':
      return isRising ? { ...known, isSure: known.isSure || isMeaningful } : refuted(known)
    case 'newest-first':
      return isFalling ? { ...known, isSure: known.isSure || isMeaningful } : refuted(known)
  }
}

function knownOrder(isRising: boolean, isFalling: boolean): KnownOrder {
  return { order: isRising ? 'oldest-first' : isFalling ? 'newest-first' : 'none', isSure: true }
}

function refuted({ isSure }: KnownOrder): KnownOrder {
  return { order: isSure ? 'none' : 'undetermined', isSure }
}

/** Whether no value is below the highest one before it by more than the tolerance. */
function keepsOrder(values: readonly number[], tolerated: number): boolean {
  let highest = -Infinity
  return values.every((value) => {
    highest = Math.max(highest, value)
    return value >= highest - tolerated
  })
}

/** The order of most neighbors. */
function leaning(sentAtMs: readonly number[]): ListOrder {
  const steps = sentAtMs.slice(1).map((later, index) => Math.sign(later - (sentAtMs[index] ?? later)))
  const sum = steps.reduce((all, step) => all + step, 0)
  return sum > 0 ? 'oldest-first' : sum < 0 ? 'newest-first' : 'undetermined'
}
