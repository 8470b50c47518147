import type { InboundMailWriter } from '../ledger/ports.ts'
import { contentIdOf } from '../rows/content-id.ts'
import { expiresAt } from '../rows/expiry.ts'
import { inboundColumnsOf, inboundSetsOf } from '../rows/inbound-row.ts'
import type { Clock } from '../runtime/ports.ts'
import type { PostgresTables } from './schema.ts'
import { givenAs, latestExpiry, list, once, presentIn, unitedWithinRoom } from './statement.ts'

interface Dependencies {
  readonly store: PostgresTables
  readonly retentionDays: number
  readonly clock: Pick<Clock, 'now'>
}

/** Keeps inbound mails, each whole in one row, so that reports of one mail, in any order and with any repeats, give the same row. */
export function inboundMailWriter({ store, clock, retentionDays }: Dependencies): InboundMailWriter {
  return {
    async keep(mail, signal) {
      const content = new TextEncoder().encode(mail.content)
      const own = inboundColumnsOf(mail)
      const sets = inboundSetsOf(mail)
      const given = {
        id: contentIdOf(mail.provider, content),
        ...own,
        ...Object.fromEntries(sets.map(({ set, member }) => [set, [member]])),
        bytes: content.length,
        content: mail.content,
        expiresAt: expiresAt(clock.now(), retentionDays),
      }
      const columns = presentIn(given)
      const statement = `INSERT INTO ${store.nameOf('inbound')} AS d (${list(columns)})
        SELECT ${list(columns)} FROM ${givenAs('inbound', columns)}
        ON CONFLICT (id) DO UPDATE SET ${[
          ...Object.keys(own).map(once),
          ...sets.map(({ set, maxMembers }) => unitedWithinRoom(set, maxMembers)),
          latestExpiry,
        ].join(', ')}`
      await store.database.write(statement, given, signal)
    },
  }
}
