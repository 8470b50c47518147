import { UpdateItemCommand, type AttributeValue, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { InboundMail } from '../core/inbound-mail.ts'
import { formatInstant } from '../core/instant.ts'
import { isIdentifier } from '../core/message.ts'
import type { Clock, InboundMailWriter } from '../ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { contentIdOf, putParts } from './parts.ts'
import { unlessRefused } from './refused-condition.ts'

/** A larger content is kept in parts. Every head stands in an index as well, so its size is paid for twice. */
const maxInlineBytes = 32 * 1024
/** Members of each set; what the sets of a mail cannot hold, its content does not need. */
const maxMembers = 100
/** What a stranger's mail tells can be of any length; the content holds it whole. */
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
 * Keeps inbound mails so that any order and any repeats of tellings of one mail end in the same rows: all but two sets is
 * a function of the mail. It reads nothing back. Parts go first, so that a head never names parts that are not there.
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
        for (const [set, member] of sets) addWhereRoom(expression, set, member)
        if (await tryUpdate(to, id, expression, signal)) return
      }
    },
  }
}

type Member = readonly [set: string, member: string]

/** What a second telling of one mail may tell otherwise. */
function setsOf(mail: InboundMail): readonly Member[] {
  return [
    ['receivedAt', formatInstant(mail.receivedAtMs)],
    ...(mail.rawMessageUrl === undefined ? [] : [['rawMessageUrls', shortened(mail.rawMessageUrl)] as const]),
  ]
}

/** Everything; where a set is full, whichever still has room; in the end all but the sets, which always holds. */
function roomFirst(sets: readonly Member[]): readonly (readonly Member[])[] {
  return [sets, ...(sets.length > 1 ? sets.map((one) => [one]) : []), []]
}

function setHead(expression: Expression, mail: InboundMail, bytes: number, parts: number | undefined): void {
  expression.setOnce('provider', mail.provider)
  expression.setOnce('recipient', shortened(mail.recipient))
  // A key of the index: every head has it and no part does. What is no identifier names no message of the ledger.
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

function addWhereRoom(expression: Expression, attribute: string, member: string): void {
  const set = expression.add(attribute, [member])
  expression.require(`(attribute_not_exists(${set}) OR size(${set}) < ${expression.number(maxMembers)})`)
}

async function tryUpdate(
  { client, table }: Dependencies,
  id: string,
  expression: Expression,
  signal?: AbortSignal,
): Promise<boolean> {
  const Key: Record<string, AttributeValue> = { id: { S: id } }
  const command = new UpdateItemCommand({ TableName: table, Key, ...expression.input() })
  const write = client.send(command, signal ? { abortSignal: signal } : {})
  return (await unlessRefused(write)) !== undefined
}

/** As much of the text as has room, and `…` where that is not all. */
function shortened(text: string): string {
  const room = new Uint8Array(maxColumnBytes)
  const { read } = new TextEncoder().encodeInto(text, room)
  return read === text.length ? text.toWellFormed() : `${text.slice(0, read).toWellFormed()}…`
}
