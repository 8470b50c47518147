import { beforeAll, describe, expect, it } from '@jest/globals'
import { registerBounces } from '../../cli/bounces.ts'
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
  const bounced = { kind: 'bounced', bounceClass: 'hard' } as const
  // 2022-06-02 in UTC+8.
  const nextDay = 'qcloudses-30-251200670-date-20220602000000-next'
  for (const event of [
    eventWith({ recipient: 'ann@qq.com', ...bounced, reply: '550 Mailbox not found. S2017062302' }),
    eventWith({ recipient: 'ben@foxmail.com', ...bounced, reply: '550 Mailbox not found. S2017062399' }),
    eventWith({ recipient: 'cy@x.example', ...bounced, reply: '550 Mailbox not found. [mx3.qq.com 77123]' }),
    eventWith({ recipient: 'di@163.com', ...bounced, reply: '', detail: '=HYPERLINK("x")' }),
    eventWith({
      recipient: 'ed@gmail.com',
      kind: 'bounced',
      bounceClass: 'soft',
      reply: '452 4.2.2 mailbox full',
    }),
    eventWith({ recipient: 'ed@gmail.com', kind: 'delivered' }),
    eventWith({ recipient: 'fi@gmail.com', kind: 'dropped', detail: '1007' }),
    eventWith({ recipient: 'gus@gmail.com', message: nextDay, ...bounced, reply: '552 5.2.2 mailbox full' }),
    // Its id shows no day: its facts do.
    eventWith({
      recipient: 'hal@gmail.com',
      message: 'qcloud-ses-1',
      ...bounced,
      reply: '552 5.2.2 mailbox full',
    }),
    eventWith({
      recipient: 'ida@gmail.com',
      message: 'qcloud-ses-2',
      ...bounced,
      reply: '552 5.2.2 mailbox full',
      occurredAtMs: Date.parse('2022-06-02T16:00:00Z'),
    }),
  ]) {
    await writer.record(event)
  }
})

const bounces = (...words: readonly string[]) =>
  runInProcess(registerBounces, ['bounces', ...words], environment)
const range = ['--from', '2022-06-01', '--to', '2022-06-02'] as const

describe('ledger bounces', () => {
  it('groups what bounced by reason, with its share, whose mailboxes they are, and a sample', async () => {
    const { output, code } = await bounces(...range)
    expect(code).toBe(0)
    expect(output)
      .toBe(`6 mails sent from 2022-06-01 to 2022-06-02 bounced and were not delivered after all. Days are in UTC+8.

3 (50 %)  gone, by rule mailbox-not-there: qq 3
  550: mailbox not found
  such as to ann@qq.com: 550 Mailbox not found. S2017062302

2 (33 %)  full, by rule full: gmail 2
  552 5.2.2: mailbox full
  such as to gus@gmail.com: 552 5.2.2 mailbox full

1 (17 %)  unknown, by rule no-rule: netease 1
  (no reply)
  such as to di@163.com: =HYPERLINK("x")
`)
  })

  it('has them for a program, and for a spreadsheet without formulas', async () => {
    const { output } = await bounces(...range, '--json', '--limit', '1')
    expect(JSON.parse(output)).toMatchObject({
      from: '2022-06-01',
      to: '2022-06-02',
      mails: 6,
      others: 3,
      reasons: [
        {
          class: 'gone',
          mails: 3,
          share: 0.5,
          mailboxProviders: [{ name: 'qq', mails: 3 }],
          sample: { recipient: 'ann@qq.com', reply: '550 Mailbox not found. S2017062302' },
        },
      ],
    })
    const csv = await bounces(...range, '--csv')
    expect(csv.output).toMatch(
      /^class,rule,reason,mails,share,mailboxProviders,sampleRecipient,sampleMessage,sampleReply\ngone,/,
    )
    expect(csv.output).toContain(
      `di@163.com,qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1,"'=HYPERLINK(""x"")"`,
    )
  })

  it('can be of one domain, and of the last seven days', async () => {
    expect((await bounces(...range, '--domain', 'QQ.com')).output).toMatch(
      /^1 mail sent from .+ to qq\.com bounced and was not/,
    )
    expect((await bounces()).output).toMatch(
      /^No mail sent from \d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d bounced\./,
    )
  })

  it.each([
    [['--from', 'yesterday'], 'Expected a day, YYYY-MM-DD in UTC+8.'],
    [['--from', '2022-06-02', '--to', '2022-06-01'], '--from 2022-06-02 is later than --to 2022-06-01.'],
    [['--from', '2022-01-01', '--to', '2022-06-01'], 'At most 92 days at once.'],
    [['--domain', 'a b'], '--domain: expected a domain, such as example.com.'],
    [['--limit', '0'], 'Expected a whole number from 1 to 10,000.'],
    [['--json', '--csv'], "option '--json' cannot be used with option '--csv'"],
  ])('refuses %j', async (words, message) => {
    const { code, errors, output } = await bounces(...words)
    expect(errors).toContain(message)
    expect([code, output]).toEqual([1, ''])
  })
})
