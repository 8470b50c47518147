import { beforeAll, describe, expect, it } from '@jest/globals'
import { registerProblems } from '../../cli/problems.ts'
import { registerStuck } from '../../cli/stuck.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith } from '../events.ts'
import { runInProcess } from './in-process.ts'

const engine = embeddedTables()
let environment: Record<string, string>

beforeAll(async () => {
  const { prefix, deliveries: table } = await engine.freshTables()
  environment = engine.environmentOf({ prefix })
  const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock: systemClock })
  const later = 'qcloudses-30-251200670-date-20220601150000-later'
  for (const event of [
    eventWith({
      recipient: 'anna@qq.com',
      kind: 'bounced',
      bounceClass: 'hard',
      reply: '550 Mailbox not found',
      columns: { subject: 'Your order', template: '7', fromDomain: 'shop.example' },
    }),
    eventWith({ recipient: 'ben@gmail.com', kind: 'deferred', reply: '451 4.7.1 try again later' }),
    eventWith({ recipient: 'cleo@gmail.com', kind: 'deferred', reply: '451 4.7.1 try again later' }),
    eventWith({ recipient: 'cleo@gmail.com', kind: 'delivered' }),
    eventWith({ recipient: 'dora@163.com', kind: 'delivered' }),
    eventWith({ recipient: 'dora@163.com', kind: 'complained' }),
    eventWith({ recipient: 'emil@163.com', message: later, kind: 'dropped', detail: '=1007 blocklisted' }),
    // Its id shows no day: its facts do.
    eventWith({
      recipient: 'fred@163.com',
      message: 'qcloud-ses-1',
      kind: 'bounced',
      bounceClass: 'soft',
      reply: '452 4.2.2 mailbox full',
    }),
  ]) {
    await writer.record(event)
  }
})

const problems = (...words: readonly string[]) =>
  runInProcess(registerProblems, ['problems', '--tz', 'Asia/Shanghai', ...words], environment)
const stuck = (...words: readonly string[]) =>
  runInProcess(registerStuck, ['stuck', '--tz', 'UTC', ...words], environment)
const day = ['--from', '2022-06-01'] as const

describe('ledger problems', () => {
  it('counts what failed by class, with advice, and shows the latest mails first', async () => {
    const { output, code } = await problems(...day)
    expect(code).toBe(0)
    const [head, ...lines] = output.split('\n')
    expect(head).toBe('5 mails sent on 2022-06-01. Days are in UTC+8, times in Asia/Shanghai.')
    expect(lines).toContain('       1  bounced, gone')
    expect(lines).toContain('          There is no such mailbox: remove the address from your own data.')
    expect(lines.filter((line) => line.startsWith('2022-'))).toEqual([
      '2022-06-01 15:00:00  dropped  emil@163.com',
      '2022-06-01 14:24:43  soft-bounced, full  fred@163.com',
      '2022-06-01 14:24:39  bounced, gone  anna@qq.com  Your order',
      '2022-06-01 14:24:39  deferred  ben@gmail.com',
      '2022-06-01 14:24:39  complained  dora@163.com',
    ])
    expect(lines).toContain('  550 Mailbox not found')
  })

  it.each([
    [['--status', 'complained'], ['dora@163.com']],
    [['--class', 'gone'], ['anna@qq.com']],
    [['--template', '7'], ['anna@qq.com']],
    [['--from-domain', 'Shop.example'], ['anna@qq.com']],
    [
      ['--domain', '163.com'],
      ['emil@163.com', 'fred@163.com', 'dora@163.com'],
    ],
    [['--limit', '1'], ['emil@163.com']],
  ])('shows with %j only those', async (words, recipients) => {
    const { output } = await problems(...day, '--json', ...words)
    const { shown } = JSON.parse(output) as { shown: readonly { recipient: string }[] }
    expect(shown.map(({ recipient }) => recipient)).toEqual(recipients)
  })

  it('prints CSV that no spreadsheet runs', async () => {
    const { output } = await problems(...day, '--csv', '--status', 'dropped')
    expect(output).toBe(
      'sentAt,recipient,status,class,words,advice,provider,message,subject,from,template\n' +
        `2022-06-01T07:00:00Z,emil@163.com,dropped,,'=1007 blocklisted,"The provider refused to send it: its words or its code say why, and its documentation explains the code.",tencent-ses,qcloudses-30-251200670-date-20220601150000-later,,,\n`,
    )
  })

  it('shows nothing of a day without any', async () => {
    expect((await problems('--from', '2022-06-02')).output).toBe(
      'No mail sent on 2022-06-02 has such a problem. Days are in UTC+8.\n',
    )
  })

  it.each([
    [['--from', 'yesterday'], /Expected a day, YYYY-MM-DD/],
    [['--from', '2022-06-02', '--to', '2022-06-01'], /--from 2022-06-02 is later than --to 2022-06-01/],
    [['--from', '2022-01-01', '--to', '2022-06-01'], /Expected at most 31 days at once, got 152/],
    [['--status', 'lost'], /Allowed choices are complained/],
    [['--domain', 'no domain'], /--domain: expected a domain/],
    [['--json', '--csv'], /cannot be used with/],
    [['--tz', 'Mars/Olympus'], /Expected the name of a time zone, such as UTC/],
  ])('refuses %j', async (words, problem) => {
    const { code, errors } = await problems(...words)
    expect([code, errors]).toEqual([1, expect.stringMatching(problem)])
  })
})

describe('ledger stuck', () => {
  it('shows what is pending, the oldest first, and when it is looked up next', async () => {
    const { output, code } = await stuck()
    expect(code).toBe(0)
    expect(output).toBe(`2 mails without an outcome, by day of sending (UTC+8):
  2022-06-01  2

2022-06-01 06:24:39  deferred      ben@gmail.com  tencent-ses  no look-up any more  qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1
2022-06-01 06:24:43  soft-bounced  fred@163.com   tencent-ses  no look-up any more  qcloud-ses-1
Times are in UTC.
`)
  })

  it('shows no younger ones than are asked for, and as many', async () => {
    expect((await stuck('--older-than', '9999d')).output).toMatch(/^No mail is stuck/)
    const found = JSON.parse((await stuck('--limit', '1', '--json')).output) as object
    expect(found).toMatchObject({ mails: 2, oldest: [{ recipient: 'ben@gmail.com', status: 'deferred' }] })
  })

  it('refuses what is no age', async () => {
    const { code, errors } = await stuck('--older-than', 'long')
    expect([code, errors]).toEqual([1, expect.stringMatching(/Expected an age, such as 30m, 24h or 3d/)])
  })
})
