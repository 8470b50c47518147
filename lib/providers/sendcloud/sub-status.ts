/** What a number means, and the document's description if it is worded differently. */
type SubStatuses = ReadonlyMap<string, readonly [meaning: string, ...descriptions: string[]]>

/** "Webhook Event Description", Invalid Email. */
export const subStatusesOfInvalid: SubStatuses = new Map([
  ['401', ["in SendCloud's blacklist", 'in SendCloud blacklist']],
  ['402', ['unsubscribed', 'unsubscribe']],
  ['403', ['server unreachable']],
  ['404', ['address format error']],
  ['405', ['IP or domain rejected', 'IP and domain rejected']],
  ['406', ['address does not exist']],
  ['407', ['spam']],
  ['408', ['sender or recipient rejected', 'sender / recipient rejected']],
  ['409', ['other', 'others']],
])

/** "Webhook Event Description", Soft Bounce. */
const subStatusesOfSoftBounce: SubStatuses = new Map([
  ['503', ['service not available']],
  ['505', ['IP or domain rejected']],
  ['506', ['address does not exist', 'email address does not exist']],
  ['507', ['spam']],
  ['508', ['sender or recipient rejected', 'sender / recipient rejected']],
  ['509', ['other', 'others']],
])

const subStatuses: SubStatuses = new Map([...subStatusesOfInvalid, ...subStatusesOfSoftBounce])

/** `406 address does not exist`. */
export function meaningOf(subStatus: string): string {
  return `${subStatus} ${subStatuses.get(subStatus)?.[0] ?? 'an undocumented sub-status'}`
}

/** `406 address does not exist`, and the received description if it differs. */
export function describeSubStatus(subStatus: string, description: string): string {
  return meaningOf(subStatus) + (isKnownDescription(subStatus, description) ? '' : ` ${description}`)
}

/** Whether a description is SendCloud's own for the number, and so not a server's reply. */
export function isKnownDescription(subStatus: string | undefined, description: string): boolean {
  const words = subStatuses.get(subStatus ?? '') ?? []
  return words.some((known) => wordsOf(known) === wordsOf(description))
}

function wordsOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}
