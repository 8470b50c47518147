import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { InboundMail } from '../core/inbound-mail.ts'
import { formatInstant } from '../core/instant.ts'
import { isIdentifier } from '../core/message.ts'
import type { InboundMailWriter } from '../ledger/ports.ts'
import type { Clock } from '../runtime/ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { contentIdOf, putParts } from './parts.ts'
import { tryUpdate } from './try-update.ts'

/** A larger content is kept in parts. Every head is also in an index, so its size is paid for twice. */
const maxInlineBytes = 32 * 1024
/** What the sets of a mail cannot hold, its content does not need. */
const maxReceivedAt = 100
const maxRawMessageUrls = 10
/** All software should handle URLs of this length (RFC 9110 §4.1). A cut URL is useless. */
const maxUrlBytes = 8_000
/** Fields of a stranger's mail can be of any length; the content holds them whole. */
const maxColumnBytes = 2_000

/** Where a mail answers no message that is known. */
export const answersNothing = '-'

interface Dependencies {
  readonly client: DynamoDBClient
  readonly table: string
  readonly retentionDays: number
  readonly clock: Clock
}

/**
 * Keeps inbound mails so that reports of one mail, in any order and with any repeats, give the same rows: all but two
 * sets is a function of the mail. It reads nothing. Parts are written first, so that a head never names missing parts.
 */
export function inboundMailWriter(to: Dependencies): InboundMailWriter {
  return {
    async keep(mail, signal) {
      const content = new TextEncoder().encode(mail.content)
      const id = contentIdOf(mail.provider, content)
      const expiry = expiresAt(to.clock.now(), to.retentionDays)
      const parts =
        content.length > maxInlineBytes
          ? await putParts({ ...to, id, bytes: content, expiresAt: expiry, signal })
          : undefined
      for (const sets of roomFirst(setsOf(mail))) {
        const expression = new Expression()
        setHead(expression, mail, content.length, parts)
        expression.set('expiresAt', expiry)
        for (const { set, member, maxMembers } of sets) expression.addWithinRoom(set, member, maxMembers)
        if (await tryUpdate(to, { id: { S: id } }, expression, signal)) return
      }
    },
  }
}

interface Member {
  readonly set: string
  readonly member: string
  readonly maxMembers: number
}

/** What may differ in a second report of one mail. */
function setsOf(mail: InboundMail): readonly Member[] {
  const { receivedAtMs, rawMessageUrl: url } = mail
  const receivedAt = { set: 'receivedAt', member: formatInstant(receivedAtMs), maxMembers: maxReceivedAt }
  if (url === undefined) return [receivedAt]
  const member = shortened(url, maxUrlBytes)
  return [receivedAt, { set: 'rawMessageUrls', member, maxMembers: maxRawMessageUrls }]
}

/** Everything; if a set is full, whichever still has room; last, all but the sets, which always holds. */
function roomFirst(sets: readonly Member[]): readonly (readonly Member[])[] {
  return [sets, ...(sets.length > 1 ? sets.map((one) => [one]) : []), []]
}

function setHead(expression: Expression, mail: InboundMail, bytes: number, parts: number | undefined): void {
  expression.setOnce('provider', mail.provider)
  expression.setOnce('recipient', shortened(mail.recipient))
  // A key of the index: every head has it and no part does. An invalid identifier names no message of the ledger.
  const answered = mail.answers && isIdentifier(mail.answers.message) ? mail.answers.message : answersNothing
  expression.setOnce('answers', answered)
  if (mail.answers?.recipient !== undefined) {
    expression.setOnce('answeredRecipient', shortened(mail.answers.recipient))
  }
  for (const [column, value] of Object.entries(mail.columns)) expression.setOnce(column, shortened(value))
  expression.set('bytes', { N: String(bytes) })
  if (parts === undefined) expression.setOnce('content', mail.content)
  else expression.set('parts', { N: String(parts) })
}

/** As much of the text as fits, and `…` if that is not all. */
function shortened(text: string, maxBytes = maxColumnBytes): string {
  const room = new Uint8Array(maxBytes)
  const { read } = new TextEncoder().encodeInto(text, room)
  return read === text.length ? text.toWellFormed() : `${text.slice(0, read).toWellFormed()}…`
}
