import { subjectOf } from './replies.ts'

const maxLength = 200

/** A run of what ids, hashes and times are made of, too long for a code. */
const token = /[a-z0-9_+/=.:-]{8,}/g
const enhancedCode = /^[^\d]*(?:[245]\d\d-)?[245]\.\d\.\d{1,3}[^\d]*$/

/**
 * What the replies of one cause have in common: its codes and words, in lower case, without what differs from mail to mail.
 * Links, addresses, hosts and bracketed parts are left out, ids, hashes and numbers of more than three digits become `#`.
 * At most 200 characters. Linear; only the first 1,000 characters of a reply count.
 */
export function fingerprintOf(reply: string, recipient = ''): string {
  const words = subjectOf(reply, recipient)
    .replace(token, (text) => (/\d/.test(text) && !enhancedCode.test(text) ? '#' : text))
    .replace(/\d{4,}/g, '#')
    .replace(/#(?:[\s,;:.]*#)+/g, '#')
    .replace(/^: /, '')
  return words.slice(0, maxLength).toWellFormed().trim()
}
