// What the row of a delivery holds at most; the rest stands beside it.

/**
 * Facts of one kind in the row itself; further ones get a row each. A write costs by the size of the row, so the limit
 * bounds the cost of the busiest address (docs/adr/0003).
 */
export const usualMaxFactsInRow = 50

/** Spellings of one address, and SendCloud's names of one delivery, in the row itself. */
export const maxNamesInRow = 20

/**
 * The lifetime of rows beside a row, in retentions. Each write extends the row itself by one, but cannot reach those
 * beside it without reading: so they live as long as a row that is written for two more retentions (docs/adr/0003).
 */
export const besideLives = 3
