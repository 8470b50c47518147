import { utc8OffsetMs } from '../../lib/core/instant.ts'
import type { Random } from './random.ts'

/** What can happen to one message on its way to one recipient. */
export type TimelineKind =
  'deferred' | 'delivered' | 'dropped' | 'bounced' | 'opened' | 'clicked' | 'complained' | 'unsubscribed'

/** One thing that happened. Optional fields are present where the kind has them. */
export interface TimelineEntry {
  readonly kind: TimelineKind
  /** Whole seconds, as Tencent reports time in seconds. */
  readonly atMs: number
  /** The SMTP reply or the cause. */
  readonly reason?: string
  readonly bounceType?: 'hard_bounce' | 'soft_bounce'
  readonly link?: string
  readonly userAgent?: string
  /** Of a dropped mail that Tencent itself refused to send: its SendStatus, never 0. */
  readonly sendStatus?: number
}

/** The truth about one message to one recipient: callbacks and polled rows are both derived from it. */
export interface SimulatedDelivery {
  /** The MessageId that SendEmail returned; shared by all recipients of the message. */
  readonly messageId: string
  readonly recipient: string
  /** The address alone, without a display name. */
  readonly from: string
  readonly subject: string
  readonly templateId: number
  readonly sentAtMs: number
  /** The sender's own headers, names beginning with `X-Tencentcloudses-Cb-`. */
  readonly headers: Readonly<Record<string, string>>
  /** The region in which it was sent, whose list alone has it; absent: every region's list does. */
  readonly region?: string
  /** In the order of time. */
  readonly timeline: readonly TimelineEntry[]
}

const idAlphabet = Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')

/** The UTC+8 calendar date `YYYY-MM-DD` under which the poll lists what was sent at that instant. */
export function requestDateOf(atMs: number): string {
  return utc8Text(atMs).slice(0, 10)
}

/** Whether the text is a date, YYYY-MM-DD. One like 2026-02-30 parses, as another day: so it must also read back as itself. */
export function isCalendarDate(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false
  const atMs = Date.parse(text)
  return !Number.isNaN(atMs) && new Date(atMs).toISOString().startsWith(text)
}

/** A mail that was sent at the instant, under a MessageId that contains it, to which nothing has happened yet. */
export function mailAt(
  sentAt: string,
  name: string,
  parts: Partial<SimulatedDelivery> = {},
): SimulatedDelivery {
  return {
    messageId: messageIdAt(sentAt, name),
    recipient: `${name}@example.com`,
    from: 'notice@mail.example.com',
    subject: 'Your order has shipped',
    templateId: 123456,
    sentAtMs: Date.parse(sentAt),
    headers: {},
    timeline: [],
    ...parts,
  }
}

/** A MessageId carries its instant in UTC+8. */
export function messageIdAt(sentAt: string, name: string): string {
  return messageIdOf('251200670', Date.parse(sentAt), name)
}

/** A MessageId as SendEmail returns it: `qcloudses-30-<appId>-date-<yyyyMMddHHmmss in UTC+8>-<random>`. */
export function messageIdFor(appId: string, sentAtMs: number, random: Random): string {
  return messageIdOf(appId, sentAtMs, Array.from({ length: 13 }, () => random.pick(idAlphabet)).join(''))
}

function messageIdOf(appId: string, sentAtMs: number, suffix: string): string {
  const digits = utc8Text(sentAtMs).slice(0, 19).replace(/\D/g, '')
  return `qcloudses-30-${appId}-date-${digits}-${suffix}`
}

/** `2026-11-21T12:00:00.042Z`, in UTC+8. */
export function utc8Text(atMs: number): string {
  return new Date(atMs + utc8OffsetMs).toISOString()
}
