import type { SuppressionReason } from '../../core/suppression.ts'
import { fieldName } from './record.ts'

// What the exports of other senders hold, by their documents (docs/importing-lists.md); none was tried against a live
// account. Names of fields are those of `fieldName`.

/** Whose export a file is; `csv` is anybody's, and our own. */
export const listFormatNames = ['csv', 'ses', 'sendgrid', 'mailgun', 'postmark', 'listmonk'] as const

export type ListFormat = (typeof listFormatNames)[number]

/** What an entry says of its reason. */
export type StatedReason =
  /** In so many words. */
  | { readonly type: 'stated'; readonly reason: SuppressionReason }
  /** By the columns that it has. */
  | { readonly type: 'likely'; readonly reason: SuppressionReason }
  | { readonly type: 'absent' }
  | { readonly type: 'unknown'; readonly word: string }
  /** The entry is no suppression. */
  | { readonly type: 'none-holds' }

/** The first of these fields that is not empty; else the empty text. */
type ValueOf = (...names: readonly string[]) => string

interface Format {
  /** The fields that may hold the instant, first the one that counts most. */
  readonly timeNames: (valueOf: ValueOf) => readonly string[]
  readonly detailOf: (valueOf: ValueOf) => string
  readonly reasonOf: (valueOf: ValueOf) => StatedReason
}

const reasonsByWord = new Map<string, SuppressionReason>([
  ...(['hardbounce', 'bounce', 'bounced', 'hard'] as const).map((word) => [word, 'hard-bounce'] as const),
  ...(['complaint', 'complained', 'spam', 'spamcomplaint', 'spamreport', 'abuse'] as const).map(
    (word) => [word, 'complaint'] as const,
  ),
  ...(['unsubscribe', 'unsubscribed', 'unsubscription', 'optout'] as const).map(
    (word) => [word, 'unsubscribe'] as const,
  ),
  ...(['blocklist', 'blocklisted', 'blacklist', 'blacklisted'] as const).map(
    (word) => [word, 'blocklist'] as const,
  ),
  ...(['byhand', 'manual', 'manualsuppression'] as const).map((word) => [word, 'by-hand'] as const),
])

function inWords(word: string): StatedReason {
  if (word === '') return { type: 'absent' }
  const reason = reasonsByWord.get(fieldName(word))
  return reason === undefined ? { type: 'unknown', word } : { type: 'stated', reason }
}

const likely = (reason: SuppressionReason): StatedReason => ({ type: 'likely', reason })
const noneHolds: StatedReason = { type: 'none-holds' }

export const listFormats: Readonly<Record<ListFormat, Format>> = {
  csv: {
    timeNames: () => ['since', 'at', 'createdat', 'created', 'date', 'timestamp'],
    detailOf: (valueOf) => valueOf('detail', 'note'),
    reasonOf: (valueOf) => (valueOf('suppressed') === 'no' ? noneHolds : inWords(valueOf('reason'))),
  },
  // ListSuppressedDestinations of the SES API v2: BOUNCE or COMPLAINT.
  ses: {
    timeNames: () => ['lastupdatetime'],
    detailOf: () => '',
    reasonOf: (valueOf) => inWords(valueOf('reason')),
  },
  // GET /v3/suppression/bounces (and invalid_emails), …/spam_reports, …/unsubscribes. No file names its list.
  sendgrid: {
    timeNames: () => ['created', 'createdat'],
    detailOf: (valueOf) => valueOf('reason', 'status'),
    reasonOf: (valueOf) => {
      if (valueOf('ip') !== '') return likely('complaint')
      return valueOf('reason', 'status') === '' ? { type: 'absent' } : likely('hard-bounce')
    },
  },
  // GET /v3/<domain>/bounces, …/unsubscribes, …/complaints. The last have an address and an instant alone.
  mailgun: {
    timeNames: () => ['createdat'],
    detailOf: (valueOf) => `${valueOf('code')} ${valueOf('error')}${valueOf('tags', 'tag')}`,
    reasonOf: (valueOf) => {
      if (valueOf('code', 'error') !== '') return likely('hard-bounce')
      return valueOf('tags', 'tag') === '' ? { type: 'absent' } : likely('unsubscribe')
    },
  },
  // GET /message-streams/<stream>/suppressions/dump. A ManualSuppression of the recipient's is an unsubscription.
  postmark: {
    timeNames: () => ['createdat'],
    detailOf: (valueOf) => (valueOf('origin') === '' ? '' : `origin ${valueOf('origin')}`),
    reasonOf: (valueOf) => {
      const word = valueOf('suppressionreason', 'reason')
      const isManual = fieldName(word) === 'manualsuppression'
      return isManual && fieldName(valueOf('origin')) === 'recipient'
        ? { type: 'stated', reason: 'unsubscribe' }
        : inWords(word)
    },
  },
  // Subscribers (status) and bounces (type). What is blocklisted there is so until somebody ends it; why is not said.
  listmonk: {
    timeNames: (valueOf) => (valueOf('type') === '' ? ['updatedat', 'createdat'] : ['createdat']),
    detailOf: () => '',
    reasonOf: (valueOf) => {
      const type = valueOf('type')
      if (type !== '') return type === 'soft' ? noneHolds : inWords(type)
      return valueOf('status') === 'blocklisted' ? likely('by-hand') : noneHolds
    },
  },
}
