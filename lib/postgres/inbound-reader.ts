import type { InboundMailReader } from '../ledger/ports.ts'
import type { Reading } from '../rows/delivery-row.ts'
import { inboundHeadOf, inboundMailIn } from '../rows/inbound-row.ts'
import { headReader } from './heads.ts'
import { given, rowsOf } from './pages.ts'
import { quoted, tables, type PostgresTables } from './schema.ts'

/** Of lists of mails: without their content. */
export const headOfMail = Object.keys(tables.inbound.columns)
  .filter((column) => column !== 'content')
  .map((column) => `d.${quoted(column)}`)
  .join(', ')

/** Reads inbound mails. A row that cannot be read is logged and left out; an expired one is left out too. */
export function inboundMailReader(from: Reading & { readonly store: PostgresTables }): InboundMailReader {
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
          where: `d.answers = ${given('message')}`,
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
