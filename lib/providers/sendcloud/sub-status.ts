/** What a number means, and the document's description if it is worded differently. */
type SubStatuses = ReadonlyMap<string, readonly [meaning: string, ...descriptions: string[]]>

/** "Webhook Event Description", Invalid Email; "投递回应" and "Get Emails Status" (read 2026-11-27) for the other words. */
export const subStatusesOfInvalid: SubStatuses = new Map([
  ['401', ["in SendCloud's blacklist", 'in SendCloud blacklist', 'SendCloud blacklist', 'SendCloud黑名单中']],
  ['402', ['unsubscribed', 'unsubscribe', '取消订阅']],
  ['403', ['server unreachable', 'server error', '服务器不可达']],
  ['404', ['address format error', 'format error', '地址格式错误']],
  [
    '405',
    [
      'IP or domain rejected',
      'IP and domain rejected',
      'IP, domain name rejected',
      'IP/domain rejected',
      'IP rejection',
      'IP、域名被拒',
    ],
  ],
  ['406', ['address does not exist', 'not exist', '地址不存在']],
  ['407', ['spam', 'junk mail', '垃圾邮件']],
  ['408', ['sender or recipient rejected', 'sender / recipient rejected', 'rejection', '发件人/收件人被拒']],
  ['409', ['other', 'others', '其他']],
])

/** "Webhook Event Description", Soft Bounce; and as above. */
const subStatusesOfSoftBounce: SubStatuses = new Map([
  ['503', ['service not available', 'server error', '服务不可达']],
  [
    '505',
    [
      'IP or domain rejected',
      'IP, domain name rejected',
      'IP/domain rejected',
      'IP rejection',
      'IP、域名被拒',
    ],
  ],
  ['506', ['address does not exist', 'email address does not exist', 'not exist', '邮箱地址不存在']],
  ['507', ['spam', 'spam rejection', '反垃圾邮件被拒']],
  ['508', ['sender or recipient rejected', 'sender / recipient rejected', 'rejection', '发件人/收件人被拒']],
  ['509', ['other', 'others', '其他']],
])

const subStatuses: SubStatuses = new Map([...subStatusesOfInvalid, ...subStatusesOfSoftBounce])

/** SendCloud knew the address from before and did not send. */
export function isNotSent(subStatus: string): boolean {
  return subStatus === '401' || subStatus === '402'
}

/** `406 address does not exist`. */
export function meaningOf(subStatus: string): string {
  return `${subStatus} ${subStatuses.get(subStatus)?.[0] ?? 'an undocumented sub-status'}`
}

/** `406 address does not exist`, and the received description if it differs. */
export function describeSubStatus(subStatus: string, description: string): string {
  return meaningOf(subStatus) + (isKnownDescription(subStatus, description) ? '' : ` ${description}`)
}

/** Whether a description is SendCloud's own for the number, and so not a server's reply. It may say first of which status it is. */
export function isKnownDescription(subStatus: string | undefined, description: string): boolean {
  const words = subStatuses.get(subStatus ?? '') ?? []
  const described = wordsOf(description).replace(/^(?:无效邮件|软退信|invalid e?mail|soft bounce) /, '')
  return words.some((known) => wordsOf(known) === described)
}

function wordsOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}
