import type { TimelineKind } from '../simulated-ses/mail.ts'
import type { Random } from '../simulated-ses/random.ts'

/** One thing that happened to a mail sent with SendCloud, which reports no deferrals. */
export interface SendCloudEntry {
  readonly kind: Exclude<TimelineKind, 'deferred'>
  /** With real milliseconds, as SendCloud reports time. */
  readonly atMs: number
  readonly bounceType?: 'hard_bounce' | 'soft_bounce'
  /** Of what was not delivered: SendCloud's number for the cause. */
  readonly subStat?: number
  /** The SMTP reply, where there was one. */
  readonly cause?: string
  readonly link?: string
  readonly reader?: Reader
}

/** With what somebody opened a mail or followed a link. */
export interface Reader {
  readonly ip: string
  readonly explorerName: string
  readonly explorerVer: string
  readonly oSName: string
  readonly oSVer: string
}

/** The truth about one message to one recipient. */
export interface SendCloudDelivery {
  readonly messageId: string
  readonly recipient: string
  /** Names the delivery at SendCloud: `<messageId><index>$<recipient>`. */
  readonly emailId: string
  readonly sentAtMs: number
  /** In the order of time. */
  readonly timeline: readonly SendCloudEntry[]
}

/** One call of SendCloud's API, to one recipient or several. */
export interface SendCloudMessage {
  readonly messageId: string
  readonly apiUser: string
  readonly label?: { readonly id: number; readonly name: string }
  /** The sender's own headers, names beginning with `SC-Custom-`. */
  readonly headers: Readonly<Record<string, string>>
  readonly sentAtMs: number
  readonly deliveries: readonly SendCloudDelivery[]
}

/** What SendCloud reports by one callback: that a message was asked for, or one thing that happened to one delivery. */
export type SendCloudEvent =
  | { readonly of: 'message'; readonly atMs: number; readonly message: SendCloudMessage }
  | {
      readonly of: 'delivery'
      readonly atMs: number
      readonly message: SendCloudMessage
      readonly delivery: SendCloudDelivery
      readonly entry: SendCloudEntry
    }

/** A MessageId as the API returns it: `<13 digits of milliseconds>_<user>_<number>_<number>.sc-<host>-inbound`. */
export function messageIdFor(user: number, sentAtMs: number, random: Random): string {
  const numbers = `${random.int(10_000, 39_999)}_${random.int(100, 9_999)}`
  return `${sentAtMs}_${user}_${numbers}.sc-10_9_13_218-inbound`
}

export function emailIdOf(messageId: string, index: number, recipient: string): string {
  return `${messageId}${index}$${recipient}`
}
