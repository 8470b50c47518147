import { describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { otherIdReader } from '../../../lib/table/other-id-reader.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'

const engine = embeddedTables()
const both = { CORRELATION_HEADER: 'X-Tencentcloudses-Cb-Order,SC-Custom-Order', RFC_MESSAGE_ID_INDEX: 'on' }
const indexedIds = {
  ownIdHeaders: ['X-Tencentcloudses-Cb-Order', 'SC-Custom-Order'],
  isRfcMessageIdIndexed: true,
}

async function ledger(settings: Readonly<Record<string, string>> = both) {
  const { deliveries: table } = await engine.freshTables(settings)
  const on = { client: engine.client, table, clock: virtualClock('2026-11-21T08:00:00Z') }
  const from = { ...on, log: () => undefined }
  const writer = deliveryWriter({ ...on, retentionDays: 400, indexedIds })
  return {
    reader: { ...deliveryReader(from), ...otherIdReader({ ...from, maxFound: 20 }) },
    record: async (...events: readonly DeliveryEvent[]) => {
      for (const event of events) await writer.record(event)
    },
    rows: () => rowsOf(engine.client, table),
  }
}

const withHeaders = (headers: Readonly<Record<string, string>>, event: Partial<DeliveryEvent> = {}) =>
  eventWith({ ...event, headers: new Map(Object.entries(headers)) })
const found = (...names: readonly string[]) => ({
  deliveries: names.map((name): unknown => expect.objectContaining({ recipient: `${name}@example.com` })),
})

describe('an id of the sender', () => {
  it.each([
    ['of the first header that is named', { 'SC-Custom-Order': '1', 'X-Tencentcloudses-Cb-Order': '2' }, '2'],
    ['of the next, where that is empty', { 'SC-Custom-Order': '1', 'X-Tencentcloudses-Cb-Order': ' ' }, '1'],
    ['whatever the case of its name', { 'sc-custom-order': '4711' }, '4711'],
    ['on one line', { 'SC-Custom-Order': ' order\n 4711 ' }, 'order 4711'],
  ])('stands in the row, %s', async (_, headers, id) => {
    const { record, rows } = await ledger()
    await record(withHeaders(headers))
    expect(await rows()).toMatchObject([{ ownId: `${id}#04`, ...headers }])
  })

  it('is absent without a header that has one', async () => {
    const { record, rows } = await ledger()
    await record(withHeaders({ 'SC-Custom-Shop': 'north', 'SC-Custom-Order': '' }))
    expect((await rows())[0]).not.toHaveProperty('ownId')
  })

  it('finds every mail that has it, and is the first that was reported, as other columns are', async () => {
    const { record, reader } = await ledger()
    const order = (id: string) => ({ 'SC-Custom-Order': id })
    await record(
      withHeaders(order('4711'), { recipient: 'ann@example.com', message: 'of-june' }),
      withHeaders(order('4711'), { recipient: 'ben@example.com', message: 'of-july' }),
      withHeaders(order('4712'), { recipient: 'ann@example.com', message: 'of-june' }),
      withHeaders(order('4712'), { recipient: 'cat@example.com', message: 'of-june' }),
    )
    const of4711 = await reader.ofOwnId(' 4711 ')
    expect('deliveries' in of4711 && of4711.deliveries.map(({ recipient }) => recipient).sort()).toEqual([
      'ann@example.com',
      'ben@example.com',
    ])
    expect(await reader.ofOwnId('4712')).toEqual(found('cat'))
    expect(await reader.ofOwnId('471')).toEqual(found())
    expect(await reader.ofOwnId('')).toEqual(found())
  })

  it.each([
    ['1,024 bytes', 'x'.repeat(1_024), /^x{1024}#04$/],
    ['1,025 bytes', 'x'.repeat(1_025), /^sha256:[0-9a-f]{64}#04$/],
    ['342 letters of three bytes', '单'.repeat(342), /^sha256:[0-9a-f]{64}#04$/],
    ['30,000 bytes', 'x'.repeat(30_000), /^sha256:[0-9a-f]{64}#04$/],
  ])('of %s is written and found', async (_, id, stored) => {
    const { record, reader, rows } = await ledger()
    await record(withHeaders({ 'SC-Custom-Order': id }))
    expect((await rows())[0]?.ownId).toMatch(stored)
    expect(await reader.ofOwnId(id)).toEqual(found('example'))
  })

  it('that a campaign shares finds its latest mails, and says so', async () => {
    const { record, reader } = await ledger()
    const day = (index: number) =>
      `2026${index < 3 ? '0101' : '0202'}08${String(index % 60).padStart(2, '0')}00`
    const events = Array.from({ length: 23 }, (_, index) =>
      withHeaders(
        { 'SC-Custom-Order': 'spring' },
        { recipient: `r${index}@example.com`, message: `qcloudses-30-1-date-${day(index)}-a${index}` },
      ),
    )
    await Promise.all(events.map((event) => record(event)))
    const answer = await reader.ofOwnId('spring')
    expect(answer).toMatchObject({ cutAt: 20 })
    const recipients = 'deliveries' in answer ? answer.deliveries.map(({ recipient }) => recipient) : []
    expect(recipients).toHaveLength(20)
    expect(recipients).not.toContain('r2@example.com')
  })
})

describe('an RFC Message-ID', () => {
  const columns = { rfcMessageId: 'ea2783c1@fromexample.com' }

  it('stands in the row and finds its mails', async () => {
    const { record, reader, rows } = await ledger()
    await record(eventWith({ columns }))
    expect(await rows()).toMatchObject([{ rfcId: 'ea2783c1@fromexample.com#04' }])
    expect(await reader.ofRfcMessageId('ea2783c1@fromexample.com')).toEqual(found('example'))
    expect((await reader.ofRecipient('example@example.com'))[0]?.columns).toEqual(
      new Map(Object.entries({ ...columns, sentAt: '2022-06-01T06:24:39Z' })),
    )
  })
})

describe('an index that a setting has not made', () => {
  it('is missed by who asks, and by no event', async () => {
    const { record, reader, rows } = await ledger({ CORRELATION_HEADER: 'SC-Custom-Order' })
    await record(eventWith({ columns: { rfcMessageId: 'a@b' } }))
    expect(await rows()).toMatchObject([{ rfcId: 'a@b#04' }])
    expect(await reader.ofOwnId('a@b')).toEqual({ deliveries: [] })
    expect(await reader.ofRfcMessageId('a@b')).toEqual({ notSearched: 'no-index' })
  })
})
