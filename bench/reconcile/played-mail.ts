import type { SendCloudEntry } from '../../local/simulated-sendcloud/mail.ts'
import type { TimelineEntry } from '../../local/simulated-ses/mail.ts'

/** One thing that happened to a mail, whoever sent it. */
export type PlayedEntry = TimelineEntry & Partial<Pick<SendCloudEntry, 'subStat' | 'cause' | 'reader'>>

/** The truth about one message to one recipient, whoever sent it. */
export interface PlayedMail {
  readonly messageId: string
  readonly recipient: string
  /** SendCloud's own name of it. */
  readonly emailId?: string
  readonly sentAtMs: number
  /** In the order of time. */
  readonly timeline: readonly PlayedEntry[]
}
