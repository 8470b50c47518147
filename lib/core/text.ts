/** One line of well-formed text: control characters and runs of white space become one space each. */
export function oneLine(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}

/** Well-formed text without control characters but ends of lines and tabs: what strangers wrote must not steer a terminal. */
export function severalLines(text: string): string {
  return text.toWellFormed().replace(/[^\P{Cc}\n\t]/gu, '')
}

// What cannot be seen: control and format characters, line separators, and what a font leaves out (zero-width characters,
// soft hyphens, variation selectors; Unicode's Default_Ignorable_Code_Point). And what says that an encoding was mistaken:
// U+FFFD, and halves of surrogate pairs.
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\ufffd]/u

/**
 * The first character that no address and no id can hold: two that look alike would not be one, or the text was read in a
 * wrong encoding.
 */
export function hiddenIn(text: string): string | undefined {
  return hidden.exec(text)?.[0]
}

/** The text without white space at its ends. A byte order mark, which `trim` takes for white space, stays something hidden. */
export function trimmed(text: string): string {
  return text.replaceAll('\ufeff', '\ufffd').trim()
}
