import { describe, expect, it } from '@jest/globals'
import PostalMime from 'postal-mime'
import { replyFields } from '../../../local/simulated-sendcloud/inbound-mail.ts'
import { sampleMessage } from './sample-mail.ts'

const atMs = Date.parse('2026-11-21T05:00:00.777Z')
const message = sampleMessage()
const fields = replyFields(message, message.deliveries[1]!, atMs)

describe('an inbound mail', () => {
  it('has the fields of the route event, and names the mail that it answers', () => {
    expect(fields).toEqual({
      event: 'route',
      message: 'mx route',
      timestamp: '1795237200777',
      from: 'bob@example.com',
      fromname: 'bob',
      to: 'support@mail.example.com',
      toname: 'Example Shop',
      x_mx_mailfrom: 'bob@example.com',
      x_mx_rcptto: 'support@mail.example.com',
      headers: expect.stringMatching(/^\{.*\}$/),
      html: '<p>Thank you! Can it be left with the neighbors?</p>',
      text: 'Thank you! Can it be left with the neighbors?',
      subject: 'Re: Your order has shipped',
      raw_message_url: 'https://route.example.com/1795237200777.eml',
      raw_message: expect.any(String),
      userHeaders: '{"SC-Custom-Order":"order 1234"}',
      reference: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound1@mail.example.com',
      emailId: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound1$bob@example.com',
      labelId: '20418',
      labelName: 'orders',
    })
  })

  it('has its headers as JSON text', () => {
    expect(JSON.parse(fields.headers!)).toMatchObject({
      From: 'bob <bob@example.com>',
      To: 'Example Shop <support@mail.example.com>',
      Date: 'Sat, 21 Nov 2026 05:00:00 +0000',
      'In-Reply-To': '<1795233600042_144383_11771_2575.sc-10_9_13_218-inbound1@mail.example.com>',
    })
  })

  it('carries the whole mail, which a parser of mail reads', async () => {
    expect(await PostalMime.parse(fields.raw_message!)).toMatchObject({
      from: { address: 'bob@example.com' },
      to: [{ address: 'support@mail.example.com' }],
      subject: 'Re: Your order has shipped',
      date: '2026-11-21T05:00:00.000Z',
      inReplyTo: '<1795233600042_144383_11771_2575.sc-10_9_13_218-inbound1@mail.example.com>',
      text: expect.stringContaining('Thank you!'),
      html: expect.stringContaining('<p>Thank you!'),
    })
  })
})
