import { formatInstant } from '../core/instant.ts'
import { mostTombstones, type Tombstones } from '../erase/ports.ts'
import { isExpired } from '../rows/expiry.ts'
import { textOf } from '../rows/row.ts'
import { tombstoneColumns, tombstoneIn } from '../rows/tombstone-row.ts'
import type { Clock } from '../runtime/ports.ts'
import { rowsOf } from './pages.ts'
import type { PostgresTables } from './schema.ts'
import { givenAs, latest, list } from './statement.ts'

/** Tombstones, in a table of their own. One that is not readable ends the reading: nobody may take it for lifted. */
export function tombstones(store: PostgresTables, clock: Pick<Clock, 'now'>): Tombstones {
  const { database, nameOf } = store
  const others = ['erasedAt', 'expiresAt', 'suppression', 'waiting']
  const columns = ['recipient', ...others]
  return {
    async put(tombstone) {
      const { recipient, waiting } = tombstone
      await database.write(
        `INSERT INTO ${nameOf('tombstones')} AS d (${list(columns)})
         SELECT ${list(columns)} FROM ${givenAs('tombstones', columns)}
         ON CONFLICT (recipient) DO UPDATE SET ${others.map(latest).join(', ')}`,
        { recipient, ...tombstoneColumns(tombstone), ...(waiting.length > 0 && { waiting }) },
      )
    },
    async live() {
      const found = []
      for await (const row of rowsOf(store, { table: 'tombstones' })) {
        if (isExpired(row, clock.now())) continue
        found.push(tombstoneIn(textOf(row, 'recipient'), row, nameOf('tombstones')))
        if (found.length === mostTombstones) break
      }
      return found
    },
    async wait({ recipient, erasedAtMs }, waiting) {
      await database.write(
        `UPDATE ${nameOf('tombstones')} AS d SET waiting = n.waiting
         FROM ${givenAs('tombstones', ['recipient', 'erasedAt', 'waiting'])}
         WHERE d.recipient = n.recipient AND d."erasedAt" = n."erasedAt"`,
        { recipient, erasedAt: formatInstant(erasedAtMs), ...(waiting.length > 0 && { waiting }) },
      )
    },
    async lift(recipient) {
      const statement = `DELETE FROM ${nameOf('tombstones')} AS d USING ${givenAs('tombstones', ['recipient'])}
        WHERE d.recipient = n.recipient`
      return (await database.write(statement, { recipient })) > 0
    },
  }
}
