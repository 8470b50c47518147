/** An `@`, in full width too, and as URLs and HTML encode it. */
const sign = /(?:[@＠﹫]|%(?:25)*40|&#0*64;|&#x0*40;|&commat;)+(?=[^\s<>()"`,;:])/giu

/** What an unquoted local part does not hold, however strange. */
const delimiter = /[\s<>()[\]"`,;:]/u

/**
 * The text with every address in it masked: `551 <s…@example.com> no such user`. More than the local part is left out
 * where it cannot be separated from what stands before it. Linear.
 * @param recipient - whose local part is masked where it stands alone, too: `550 user s… unknown`
 */
export function maskedText(text: string, recipient = ''): string {
  const signs: { readonly from: number; readonly at: number }[] = []
  let end = 0
  for (const { 0: found, index: at } of text.matchAll(sign)) {
    const from = localPartStart(text, end, at)
    if (from < at) signs.push({ from, at })
    end = at + found.length
  }
  const withoutName = nameMask(recipient)
  let masked = ''
  let next = 0
  for (const { from, at } of signs) {
    masked += `${withoutName(text.slice(next, from))}${firstCharacter(text, from)}…`
    next = at
  }
  return masked + withoutName(text.slice(next))
}

/** Where the local part before a sign begins, which is behind the one before. */
function localPartStart(text: string, end: number, at: number): number {
  let from = at
  if (text[at - 1] === '"' && at - 1 > end) {
    from = at - 2
    while (from > end && (text[from] !== '"' || text[from - 1] === '\\')) from -= 1
    return from
  }
  while (from > end && !delimiter.test(text.charAt(from - 1))) from -= 1
  return from
}

function firstCharacter(text: string, from: number): string {
  return String.fromCodePoint(text.codePointAt(from) ?? 0)
}

/** Shorter ones stand in every text. */
const shortestName = 3

const syntax = /[\\^$.*+?()[\]{}|/]/g

/** Masks the local part of an address where it stands alone. */
function nameMask(recipient: string): (text: string) => string {
  const local = recipient.slice(0, Math.max(recipient.lastIndexOf('@'), 0))
  const name = local.replace(/^"|"$/g, '')
  if (name.length < shortestName) return (text) => text
  const escaped = name.replace(syntax, String.raw`\$&`)
  const alone = new RegExp(`(?<![\\p{L}\\p{N}])${escaped}(?![\\p{L}\\p{N}])`, 'giu')
  return (text) => text.replace(alone, (found) => `${firstCharacter(found, 0)}…`)
}
