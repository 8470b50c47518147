import { describe, expect, it } from '@jest/globals'
import { canonicalDomain } from '../../../lib/core/address.ts'
import {
  mailboxProviderOf,
  mailboxProviders,
  refusingProviderOf,
} from '../../../lib/core/mailbox-providers.ts'

describe('a mailbox provider', () => {
  it.each([
    ['foxmail.com', 'qq'],
    ['vip.163.com', 'netease'],
    ['googlemail.com', 'gmail'],
    ['yahoo.co.jp', 'yahoo-japan'],
    ['aol.com', 'yahoo'],
    ['qq.com.example', 'other'],
    ['constructor', 'other'],
  ])('of %s is %s', (domain, expected) => {
    expect(mailboxProviderOf(domain)).toBe(expected)
  })

  it('has each domain once, as the tables store it, and a source', () => {
    const domains = mailboxProviders.flatMap((provider) => provider.domains)
    expect(domains.map(canonicalDomain)).toEqual(domains)
    expect(new Set(domains).size).toBe(domains.length)
    expect(mailboxProviders.every(({ source }) => source.length > 10)).toBe(true)
  })

  it.each([
    ['example.com', '550 5.4.1 Recipient address rejected [SG1.prod.protection.outlook.com]', 'microsoft'],
    ['example.com', '550-5.1.1 no such user - gsmtp', 'gmail'],
    ['example.com', '550 http://service.mail.qq.com/detail/122', 'qq'],
    ['gmail.com', '550 see outlook.com', 'gmail'],
    ['example.com', '550 not-qq.community', 'other'],
  ])('that hosts %s and answers %j is %s', (domain, reply, expected) => {
    expect(refusingProviderOf(domain, reply)).toBe(expected)
  })
})
