import { subjectOf } from './judge-reply.ts'

const maxLength = 200

/** A run of what ids, hashes and times are made of, too long for a code. */
const token = /[a-z0-9_+/=.:-]{8,}/g
const enhancedCode = /^[^\d]*(?:[245]\d\d-)?[245]\.\d\.\d{1,3}[^\d]*$/

/**
 * What the replies of one cause have in common: its codes and words, in lower case, without what differs from mail to mail.
 * Links, addresses, hosts and bracketed parts are left out, ids, hashes and numbers of more than three digits become `#`, and are left out at the end.
 * At most 200 characters. Linear; only the first 1,000 characters of a reply count.
 */
export function fingerprintOf(reply: string, recipient = ''): string {
  const words = subjectOf(reply, recipient)
    .replace(token, (text) => (/\d/.test(text) && !enhancedCode.test(text) ? '#' : text))
    .replace(/\d{4,}/g, '#')
    .replace(/#(?:[\s,;:.]*#)+/g, '#')
    .slice(0, maxLength)
    .toWellFormed()
    .replace(/^: /, '')
  return withoutEnd(words)
}

/** Without marks and stops at the end, which differ from mail to mail, too. */
function withoutEnd(text: string): string {
  let end = text.length
  while (end > 0 && ' #.,;:-'.includes(text.charAt(end - 1))) end -= 1
  return text.slice(0, end)
}
