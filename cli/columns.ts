import stringWidth from 'string-width'

/** A cell that is filled up on its right (words) or its left (figures), as wide as a terminal shows it. */
export function filled(text: string, width: number, side: 'left' | 'right' = 'right'): string {
  const blanks = ' '.repeat(Math.max(0, width - stringWidth(text)))
  return side === 'right' ? text + blanks : blanks + text
}

/** How many columns of a terminal the widest takes; 0 of none. A Chinese character takes two. */
export function widthOf(texts: readonly string[]): number {
  return texts.reduce((widest, text) => Math.max(widest, stringWidth(text)), 0)
}

/**
 * Lines with their cells one below the other, two blanks apart, without blanks at their ends.
 * @param figures - the places of the columns whose cells stand to the right
 */
export function inColumns(
  rows: readonly (readonly string[])[],
  figures: ReadonlySet<number> = new Set(),
): readonly string[] {
  const columns = rows.reduce((most, { length }) => Math.max(most, length), 0)
  const widths = Array.from({ length: columns }, (_, place) => widthOf(rows.map((row) => row[place] ?? '')))
  return rows.map((row) => {
    const cells = row.map((cell, place) =>
      filled(cell, widths[place] ?? 0, figures.has(place) ? 'left' : 'right'),
    )
    return cells.join('  ').trimEnd()
  })
}
