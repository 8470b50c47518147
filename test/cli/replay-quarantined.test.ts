import { expect, it } from '@jest/globals'
import { requireIndexes } from '../../cli/replay-quarantined.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'
import { eventWith } from '../events.ts'

// Of a deployment on AWS the settings are read; of PostgreSQL only the rows show what they were written with.

const engine = embeddedPostgres()
const environment = { DATABASE_URL: 'postgres://ledger@db.example.com:5432/ledger' }

async function ledgerWith(indexedIds: { ownIdHeaders: readonly string[]; isRfcMessageIdIndexed: boolean }) {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const store = await engine.emptied(clock)
  await store.deliveryWriter({ retentionDays: 400, indexedIds }).record(
    eventWith({
      headers: new Map([['SC-Custom-Order', '4711']]),
      columns: { rfcMessageId: 'x@example.com' },
    }),
  )
  return { store, name: 'delivery-ledger-prod', clock, log: () => undefined, blocklistDays: 14 }
}

it('writes nothing by hand that an index of this database would lack', async () => {
  const byOrder = await ledgerWith({ ownIdHeaders: ['SC-Custom-Order'], isRfcMessageIdIndexed: false })
  await expect(requireIndexes(byOrder, environment)).rejects.toThrow(
    'Set CORRELATION_HEADER to what delivery-ledger-prod runs with: mails there are found by an id of the sender, and those that are written now would not be.',
  )
  await requireIndexes(byOrder, { ...environment, CORRELATION_HEADER: 'SC-Custom-Order' })
  await requireIndexes(byOrder, {})

  const byMessageId = await ledgerWith({ ownIdHeaders: [], isRfcMessageIdIndexed: true })
  await expect(requireIndexes(byMessageId, environment)).rejects.toThrow(
    'Set RFC_MESSAGE_ID_INDEX to what delivery-ledger-prod runs with: mails there are found by their Message-ID, and those that are written now would not be.',
  )
  await requireIndexes(byMessageId, { ...environment, RFC_MESSAGE_ID_INDEX: 'on' })
})

it('asks for no setting where nothing is indexed', async () => {
  await requireIndexes(await ledgerWith({ ownIdHeaders: [], isRfcMessageIdIndexed: false }), environment)
})
