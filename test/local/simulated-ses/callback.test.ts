import { describe, expect, it } from '@jest/globals'
import { decodeWords } from 'postal-mime'
import { callbackOf } from '../../../local/simulated-ses/callback.ts'
import type { TimelineKind } from '../../../local/simulated-ses/mail.ts'
import { sampleDelivery } from './sample-mail.ts'

const atMs = Date.parse('2026-11-21T05:00:00Z')

describe('a callback', () => {
  it('has the fields of the sample in the documentation of October 2025, and the event number of its table', () => {
    const delivery = sampleDelivery({
      messageId: 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1',
      recipient: 'example@example.com',
      sentAtMs: 1761555487_000,
      headers: { 'X-Tencentcloudses-Cb-Custom': 'ses callback' },
    })
    const body = callbackOf(delivery, {
      kind: 'bounced',
      atMs: 1654064683_000,
      reason: '551 5.1.1 recipient is not exist',
      bounceType: 'hard_bounce',
    })
    expect(body).toEqual({
      event: 'bounce',
      eventid: 3,
      email: 'example@example.com',
      bulkId: 'qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1',
      timestamp: 1654064683,
      reason: '551 5.1.1 recipient is not exist',
      bounceType: 'hard_bounce',
      username: '251200670',
      from: 'test@fromexample.com',
      fromDomain: 'fromexample.com',
      templateId: 123456,
      subject: 'example subject',
      messageId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}@fromexample\.com$/),
      sentTimestamp: 1761555487,
      'X-Tencentcloudses-Cb-Custom': 'ses callback',
    })
  })

  it.each<[TimelineKind, string, number]>([
    ['delivered', 'delivered', 1],
    ['dropped', 'dropped', 2],
    ['bounced', 'bounce', 3],
    ['opened', 'open', 4],
    ['clicked', 'click', 5],
    ['complained', 'spamreport', 6],
    ['unsubscribed', 'unsubscribe', 7],
    ['deferred', 'deferred', 8],
  ])('of what was %s says %s, number %i', (kind, event, eventid) => {
    expect(callbackOf(sampleDelivery(), { kind, atMs })).toMatchObject({ event, eventid })
  })

  it('of a click has link and user agent', () => {
    const entry = {
      kind: 'clicked',
      atMs,
      link: 'https://shop.example.com/?a=1',
      userAgent: 'Mozilla/5.0',
    } as const
    const body = callbackOf(sampleDelivery(), entry)
    expect(body).toMatchObject({ link: 'https://shop.example.com/?a=1', useragent: 'Mozilla/5.0' })
    expect(body).not.toHaveProperty('reason')
    expect(body).not.toHaveProperty('bounceType')
  })

  it('encodes a Chinese subject in one word', () => {
    const body = callbackOf(sampleDelivery({ subject: '测试' }), { kind: 'delivered', atMs })
    expect(body.subject).toBe('=?UTF-8?B?5rWL6K+V?=')
  })

  it('encodes a long subject in words of at most 75 characters that cut no character in two', () => {
    const subject = '【重要通知】您的账户密码已修改 🔒 如非本人操作请立即联系我们 Example Shop'
    const encoded = String(callbackOf(sampleDelivery({ subject }), { kind: 'delivered', atMs }).subject)
    const words = encoded.split(' ')
    expect(words.length).toBeGreaterThan(1)
    for (const word of words) {
      expect(word.length).toBeLessThanOrEqual(75)
      expect(decodeWords(word)).not.toContain('\ufffd')
    }
    expect(decodeWords(encoded)).toBe(subject)
  })

  it('names no account where the MessageId is of the older shape', () => {
    const body = callbackOf(sampleDelivery({ messageId: 'qcloud-ses-09af' }), { kind: 'delivered', atMs })
    expect(body).not.toHaveProperty('username')
  })
})
