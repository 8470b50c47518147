import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { show } from '../../cli/show.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import type { DeliveryEvent } from '../../lib/core/event.ts'
import type { SuppressionEvidence } from '../../lib/core/suppression.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith, sampleMessage } from '../events.ts'

const engine = embeddedTables()
const environment = { ...process.env }
let printed: string
let record: (...events: readonly DeliveryEvent[]) => Promise<void>
let suppress: (evidence: SuppressionEvidence) => Promise<void>

beforeEach(async () => {
  const { prefix, deliveries: table, suppressions } = await engine.freshTables()
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
  suppress = (evidence) =>
    suppressionWriter({ client: engine.client, table: suppressions }).suppress(evidence)
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

describe('an id that holds an @', () => {
  const message = 'CAF-7q.2022@mail.example.com'

  it.each([`<${message}>`, ` <${message}> `, message])('finds the message that has it: %s', async (asked) => {
    await record(eventWith({ recipient: 'ann@example.com', message }))
    await record(eventWith({ recipient: 'ben@example.com', message }))
    await show(asked, { json: true })
    expect(JSON.parse(printed)).toMatchObject([
      { recipient: 'ann@example.com', message },
      { recipient: 'ben@example.com', message },
    ])
  })

  it.each(['a@b@c', 'x$y@@example.com'])('finds it where it can be no address: %s', async (id) => {
    await record(eventWith({ message: id }))
    await show(id, { json: true })
    expect(JSON.parse(printed)).toMatchObject([{ recipient: 'example@example.com', message: id }])
  })

  it.each([
    ['<ann@example.com>', 'the-message'],
    ['Ann <ann@example.com>', 'the-message'],
    ['ann@example.com', 'the-message'],
    ['<a-inbound0$ann@example.com>', 'a-inbound'],
  ])('is an address or an emailId where no message has it: %s', async (asked, of) => {
    await record(eventWith({ recipient: 'ann@example.com', message: of }))
    await show(asked, { json: true })
    expect(JSON.parse(printed)).toMatchObject([{ recipient: 'ann@example.com', message: of }])
  })

  it.each([
    ['<ann@example.com>', { recipient: 'ben@example.com', message: 'ann@example.com' }],
    ['ann@example.com', { recipient: 'ann@example.com', message: 'the-message' }],
  ])('is an id first in angle brackets, and an address first without: %s', async (asked, found) => {
    await record(eventWith({ recipient: 'ann@example.com', message: 'the-message' }))
    await record(eventWith({ recipient: 'ben@example.com', message: 'ann@example.com' }))
    await show(asked, { json: true })
    expect(JSON.parse(printed)).toMatchObject([found])
  })
})

describe('what is found nowhere', () => {
  const known = /, as far as test-\d+ knows\./.source
  const noRfcMessageIds =
    / An RFC Message-ID cannot be searched for: use the provider's MessageId or the recipient\.$/.source

  it.each([
    [
      '<ea2783c1@fromexample.com>',
      `^No message has this id, and nothing was sent to this address${known}${noRfcMessageIds}`,
    ],
    [
      'ea2783c1@fromexample.com',
      `^No message has this id, and nothing was sent to this address${known}${noRfcMessageIds}`,
    ],
    ['a@b@c', `^No message has this id${known}${noRfcMessageIds}`],
    ['Ann <ann@example.com>', `^Nothing was sent to this recipient${known}$`],
    ['ann#1@example.com', `^Nothing was sent to this recipient${known}$`],
    ['a-message', `^There is no such message${known}$`],
  ])('is answered by every way in which it was read: %s', async (asked, answer) => {
    await record(
      eventWith({ recipient: 'reader@example.com', columns: { rfcMessageId: 'ea2783c1@fromexample.com' } }),
    )
    await expect(show(asked, {})).rejects.toThrow(new RegExp(answer))
  })
})

describe('a bounce', () => {
  it('is followed by what it is taken for', async () => {
    await record(
      eventWith({
        kind: 'bounced',
        bounceClass: 'hard',
        reply: '551 5.1.1 recipient is not exist',
        detail: '{"a":1}',
      }),
    )
    await show('example@example.com', {})
    const [, , , , , bounced, judged, end] = printed.split('\n')
    expect(bounced).toBe(
      '  2022-06-01T06:24:43Z      bounced       hard 551 5.1.1 recipient is not exist ¦ {"a":1}',
    )
    expect(judged).toMatch(
      /^ {42}\(gone, by rule mailbox-not-there: speaks against the address\. Source: RFC 5321 .+\)$/,
    )
    expect(end).toBe('')
  })
})

describe('the warning not to send', () => {
  const warning =
    'Do not send to example@example.com any more: `ledger suppressions show example@example.com` says why.\n'
  const evidence = {
    recipient: 'example@example.com',
    occurredAtMs: Date.parse('2022-06-01T06:24:43Z'),
    source: 'callback',
    provider: 'tencent-ses',
    message: sampleMessage,
    detail: '',
  } as const
  const shownAt = async (time: string) => {
    jest.spyOn(systemClock, 'now').mockReturnValue(Date.parse(time))
    printed = ''
    await show('example@example.com', {})
    return printed
  }

  it('stands below an address that is on the list, and below no other', async () => {
    await record(eventWith({}))
    expect(await shownAt('2022-06-02T00:00:00Z')).not.toContain('Do not send')
    await suppress({ ...evidence, reason: 'complaint' })
    expect(await shownAt('2022-06-02T00:00:00Z')).toContain(warning)
  })

  it("goes where a provider's own list no longer counts", async () => {
    await record(eventWith({}))
    await suppress({ ...evidence, reason: 'blocklist' })
    expect(await shownAt('2022-06-15T06:24:42Z')).toContain(warning)
    expect(await shownAt('2022-06-15T06:24:43Z')).not.toContain('Do not send')
    process.env.BLOCKLIST_DAYS = '15'
    expect(await shownAt('2022-06-15T06:24:43Z')).toContain(warning)
  })
})
