import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { show } from '../../cli/show.ts'
import { systemClock } from '../../lib/clock.ts'
import type { DeliveryEvent } from '../../lib/core/event.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith } from '../events.ts'

const engine = embeddedTables()
const environment = { ...process.env }
let printed: string
let record: (...events: readonly DeliveryEvent[]) => Promise<void>

beforeEach(async () => {
  const { prefix, deliveries: table } = await engine.freshTables()
  Object.assign(process.env, {
    TABLE_PREFIX: prefix,
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  })
  const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock: systemClock })
  record = async (...events) => {
    for (const event of events) await writer.record(event)
  }
  printed = ''
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})
afterEach(() => {
  jest.restoreAllMocks()
  process.env = { ...environment }
})

/** One message that names one address twice. */
const plain = eventWith({
  provider: 'sendcloud',
  recipient: 'ann@example.com',
  message: 'a-inbound',
  emailId: 'a-inbound1$ann@example.com',
  columns: { category: 'orders' },
})
const spelt = { ...plain, spelling: 'Ann@example.com', emailId: 'a-inbound0$Ann@example.com' }

describe('a delivery', () => {
  it('is shown with every emailId and spelling that it came by, a line each', async () => {
    await record(plain, spelt)
    await show('ann@example.com', {})
    expect(printed).toBe(
      [
        'ann@example.com  delivered',
        '  message   a-inbound',
        '  provider  sendcloud',
        '  emailId   a-inbound0$Ann@example.com',
        '  emailId   a-inbound1$ann@example.com',
        '  spelling  Ann@example.com',
        '  category  orders',
        '',
        '  2022-06-01T06:24:43Z      delivered',
        '',
      ].join('\n'),
    )
  })

  it('has them in JSON, too', async () => {
    await record(plain, spelt)
    await show('ann@example.com', { json: true })
    expect(JSON.parse(printed)).toEqual([
      {
        recipient: 'ann@example.com',
        message: 'a-inbound',
        provider: 'sendcloud',
        status: 'delivered',
        spellings: ['Ann@example.com'],
        emailIds: ['a-inbound0$Ann@example.com', 'a-inbound1$ann@example.com'],
        counts: { delivered: 1 },
        facts: { delivered: ['2022-06-01T06:24:43Z'] },
        columns: { category: 'orders' },
      },
    ])
  })

  it.each(['info@bücher.example', 'Info <INFO@xn--bcher-kva.example.>', 'x-inbound0$Info@BÜCHER.example'])(
    'is found by any spelling of its recipient: %s',
    async (asked) => {
      const recipient = 'info@xn--bcher-kva.example'
      await record(eventWith({ recipient, message: 'x-inbound', provider: 'sendcloud' }))
      await show(asked, { json: true })
      expect(JSON.parse(printed)).toMatchObject([{ recipient, message: 'x-inbound' }])
    },
  )

  it('has no place for them in JSON where there are none', async () => {
    await record(eventWith({}))
    await show('example@example.com', { json: true })
    const [delivery] = JSON.parse(printed) as unknown[]
    expect(delivery).not.toHaveProperty('spellings')
    expect(delivery).not.toHaveProperty('emailIds')
  })
})
