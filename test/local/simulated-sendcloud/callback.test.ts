import { describe, expect, it } from '@jest/globals'
import { fieldsOf, signedForm, tokenFrom, type Fields } from '../../../local/simulated-sendcloud/callback.ts'
import type { SendCloudEntry } from '../../../local/simulated-sendcloud/mail.ts'
import { seededRandom } from '../../../local/simulated-ses/random.ts'
import { sampleMessage, sentAtMs } from './sample-mail.ts'

// Expected fields: "Webhook Event Description", copied by hand. Texts: the samples in SendCloud's older documents.

const atMs = Date.parse('2026-11-21T04:01:00.123Z')
const reader = {
  ip: '203.0.113.24',
  explorerName: 'Chrome',
  explorerVer: '141.0.0.0',
  oSName: 'Windows 10',
  oSVer: '',
}

function fieldsOfEntry(entry: SendCloudEntry): Fields {
  const message = sampleMessage(entry)
  return fieldsOf({ of: 'delivery', atMs: entry.atMs, message, delivery: message.deliveries[0]!, entry })
}

/** What all events about one delivery have. */
const common = {
  apiUser: 'example_trigger',
  category: 'example_trigger',
  emailId: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound0$anna@example.com',
  recipient: 'anna@example.com',
  labelId: '20418',
  labelName: 'orders',
  timestamp: '1795233660123',
  userHeaders: '{"SC-Custom-Order":"order 1234"}',
}
const noTask = { maillistTaskId: '', mail_list_task_id: '' }

describe('a callback', () => {
  it('request reports all recipients at once, their lists as JSON text', () => {
    expect(fieldsOf({ of: 'message', atMs: sentAtMs, message: sampleMessage() })).toEqual({
      event: 'request',
      message: 'successfully request',
      maillistTaskId: '',
      mail_list_task_id: '',
      messageId: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound',
      apiUser: 'example_trigger',
      category: 'example_trigger',
      recipientArray: '["anna@example.com","bob@example.com"]',
      emailIds:
        '["1795233600042_144383_11771_2575.sc-10_9_13_218-inbound0$anna@example.com","1795233600042_144383_11771_2575.sc-10_9_13_218-inbound1$bob@example.com"]',
      recipientSize: '2',
      labelId: '20418',
      labelName: 'orders',
      timestamp: '1795233600042',
      userHeaders: '{"SC-Custom-Order":"order 1234"}',
    })
  })

  it.each<[string, SendCloudEntry, object]>([
    [
      'deliver',
      { kind: 'delivered', atMs },
      { ...noTask, message: 'Successfully delivered', outIp: '192.0.2.41' },
    ],
    ['open', { kind: 'opened', atMs, reader }, { ...noTask, ...reader, message: 'open email' }],
    [
      'click',
      { kind: 'clicked', atMs, reader, link: 'https://shop.example.com/?a=1&b=2' },
      { ...noTask, ...reader, message: 'click email', url: 'https://shop.example.com/?a=1&b=2' },
    ],
    [
      'unsubscribe',
      { kind: 'unsubscribed', atMs },
      {
        ...noTask,
        message: 'unsubscribe email',
        ip: '',
        explorerName: '',
        explorerVer: '',
        oSName: '',
        oSVer: '',
      },
    ],
    ['report_spam', { kind: 'complained', atMs }, { message: 'report spam' }],
    [
      'invalid',
      {
        kind: 'bounced',
        atMs,
        bounceType: 'hard_bounce',
        subStat: 406,
        cause: '551 5.1.1 recipient is not exist',
      },
      {
        ...noTask,
        message: '551 5.1.1 recipient is not exist',
        outIp: '192.0.2.41',
        substat: '406',
        substatdesc: 'address does not exist',
      },
    ],
    [
      'invalid',
      { kind: 'dropped', atMs, subStat: 401 },
      {
        ...noTask,
        message: 'in SendCloud blacklist',
        outIp: '192.0.2.41',
        substat: '401',
        substatdesc: 'in SendCloud blacklist',
      },
    ],
    [
      'soft_bounce',
      { kind: 'bounced', atMs, bounceType: 'soft_bounce', subStat: 503, cause: '421 4.3.2 try later' },
      {
        ...noTask,
        outIp: '192.0.2.41',
        substat: '503',
        substatdesc: 'service not available',
        cause: '421 4.3.2 try later',
      },
    ],
    [
      'soft_bounce',
      { kind: 'bounced', atMs, bounceType: 'soft_bounce', subStat: 509, cause: '452 4.2.2 mailbox full' },
      {
        ...noTask,
        outIp: '192.0.2.41',
        substat: '509',
        substatdesc: 'others',
        cause: '452 4.2.2 mailbox full',
      },
    ],
  ])('%s has the fields of its table', (event, entry, own) => {
    expect(fieldsOfEntry(entry)).toEqual({ ...common, event, ...own })
  })

  it('of a mail without label and headers says so by 0, nothing and an empty object', () => {
    const { messageId, apiUser, deliveries } = sampleMessage()
    const message = { messageId, apiUser, headers: {}, sentAtMs, deliveries }
    expect(fieldsOf({ of: 'message', atMs: sentAtMs, message })).toMatchObject({
      labelId: '0',
      labelName: '',
      userHeaders: '{}',
    })
  })
})

describe('a signed form', () => {
  const token = 'Zk3pQ8vXw1LmN7bYt5RcJ2hGf9DsA4uE6iOoPqTzVxCyBnKj0W'

  it('carries the HMAC-SHA256 of timestamp and token as hex', () => {
    const form = new URLSearchParams(
      signedForm({ event: 'deliver', timestamp: '1795233660123' }, { appKey: 'local-app-key', token }),
    )
    // printf %s "$timestamp$token" | openssl dgst -sha256 -hmac local-app-key
    expect([...form]).toEqual([
      ['event', 'deliver'],
      ['timestamp', '1795233660123'],
      ['token', token],
      ['signature', '3c8b8616552a32b9168ee4799bc0994dd06f136942223946624478626fd12695'],
    ])
  })

  it('is encoded as a form is', () => {
    const fields = { emailId: '1_2.sc-1-inbound0$anna+news@example.com', timestamp: '1' }
    expect(signedForm(fields, { appKey: 'k', token })).toMatch(
      /^emailId=1_2\.sc-1-inbound0%24anna%2Bnews%40example\.com&timestamp=1&token=Zk3/,
    )
  })

  it('has a token of 50 letters and digits, another each time', () => {
    const random = seededRandom(1)
    const tokens = Array.from({ length: 20 }, () => tokenFrom(random))
    for (const one of tokens) expect(one).toMatch(/^[A-Za-z0-9]{50}$/)
    expect(new Set(tokens).size).toBe(20)
  })
})
