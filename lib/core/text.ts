/** One line of well-formed text: control characters and runs of white space become one space each. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}

/** Marks, embeddings, overrides and isolates of direction (UAX 9): they would show other characters than those that follow. */
const directions = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g

/** The text as it is, but nothing in it turns the direction of what follows. */
export function withoutDirections(text: string): string {
  return text.replace(directions, '')
}

/** {@link oneLine} as a terminal may show it: nothing in it turns the direction of what follows. */
export function printedLine(text: string): string {
  return oneLine(withoutDirections(text))
}

/**
 * Well-formed text whose only control characters are line ends and tabs: text from strangers must not control a
 * terminal.
 */
export function severalLines(text: string): string {
  return text
    .toWellFormed()
    .replace(directions, '')
    .replace(/[^\P{Cc}\n\t]/gu, '')
}

// Invisible characters: control and format characters, line separators, and what a font leaves out (zero-width
// characters, soft hyphens, variation selectors; Unicode's Default_Ignorable_Code_Point). And signs of a wrong
// encoding: U+FFFD, and halves of surrogate pairs.
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]/u

/**
 * The first character that no address and no id may hold: two that look alike would differ, or the text was decoded
 * wrongly.
 */
export function hiddenIn(text: string): string | undefined {
  return hidden.exec(text)?.[0]
}

/** The text without white space at its ends. A byte order mark, which `trim` removes, is kept as a hidden character. */
export function trimmed(text: string): string {
  return text.replaceAll('\ufeff', '\ufffd').trim()
}
