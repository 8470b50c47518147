import { utc8Text } from '../simulated-ses/mail.ts'
import type { SendCloudDelivery, SendCloudEntry, SendCloudMessage } from './mail.ts'

/** One delivery, and the message that it is of. */
export interface SentDelivery {
  readonly message: SendCloudMessage
  readonly delivery: SendCloudDelivery
}

/** In which words the statuses are: those of today's documents, or those of 2016. */
export type Wording = 'today' | '2016'

/** A row of data/emailStatus; times as `yyyy-MM-dd HH:mm:ss` in UTC+8. */
export interface StatusRow {
  readonly emailId: string
  readonly status: string
  readonly subStatus: string
  readonly subStatusDesc: string
  readonly apiUser: string
  readonly recipients: string
  readonly requestTime: string
  readonly modifiedTime: string
  readonly sendLog: string
}

/** The number by which one asks for a status. */
type StatusNumber = '1' | '4' | '5' | '18'

/** "投递回应", the dictionary of sub-statuses. */
const subStatuses = new Map([
  [401, 'SendCloud黑名单中'],
  [402, '取消订阅'],
  [403, '服务器不可达'],
  [404, '地址格式错误'],
  [405, 'IP、域名被拒'],
  [406, '地址不存在'],
  [407, '垃圾邮件'],
  [408, '发件人/收件人被拒'],
  [409, '其他'],
  [503, '服务不可达'],
  [505, 'IP、域名被拒'],
  [506, '邮箱地址不存在'],
  [507, '反垃圾邮件被拒'],
  [508, '发件人/收件人被拒'],
  [509, '其他'],
])

const words: Readonly<Record<Wording, Readonly<Record<StatusNumber, string>>>> = {
  today: { '1': '送达', '4': '无效邮件', '5': '软退信', '18': '请求中' },
  '2016': { '1': '投递成功', '4': '无效邮件', '5': '软退信', '18': '请求中' },
}

/** What of a timeline changes a row: what somebody reads, and what he then does, stands in another list. */
export function outcomesOf({ timeline }: SendCloudDelivery): readonly SendCloudEntry[] {
  return timeline.filter(({ kind }) => kind === 'delivered' || kind === 'dropped' || kind === 'bounced')
}

/** The status of a delivery at an instant: the latest outcome decides. */
export function statusAt(delivery: SendCloudDelivery, atMs: number): StatusNumber {
  return numberOf(latestAt(delivery, atMs))
}

/** SendCloud's number for why a mail was not delivered; empty where it was, or may yet be. */
export function subStatusAt(delivery: SendCloudDelivery, atMs: number): string {
  return String(latestAt(delivery, atMs)?.subStat ?? '')
}

/** The row as it stands at an instant: what comes later has not happened yet. */
export function statusRowAt({ message, delivery }: SentDelivery, atMs: number, wording: Wording): StatusRow {
  const latest = latestAt(delivery, atMs)
  const subStatus = subStatusAt(delivery, atMs)
  const subStatusDesc = subStatuses.get(Number(subStatus)) ?? ''
  const status = words[wording][numberOf(latest)]
  return {
    emailId: delivery.emailId,
    status: wording === 'today' && subStatusDesc !== '' ? `${status}-${subStatusDesc}` : status,
    subStatus,
    subStatusDesc,
    apiUser: message.apiUser,
    recipients: delivery.recipient,
    requestTime: localTime(delivery.sentAtMs),
    modifiedTime: localTime(latest?.atMs ?? delivery.sentAtMs),
    sendLog: replyIn(latest),
  }
}

/** What the receiving server said. */
function replyIn(latest: SendCloudEntry | undefined): string {
  return latest?.kind === 'delivered' ? 'successfully delivered' : (latest?.cause ?? '')
}

/** `2026-11-21 12:00:00`, in UTC+8; what is less than a second is left out. */
export function localTime(atMs: number): string {
  return utc8Text(atMs).slice(0, 19).replace('T', ' ')
}

function latestAt(delivery: SendCloudDelivery, atMs: number): SendCloudEntry | undefined {
  return outcomesOf(delivery).findLast((entry) => entry.atMs <= atMs)
}

function numberOf(latest: SendCloudEntry | undefined): StatusNumber {
  if (!latest) return '18'
  if (latest.kind === 'delivered') return '1'
  return latest.bounceType === 'soft_bounce' ? '5' : '4'
}
