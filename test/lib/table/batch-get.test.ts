import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { QuarantinedInput } from '../../../lib/quarantine/ports.ts'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { quarantineStore } from '../../../lib/table/quarantine-store.ts'
import { quarantineWriter } from '../../../lib/table/quarantine-writer.ts'
import { suppressionScanner } from '../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { emulatorClient } from '../../../local/dynamodb-emulator.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'
import { leaveUnprocessed, type BatchAsked } from '../../unprocessed-keys.ts'

const engine = embeddedTables()
let client: DynamoDBClient
let asked: BatchAsked[]

beforeAll(() => {
  client = emulatorClient(engine.endpoint)
  asked = leaveUnprocessed(client, 3)
})
afterAll(() => {
  client.destroy()
})

const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']
const addresses = names.map((name) => `${name}@example.com`)

async function ledger() {
  const tables = await engine.freshTables()
  asked.length = 0
  return { tables, clock: virtualClock('2026-11-21T08:00:00Z'), log: () => undefined }
}

describe('keys that DynamoDB leaves unprocessed', () => {
  it('are asked for again until every delivery is read, from the leader and with longer and longer waits', async () => {
    const { tables, clock, log } = await ledger()
    const writer = deliveryWriter({ client, table: tables.deliveries, retentionDays: 400, clock })
    for (const recipient of addresses) await writer.record(eventWith({ recipient, message: 'a-message' }))
    const reader = deliveryReader({ client, table: tables.deliveries, clock, log })
    const beganAtMs = clock.now()
    const rows = await reader.rowsOf(addresses.map((recipient) => ({ recipient, message: 'a-message' })))
    expect(rows.map(({ recipient }) => recipient).toSorted()).toEqual(addresses)
    expect(asked).toEqual([
      { table: tables.deliveries, keys: 8, isConsistent: true },
      { table: tables.deliveries, keys: 5, isConsistent: true },
      { table: tables.deliveries, keys: 2, isConsistent: true },
    ])
    expect(clock.now() - beganAtMs).toBe(50 + 100)
  })

  it('hide nothing that waits in quarantine', async () => {
    const { tables, clock, log } = await ledger()
    const table = tables.quarantine
    const keeper = quarantineWriter({ client, table, retentionDays: 400, clock })
    const input: Omit<QuarantinedInput, 'body'> = {
      provider: 'tencent-ses',
      contentType: 'application/json',
      reason: 'invalid',
      problems: ['/event: expected one'],
      receivedAtMs: clock.now(),
    }
    for (const name of names) await keeper.keep({ ...input, body: new TextEncoder().encode(name) })
    const rows = await Array.fromAsync(quarantineStore({ client, table, clock, log }).open())
    expect(new Set(rows.map(({ id }) => id)).size).toBe(8)
  })

  it('hide nobody who is on the list', async () => {
    const { tables, clock } = await ledger()
    const table = tables.suppressions
    for (const recipient of addresses) {
      await suppressionWriter({ client, table }).suppress({
        recipient,
        reason: 'by-hand',
        occurredAtMs: clock.now(),
        source: 'operator',
        detail: '',
      })
    }
    const found = await suppressionScanner({ client, table, clock }).ofRecipients(addresses)
    expect([...found.keys()].toSorted()).toEqual(addresses)
  })
})
