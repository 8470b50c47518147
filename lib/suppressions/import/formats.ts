import { suppressionReasons, type SuppressionReason } from '../../core/suppression.ts'
import { fieldName } from './record.ts'

// What the exports of other senders hold, by their documents (docs/importing-lists.md); none was tried against a live
// account. Of a name, and of
// a word, only letters and digits count (`fieldName`).

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

const wordsOfReasons: Readonly<Record<SuppressionReason, readonly string[]>> = {
  'hard-bounce': ['hard bounce', 'bounce', 'bounced', 'hard'],
  complaint: ['complaint', 'complained', 'spam', 'spam complaint', 'spam report', 'abuse'],
  unsubscribe: ['unsubscribe', 'unsubscribed', 'unsubscription', 'opt-out'],
  blocklist: ['blocklist', 'blocklisted', 'blacklist', 'blacklisted'],
  'by-hand': ['by hand', 'manual', 'ManualSuppression'],
}

function inWords(word: string): StatedReason {
  if (word === '') return { type: 'absent' }
  const reason = suppressionReasons.find((one) => wordsOfReasons[one].some((known) => isWord(word, known)))
  return reason === undefined ? { type: 'unknown', word } : { type: 'stated', reason }
}

function isWord(text: string, word: string): boolean {
  return fieldName(text) === fieldName(word)
}

const likely = (reason: SuppressionReason): StatedReason => ({ type: 'likely', reason })
const noneHolds: StatedReason = { type: 'none-holds' }

export const listFormats: Readonly<Record<ListFormat, Format>> = {
  csv: {
    timeNames: () => ['since', 'at', 'created at', 'created', 'date', 'timestamp'],
    detailOf: (valueOf) => valueOf('detail', 'note'),
    reasonOf: (valueOf) => (valueOf('suppressed') === 'no' ? noneHolds : inWords(valueOf('reason'))),
  },
  // ListSuppressedDestinations of the SES API v2: BOUNCE or COMPLAINT.
  ses: {
    timeNames: () => ['LastUpdateTime'],
    detailOf: () => '',
    reasonOf: (valueOf) => inWords(valueOf('reason')),
  },
  // GET /v3/suppression/bounces (and invalid_emails), …/spam_reports, …/unsubscribes. No file names its list.
  sendgrid: {
    timeNames: () => ['created', 'created at'],
    detailOf: (valueOf) => valueOf('reason', 'status'),
    reasonOf: (valueOf) => {
      if (valueOf('ip') !== '') return likely('complaint')
      return valueOf('reason', 'status') === '' ? { type: 'absent' } : likely('hard-bounce')
    },
  },
  // GET /v3/<domain>/bounces, …/unsubscribes, …/complaints. The last have an address and an instant alone.
  mailgun: {
    timeNames: () => ['created at'],
    detailOf: (valueOf) => `${valueOf('code')} ${valueOf('error')}${valueOf('tags', 'tag')}`,
    reasonOf: (valueOf) => {
      if (valueOf('code', 'error') !== '') return likely('hard-bounce')
      return valueOf('tags', 'tag') === '' ? { type: 'absent' } : likely('unsubscribe')
    },
  },
  // GET /message-streams/<stream>/suppressions/dump. A ManualSuppression of the recipient's is an unsubscription.
  postmark: {
    timeNames: () => ['created at'],
    detailOf: (valueOf) => (valueOf('Origin') === '' ? '' : `origin ${valueOf('Origin')}`),
    reasonOf: (valueOf) => {
      const word = valueOf('SuppressionReason', 'reason')
      const isManual = isWord(word, 'ManualSuppression')
      return isManual && isWord(valueOf('Origin'), 'Recipient')
        ? { type: 'stated', reason: 'unsubscribe' }
        : inWords(word)
    },
  },
  // Subscribers (status) and bounces (type). What is blocklisted there is so until somebody ends it; why is not said.
  listmonk: {
    timeNames: (valueOf) => (valueOf('type') === '' ? ['updated at', 'created at'] : ['created at']),
    detailOf: () => '',
    reasonOf: (valueOf) => {
      const type = valueOf('type')
      if (type !== '') return type === 'soft' ? noneHolds : inWords(type)
      return valueOf('status') === 'blocklisted' ? likely('by-hand') : noneHolds
    },
  },
}
