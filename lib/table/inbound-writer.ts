import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { InboundMail } from '../core/inbound-mail.ts'
import type { InboundMailWriter } from '../ledger/ports.ts'
import { contentIdOf } from '../rows/content-id.ts'
import { inboundColumnsOf, inboundSetsOf, type InboundSet } from '../rows/inbound-row.ts'
import type { Clock } from '../runtime/ports.ts'
import { expiresAt } from './expiry.ts'
import { Expression } from './expression.ts'
import { putParts } from './parts.ts'
import { tryUpdate } from './try-update.ts'

/** A larger content is kept in parts. Every head is also in an index, so its size is paid for twice. */
const maxInlineBytes = 32 * 1024
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
      for (const sets of roomFirst(inboundSetsOf(mail))) {
        const expression = new Expression()
        setHead(expression, mail, content.length, parts)
        expression.set('expiresAt', expiry)
        for (const { set, member, maxMembers } of sets) expression.addWithinRoom(set, member, maxMembers)
        if (await tryUpdate(to, { id: { S: id } }, expression, signal)) return
      }
    },
  }
}

/** Everything; if a set is full, whichever still has room; last, all but the sets, which always holds. */
function roomFirst(sets: readonly InboundSet[]): readonly (readonly InboundSet[])[] {
  return [sets, ...(sets.length > 1 ? sets.map((one) => [one]) : []), []]
}

function setHead(expression: Expression, mail: InboundMail, bytes: number, parts: number | undefined): void {
  for (const [column, value] of Object.entries(inboundColumnsOf(mail))) expression.setOnce(column, value)
  expression.set('bytes', { N: String(bytes) })
  if (parts === undefined) expression.setOnce('content', mail.content)
  else expression.set('parts', { N: String(parts) })
}
