import type { InboundMailReader, InboundMailWriter } from '../ledger/ports.ts'
import { contentIdOf } from '../rows/content-id.ts'
import type { Reading } from '../rows/delivery-row.ts'
import { expiresAt } from '../rows/expiry.ts'
import { inboundColumnsOf, inboundHeadOf, inboundMailIn, inboundSetsOf } from '../rows/inbound-row.ts'
import type { Clock } from '../runtime/ports.ts'
import { headReader } from './heads.ts'
import { given as givenValue, rowsOf } from './pages.ts'
import { quoted, tables, type Store } from './schema.ts'
import { givenAs, latestExpiry, list, once, presentIn, unitedWithinRoom } from './statement.ts'

interface Dependencies {
  readonly store: Store
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

/** Of lists of mails: without their content. */
export const headOfMail = Object.keys(tables.inbound.columns)
  .filter((column) => column !== 'content')
  .map((column) => `d.${quoted(column)}`)
  .join(', ')

/** Reads inbound mails. A row that cannot be read is logged and left out; an expired one is left out too. */
export function inboundMailReader(from: Reading & { readonly store: Store }): InboundMailReader {
  const { store } = from
  const listing = { table: 'inbound', select: headOfMail } as const
  const heads = headReader({ ...from, ...listing, read: inboundMailIn })
  const mails = headReader({ ...from, table: 'inbound', read: inboundHeadOf })
  return {
    all: () => heads.readable(rowsOf(store, listing)),
    answering: (message) =>
      heads.readable(
        rowsOf(store, {
          ...listing,
          where: `d.answers = ${givenValue('message')}`,
          givenColumns: { message: 'text' },
          given: { message },
        }),
      ),
    async mail(id) {
      const found = await mails.find(id)
      if (found === undefined) return undefined
      if ('content' in found.kept) return { ...found.mail, content: found.kept.content }
      throw new Error(`The row '${found.mail.id}' of inbound has no content.`)
    },
  }
}
