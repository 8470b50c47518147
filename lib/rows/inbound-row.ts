import * as v from 'valibot'
import { inboundColumns, type InboundMail } from '../core/inbound-mail.ts'
import { formatInstant } from '../core/instant.ts'
import { isIdentifier } from '../core/message.ts'
import type { StoredInboundMail } from '../ledger/ports.ts'
import { count, textIn, texts, type Row } from './row.ts'

/** What the sets of a mail cannot hold, its content does not need. */
const maxReceivedAt = 100
const maxRawMessageUrls = 10
/** All software should handle URLs of this length (RFC 9110 §4.1). A cut URL is useless. */
const maxUrlBytes = 8_000
/** Fields of a stranger's mail can be of any length; the content holds them whole. */
const maxColumnBytes = 2_000

/** Where a mail answers no message that is known. */
const answersNothing = '-'

/** The columns of a mail that are a function of it, so that the first report sets them. */
export function inboundColumnsOf(mail: InboundMail): Readonly<Record<string, string>> {
  // A key of an index: every head has it. An invalid identifier names no message of the ledger.
  const answered = mail.answers && isIdentifier(mail.answers.message) ? mail.answers.message : answersNothing
  const recipient = mail.answers?.recipient
  return {
    provider: mail.provider,
    recipient: shortened(mail.recipient),
    answers: answered,
    ...(recipient !== undefined && { answeredRecipient: shortened(recipient) }),
    ...Object.fromEntries(Object.entries(mail.columns).map(([column, value]) => [column, shortened(value)])),
  }
}

/** A set in which a second report of a mail may put something new, and how many members it takes. */
export interface InboundSet {
  readonly set: 'receivedAt' | 'rawMessageUrls'
  readonly member: string
  readonly maxMembers: number
}

export function inboundSetsOf(mail: InboundMail): readonly InboundSet[] {
  const { receivedAtMs, rawMessageUrl: url } = mail
  const receivedAt = {
    set: 'receivedAt',
    member: formatInstant(receivedAtMs),
    maxMembers: maxReceivedAt,
  } as const
  if (url === undefined) return [receivedAt]
  const member = shortened(url, maxUrlBytes)
  return [receivedAt, { set: 'rawMessageUrls', member, maxMembers: maxRawMessageUrls }]
}

/** As much of the text as fits, and `…` if that is not all. */
function shortened(text: string, maxBytes = maxColumnBytes): string {
  const room = new Uint8Array(maxBytes)
  const { read } = new TextEncoder().encodeInto(text, room)
  return read === text.length ? text.toWellFormed() : `${text.slice(0, read).toWellFormed()}…`
}

/** The head of a mail, and its content or the number of parts that hold it. */
interface InboundHead {
  readonly mail: StoredInboundMail
  readonly kept: { readonly content: string } | { readonly parts: number }
}

const head = v.object({
  id: v.string(),
  provider: v.string(),
  recipient: v.string(),
  answers: v.string(),
  answeredRecipient: v.exactOptional(v.string()),
  receivedAt: texts,
  rawMessageUrls: v.optional(texts, []),
})

const keptContent = v.union([v.object({ content: v.string() }), v.object({ parts: count })])

/** Throws a `ValiError` where the row does not hold what this version writes. */
export function inboundMailIn(row: Row): StoredInboundMail {
  const { answers, ...mail } = v.parse(head, row)
  const columns = inboundColumns.flatMap((column) => {
    const value = textIn(row, column)
    return value === undefined ? [] : [[column, value] as const]
  })
  return { ...mail, ...(answers !== answersNothing && { answers }), columns: new Map(columns) }
}

export function inboundHeadOf(row: Row): InboundHead {
  return { mail: inboundMailIn(row), kept: v.parse(keptContent, row) }
}
