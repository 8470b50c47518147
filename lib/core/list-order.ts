/**
 * In which order a provider's list is, as far as its pages have told. No order is documented (docs/adr/0009):
 * - `undetermined`: nothing has told yet;
 * - `oldest-first`, `newest-first`: by the time of sending;
 * - `none`: in no order by which new rows could be found without reading everything.
 */
export const listOrders = ['undetermined', 'oldest-first', 'newest-first', 'none'] as const

export type ListOrder = (typeof listOrders)[number]

/** What is known of a list's order once rows of it were read. @param sentAtMs - when they were sent, in the order listed. */
export function orderAfter(known: ListOrder, sentAtMs: readonly number[]): ListOrder {
  const pairs = sentAtMs.slice(1).map((later, index) => later - (sentAtMs[index] ?? later))
  const isRising = pairs.every((step) => step >= 0)
  const isFalling = pairs.every((step) => step <= 0)
  if (isRising && isFalling) return known
  const told = isRising ? 'oldest-first' : isFalling ? 'newest-first' : 'none'
  return known === 'undetermined' || known === told ? told : 'none'
}
