import type { MessageKey } from './message.ts'

/** Columns that a provider may report for an inbound mail. */
export const inboundColumns = [
  'from',
  'fromName',
  'to',
  'toName',
  'subject',
  'mailFrom',
  'reference',
  'emailId',
  'labelId',
  'labelName',
] as const

export type InboundColumn = (typeof inboundColumns)[number]

/**
 * A mail that somebody sent to us, as a provider routed it: not a delivery of ours, though it may answer one.
 * Everything but `receivedAtMs` and `rawMessageUrl` is a function of the mail itself, so two reports of one mail are
 * the same.
 */
export interface InboundMail {
  readonly provider: string
  /** The address of ours that it reached: one for all its spellings (lib/core/address.ts). */
  readonly recipient: string
  /** The delivery that it answers, if the provider reports it. */
  readonly answers?: { readonly message: MessageKey; readonly recipient?: string }
  /** The provider's clock. */
  readonly receivedAtMs: number
  /** Where the provider keeps the mail for download, for a time of its own. */
  readonly rawMessageUrl?: string
  readonly columns: Readonly<Partial<Record<InboundColumn, string>>>
  /**
   * Everything received, except what a second report may change (signature, time, download link): JSON text with its
   * keys in order. It identifies the mail, so two reports of one mail are one row.
   */
  readonly content: string
}
