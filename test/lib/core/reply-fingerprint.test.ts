import { describe, expect, it } from '@jest/globals'
import { fingerprintOf } from '../../../lib/core/reply-fingerprint.ts'

describe('the fingerprint of a reply', () => {
  it.each([
    [
      '550 5.7.1 [MHFj/vQ9AuZjoFVr6n7Q== IP: 203.0.113.9] blocked, see https://mail.example.com/help?id=77 LPN007_416',
      '550 5.7.1: blocked, see (link)',
    ],
    [
      '550-5.1.1 The account <ann@example.com> does not exist. q2si1234567otg.123 - gsmtp',
      '550 5.1.1: the account does not exist. - gsmtp',
    ],
    [
      '554 Reject by behaviour spam at Rcpt State(Connection IP address:203.0.113.9)ANTISPAM_BAT[01201311R156e4] S2017062302',
      '554: reject by behaviour spam at rcpt state(connection ip address: )antispam_bat',
    ],
    ['552 mailbox full (size 1048576)', '552: mailbox full (size #)'],
    ['551 5.1.1 用户不存在20221130', '551 5.1.1: 用户不存在'],
    ['', ''],
  ])('%j is %j', (reply, expected) => {
    expect(fingerprintOf(reply, 'ann@example.com')).toBe(expected)
  })

  it.each(['a1', '1 ', '#1,', '=12345678 ', '邮1'].map((text) => text.repeat(50_000)))(
    'is short and soon made of a long reply (%#)',
    (reply) => {
      const before = process.cpuUsage()
      expect(fingerprintOf(`550 ${reply}`).length).toBeLessThanOrEqual(200)
      expect(process.cpuUsage(before).user).toBeLessThan(100_000)
    },
  )
})
