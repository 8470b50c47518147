import { describe, expect, it } from '@jest/globals'
import { sendCloud } from '../../../lib/providers/sendcloud/sendcloud.ts'
import { sentWith } from '../../../lib/providers/send-reports/send-reports.ts'
import { tencentSes } from '../../../lib/providers/tencent-ses/tencent-ses.ts'
import type { Outcome, Provider } from '../../../lib/providers/provider.ts'
import { readStatusRow } from '../../../lib/status-apis/ses/status-row.ts'

// Whichever way an address comes in, it is one recipient: test/lib/core/address.test.ts says which.

const sent = sentWith([tencentSes, sendCloud])
const messageId = '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound'

const nowMs = Date.parse('2026-11-21T08:00:00Z')

interface Reported {
  readonly recipient: string
  readonly spelling?: string | undefined
}

/** Whom each outcome names; `undefined` where it is no event. */
function normalizedFields(provider: Provider, fields: object): readonly (Reported | undefined)[] {
  const body = Buffer.from(JSON.stringify(fields))
  return provider.read({ body, contentType: 'application/json' }, nowMs).map(addressed)
}

function addressed(outcome: Outcome): Reported | undefined {
  if (outcome.type === 'inbound') return { recipient: outcome.mail.recipient }
  if (outcome.type !== 'event') return undefined
  const { recipient, spelling } = outcome.event
  return { recipient, spelling }
}

const ofSendCloud = (fields: object) => normalizedFields(sendCloud, { timestamp: 1795233605123, ...fields })

const doors: readonly (readonly [string, (address: string) => readonly (Reported | undefined)[]])[] = [
  [
    'a callback of Tencent',
    (email) =>
      normalizedFields(tencentSes, {
        event: 'delivered',
        email,
        bulkId: 'qcloud-ses-1',
        timestamp: 1795233605,
      }),
  ],
  ['recipient at SendCloud', (recipient) => ofSendCloud({ event: 'deliver', messageId, recipient })],
  [
    'an emailId at SendCloud',
    (address) => ofSendCloud({ event: 'deliver', emailId: `${messageId}0$${address}` }),
  ],
  [
    'recipientArray at SendCloud',
    (address) => ofSendCloud({ event: 'request', messageId, recipientArray: [address] }),
  ],
  [
    'emailIds at SendCloud',
    (address) => ofSendCloud({ event: 'request', messageId, emailIds: [`${messageId}0$${address}`] }),
  ],
  [
    'emailIds and recipientArray at SendCloud',
    (address) =>
      ofSendCloud({
        event: 'request',
        messageId,
        emailIds: [`${messageId}0$${address}`],
        recipientArray: [address],
      }),
  ],
  [
    '/sent',
    (recipients) =>
      normalizedFields(sent, { messageId: 'qcloud-ses-1', recipients, sentAt: '2026-11-21T08:00:00Z' }),
  ],
  [
    'a row of the poll',
    (ToEmailAddress) => {
      const read = readStatusRow('tencent-ses', { MessageId: 'm', ToEmailAddress, DeliverStatus: 1 })
      return [read.delivery && { recipient: read.delivery.recipient, spelling: read.delivery.spelling }]
    },
  ],
]

const inbound = (address: string) => ofSendCloud({ event: 'route', x_mx_rcptto: address })

const spellings: readonly (readonly [text: string, recipient: string, spelling: string | undefined])[] = [
  ['reader@example.com', 'reader@example.com', undefined],
  ['Ann <Reader@Example.com>', 'reader@example.com', 'Reader@Example.com'],
  ['"Lee, Ann" <reader@example.com>', 'reader@example.com', undefined],
  ['"Ann, Lee"@example.com', '"ann, lee"@example.com', '"Ann, Lee"@example.com'],
  ['"reader"@example.com', 'reader@example.com', '"reader"@example.com'],
  ['reader@[192.0.2.1]', 'reader@[192.0.2.1]', undefined],
  ['reader@[IPv6:2001:DB8::1]', 'reader@[ipv6:2001:db8::1]', 'reader@[IPv6:2001:DB8::1]'],
  ['info@bücher.example', 'info@xn--bcher-kva.example', 'info@bücher.example'],
  ['INFO@xn--bcher-kva.example.', 'info@xn--bcher-kva.example', 'INFO@xn--bcher-kva.example.'],
  ['reader@ｇｍａｉｌ。ｃｏｍ', 'reader@gmail.com', 'reader@ｇｍａｉｌ。ｃｏｍ'],
]

describe.each(doors)('%s', (_door, recipientsBy) => {
  it.each(spellings)('with %j is read as %s', (text, recipient, spelling) => {
    expect(recipientsBy(text)).toEqual([{ recipient, spelling }])
  })

  it.each([
    ...['reader', 'reader@.com', 'reader@example..com', 'reader@-example.com', "'reader@example.com'"],
    ...['a@example.com <b@example.com> c@example.com', 'a@example.com, B <b@example.com>'],
    ...['rea\u200bder@example.com', 'reader@exam\u00adple.com', 'rea\ufffdder@example.com'],
    ...['\ufeffreader@example.com', 'reader@example.com\u202e', 'rea\ud800der@example.com'],
  ])('reads nobody from %j', (text) => {
    expect([...new Set(recipientsBy(text))]).toStrictEqual([undefined])
  })
})

describe('an inbound mail', () => {
  it.each(spellings)('to %j is to %s', (text, recipient) => {
    expect(inbound(text)).toEqual([{ recipient }])
  })

  it('to several is to the first of them', () => {
    expect(inbound('"Ann, Lee" <Info@bücher.example>, b@example.com')).toEqual([
      { recipient: 'info@xn--bcher-kva.example' },
    ])
  })

  it('is to nobody where the address holds what cannot be seen', () => {
    expect(inbound('rea\u200bder@example.com')).toStrictEqual([undefined])
  })
})

describe('an id in angle brackets', () => {
  const messageOf = (provider: Provider, fields: object) => {
    const body = Buffer.from(JSON.stringify(fields))
    return provider
      .read({ body, contentType: 'application/json' }, nowMs)
      .map((outcome) =>
        outcome.type === 'event' ? [outcome.event.message, outcome.event.columns.rfcMessageId] : outcome,
      )
  }
  const common = { timestamp: 1795233605, email: 'a@example.com', recipient: 'a@example.com' }

  it('is the id between them', () => {
    const tencent = { ...common, event: 'delivered', bulkId: '<qcloud-ses-1>', messageId: '<1@example.com>' }
    expect(messageOf(tencentSes, tencent)).toEqual([['qcloud-ses-1', '1@example.com']])
    const byMessageId = { ...common, event: 'deliver', messageId: `<${messageId}>` }
    expect(messageOf(sendCloud, byMessageId)).toEqual([[messageId, undefined]])
    const byEmailId = { ...common, event: 'deliver', emailId: `<${messageId}0$a@example.com>` }
    expect(messageOf(sendCloud, byEmailId)).toEqual([[messageId, undefined]])
    const polled = readStatusRow('tencent-ses', {
      MessageId: '<qcloud-ses-1>',
      ToEmailAddress: 'a@example.com',
      DeliverStatus: 1,
    })
    expect(polled.delivery).toMatchObject({ message: 'qcloud-ses-1' })
  })
})
