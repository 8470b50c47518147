/**
 * In which order a provider's list is, as far as its pages have told. No order is documented (docs/adr/0009):
 * - `undetermined`: nothing has told yet;
 * - `oldest-first`, `newest-first`: by the time of sending;
 * - `none`: in no order by which new rows could be found without reading everything.
 */
export const listOrders = ['undetermined', 'oldest-first', 'newest-first', 'none'] as const

export type ListOrder = (typeof listOrders)[number]

export interface KnownOrder {
  readonly order: ListOrder
  /** Whether rows told of it that lie farther apart than is tolerated. */
  readonly isSure: boolean
}

/**
 * What is known of a list's order once rows of it were read. Rows may stand in another order that were sent within the time
 * tolerated: neighbours of one second do not make a list one without order. An order that only such rows told of, and others
 * do not keep, is undetermined again.
 * @param sentAtMs - when they were sent, in the order listed; before them, of earlier rows, the one that is farthest on
 * @param toleratedMs - by how much a row may stand behind one that it should stand before
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

/** Whether none stands farther behind the highest before it than is tolerated. */
function keepsOrder(values: readonly number[], tolerated: number): boolean {
  let highest = -Infinity
  return values.every((value) => {
    highest = Math.max(highest, value)
    return value >= highest - tolerated
  })
}

/** What most neighbours say. */
function leaning(sentAtMs: readonly number[]): ListOrder {
  const steps = sentAtMs.slice(1).map((later, index) => Math.sign(later - (sentAtMs[index] ?? later)))
  const sum = steps.reduce((all, step) => all + step, 0)
  return sum > 0 ? 'oldest-first' : sum < 0 ? 'newest-first' : 'undetermined'
}
