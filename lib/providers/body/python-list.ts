import { bounds } from './bounds.ts'

// A string as Python prints it, or nothing, and what follows it. Each character is read once.
const item = /\s*(?:[ub]?(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)")|None)\s*(,\s*|$)/isuy

/**
 * The strings of a list or tuple as Python prints it (`['a', "b", None]`), with or without its brackets: SendCloud's own
 * test page sends lists so. `undefined` if the text is no such list, or is longer than a field may be.
 */
export function pythonList(text: string): readonly string[] | undefined {
  if (text.length > bounds.characters) return undefined
  const inside = /^\[(.*)\]$/s.exec(text)?.[1] ?? /^\((.*)\)$/s.exec(text)?.[1] ?? text
  const strings: string[] = []
  item.lastIndex = 0
  while (item.lastIndex < inside.length) {
    const found = item.exec(inside)
    if (!found) return undefined
    const literal = found[1] ?? found[2]
    if (literal !== undefined) strings.push(unescaped(literal))
  }
  return strings
}

const escape = /\\(?:x([\da-f]{2})|u([\da-f]{4})|(.))/gisu

function unescaped(literal: string): string {
  return literal.replace(escape, (_escape, byte?: string, unit?: string, itself?: string) => {
    const code = byte ?? unit
    return code === undefined ? (itself ?? '') : String.fromCharCode(parseInt(code, 16))
  })
}
