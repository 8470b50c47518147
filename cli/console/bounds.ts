/** Rows of one recipient or message that a page reads: with facts at their fullest 40 MB, as a rule 2. */
export const mostRowsOfPage = 1_000

/** Problems that a page reads and counts. */
export const mostProblemsOfPage = 2_000

/** Problems that a page looks at in their index, of which a filter may leave out some. */
export const mostListedOfPage = 20_000

/** Pending mails that a page reads and counts. */
export const mostPendingOfPage = 20_000

/** Heads that a page reads of what has no order in its table. */
export const mostHeadsOfPage = 500
