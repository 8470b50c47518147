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
