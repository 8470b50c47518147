import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { CommandError } from '../../cli/command-error.ts'
import { registerSuppressions } from '../../cli/suppressions.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import type { DeliveryEvent } from '../../lib/core/event.ts'
import { heldReasons, type SuppressionEvidence } from '../../lib/core/suppression.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { suppressionReader } from '../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith, sampleMessage } from '../events.ts'
import { printedBy } from './printed-by.ts'

const engine = embeddedTables()
const at = (time: string) => Date.parse(time)
const environmentBefore = { ...process.env }
const now = jest.spyOn(systemClock, 'now')
let list: ReturnType<typeof suppressionWriter> & ReturnType<typeof suppressionReader>
let record: (...events: readonly DeliveryEvent[]) => Promise<void>
let ledger: string

const hardBounce: SuppressionEvidence = {
  recipient: 'gone@example.com',
  reason: 'hard-bounce',
  occurredAtMs: at('2026-11-21T08:00:03Z'),
  source: 'callback',
  provider: 'tencent-ses',
  message: sampleMessage,
  judgement: { class: 'gone', rule: 'mailbox-not-there' },
  detail: '551 5.1.1 recipient is not exist',
}
const hardBounceLine = `2026-11-21T08:00:03Z hard-bounce tencent-ses ${sampleMessage} gone/mailbox-not-there 551 5.1.1 recipient is not exist`
const complaint: SuppressionEvidence = {
  recipient: 'angry@example.com',
  reason: 'complaint',
  occurredAtMs: at('2026-11-20T08:00:00Z'),
  source: 'callback',
  provider: 'tencent-ses',
  message: sampleMessage,
  detail: '',
}
const blocklisting: SuppressionEvidence = {
  ...complaint,
  recipient: 'barred@example.com',
  reason: 'blocklist',
  occurredAtMs: at('2026-11-19T08:00:00Z'),
  source: 'poll',
  detail: '1007 the address is on the blocklist',
}
const blocklistLine = `2026-11-19T08:00:00Z[poll] blocklist tencent-ses ${sampleMessage} 1007 the address is on the blocklist`
const unsubscription: SuppressionEvidence = {
  ...complaint,
  recipient: 'left@example.com',
  reason: 'unsubscribe',
  fromDomain: 'news.example.com',
}
const unclear = (day: string, message: string): SuppressionEvidence => ({
  ...hardBounce,
  recipient: 'odd@example.com',
  occurredAtMs: at(`2026-11-${day}T08:00:00Z`),
  message,
  judgement: { class: 'unknown', rule: 'no-rule' },
  isUnclear: true,
  detail: '550 denied',
})
const unclearLine = (day: string, message: string) =>
  `2026-11-${day}T08:00:00Z hard-bounce tencent-ses ${message} unknown/no-rule 550 denied`

beforeAll(() => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_PROFILE: '',
  })
})
beforeEach(async () => {
  const tables = await engine.freshTables()
  ledger = tables.prefix
  process.env.TABLE_PREFIX = tables.prefix
  const to = { client: engine.client, table: tables.suppressions }
  list = { ...suppressionWriter(to), ...suppressionReader(to) }
  const { client } = engine
  const writer = deliveryWriter({ client, table: tables.deliveries, retentionDays: 400, clock: systemClock })
  record = async (...events) => {
    for (const event of events) await writer.record(event)
  }
  delete process.env.BLOCKLIST_DAYS
  now.mockReturnValue(at('2026-11-23T10:00:00.250Z'))
})
afterAll(() => {
  process.env = environmentBefore
  now.mockRestore()
})

async function isListed(recipient: string): Promise<boolean> {
  const row = await list.ofRecipient(recipient)
  return row !== undefined && heldReasons(row, { nowMs: systemClock.now(), blocklistDays: 14 }).length > 0
}

/** What `ledger suppressions …` prints. */
function printed(...words: readonly string[]): Promise<string> {
  const zone = ['list', 'show'].includes(words[0] ?? '') ? ['--tz', 'UTC'] : []
  return printedBy(registerSuppressions, 'suppressions', ...words, ...zone)
}

describe('ledger suppressions list', () => {
  beforeEach(async () => {
    for (const one of [hardBounce, complaint, { ...hardBounce, recipient: 'back@example.com' }]) {
      await list.suppress(one)
    }
    await list.remove('back@example.com', at('2026-11-22T00:00:00Z'))
  })

  it('prints who is on the list and why, by address', async () => {
    expect(await printed('list')).toBe(
      'angry@example.com  complaint    2026-11-20 08:00:00\n' +
        'gone@example.com   hard-bounce  2026-11-21 08:00:03\n' +
        'Times are in UTC.\n',
    )
  })

  it('prints those who were taken off it, too, where asked', async () => {
    expect(await printed('list', '--all')).toBe(
      'angry@example.com  complaint    2026-11-20 08:00:00\n' +
        'back@example.com   hard-bounce  2026-11-21 08:00:03  off the list since 2026-11-22 00:00:00\n' +
        'gone@example.com   hard-bounce  2026-11-21 08:00:03\n' +
        'Times are in UTC.\n',
    )
  })

  it('prints each reason that holds in a line of its own, until when, and for whose mail', async () => {
    for (const one of [
      blocklisting,
      { ...complaint, recipient: 'barred@example.com' },
      unsubscription,
      { ...unsubscription, fromDomain: 'shop.example.com', occurredAtMs: at('2026-11-21T08:00:00Z') },
      ...['11', '12', '13'].map((day) => unclear(day, `m${day}`)),
    ])
      await list.suppress(one)
    expect(await printed('list')).toBe(
      'angry@example.com   complaint    2026-11-20 08:00:00\n' +
        'barred@example.com  blocklist    2026-11-19 08:00:00  until 2026-12-03 08:00:00\n' +
        'barred@example.com  complaint    2026-11-20 08:00:00\n' +
        'gone@example.com    hard-bounce  2026-11-21 08:00:03\n' +
        'left@example.com    unsubscribe  2026-11-20 08:00:00  from news.example.com\n' +
        'left@example.com    unsubscribe  2026-11-21 08:00:00  from shop.example.com\n' +
        'odd@example.com     hard-bounce  2026-11-13 08:00:00\n' +
        'Times are in UTC.\n',
    )
    expect(await printed('list', '--reason', 'blocklist')).toBe(
      'barred@example.com  blocklist    2026-11-19 08:00:00  until 2026-12-03 08:00:00\n' +
        'barred@example.com  complaint    2026-11-20 08:00:00\n' +
        'Times are in UTC.\n',
    )
  })

  it("leaves out whom a provider's own list no longer bars, and whose unclear bounces are too few", async () => {
    for (const one of [blocklisting, unclear('12', 'm1'), unclear('13', 'm2')]) await list.suppress(one)
    expect(await printed('list')).toMatch(/^barred@/m)
    expect(await printed('list')).not.toMatch(/^odd@/m)
    process.env.BLOCKLIST_DAYS = '4'
    expect(await printed('list')).not.toMatch(/^barred@/m)
    expect(await printed('list', '--reason', 'blocklist')).toMatch(/holds no such address/)
    expect(await printed('list', '--all')).toBe(
      'angry@example.com   complaint    2026-11-20 08:00:00\n' +
        'back@example.com    hard-bounce  2026-11-21 08:00:03  off the list since 2026-11-22 00:00:00\n' +
        'barred@example.com  blocklist    2026-11-19 08:00:00  not on the list\n' +
        'gone@example.com    hard-bounce  2026-11-21 08:00:03\n' +
        'odd@example.com     hard-bounce  2026-11-13 08:00:00  not on the list\n' +
        'Times are in UTC.\n',
    )
  })

  it('prints those of one reason', async () => {
    expect(await printed('list', '--reason', 'complaint')).toMatch(
      /^angry@\S+ +complaint +\S+ \S+\nTimes are in UTC\.\n$/,
    )
    expect(await printed('list', '--reason', 'unsubscribe')).toBe(
      `The list of ${ledger} holds no such address.\n`,
    )
    await expect(printed('list', '--reason', 'whim')).rejects.toThrow(
      /Allowed choices are hard-bounce, complaint,/,
    )
  })

  it('prints JSON for programs', async () => {
    expect(JSON.parse(await printed('list', '--all', '--json'))).toEqual([
      {
        recipient: 'angry@example.com',
        isSuppressed: true,
        reason: 'complaint',
        since: '2026-11-20T08:00:00Z',
        provider: 'tencent-ses',
        message: sampleMessage,
        reasons: [
          {
            reason: 'complaint',
            since: '2026-11-20T08:00:00Z',
            provider: 'tencent-ses',
            message: sampleMessage,
          },
        ],
        evidence: [`2026-11-20T08:00:00Z complaint tencent-ses ${sampleMessage}`],
        removals: [],
      },
      {
        recipient: 'back@example.com',
        isSuppressed: false,
        reasons: [],
        evidence: [hardBounceLine],
        removals: ['2026-11-22T00:00:00.000Z'],
      },
      expect.objectContaining({ recipient: 'gone@example.com' }),
    ])
    expect(JSON.parse(await printed('list', '--reason', 'unsubscribe', '--json'))).toEqual([])
  })

  it("prints in JSON all reasons, a provider's own list and unclear bounces", async () => {
    const recipient = 'left@example.com'
    const reported = [unsubscription, blocklisting, unclear('18', 'm1')]
    for (const one of reported) await list.suppress({ ...one, recipient })
    expect(JSON.parse(await printed('list', '--reason', 'blocklist', '--json'))).toEqual([
      {
        recipient,
        isSuppressed: true,
        reason: 'blocklist',
        since: '2026-11-19T08:00:00Z',
        until: '2026-12-03T08:00:00Z',
        provider: 'tencent-ses',
        message: sampleMessage,
        reasons: [
          {
            reason: 'blocklist',
            since: '2026-11-19T08:00:00Z',
            until: '2026-12-03T08:00:00Z',
            provider: 'tencent-ses',
            message: sampleMessage,
          },
          {
            reason: 'unsubscribe',
            since: '2026-11-20T08:00:00Z',
            fromDomain: 'news.example.com',
            provider: 'tencent-ses',
            message: sampleMessage,
          },
        ],
        evidence: [`2026-11-20T08:00:00Z unsubscribe tencent-ses ${sampleMessage} from:news.example.com`],
        blocklisted: [blocklistLine],
        unclearBounces: [unclearLine('18', 'm1')],
        removals: [],
      },
    ])
  })
})

describe('ledger suppressions show', () => {
  it('prints why an address is on the list and all that happened, in order of time', async () => {
    await list.suppress(hardBounce)
    await list.remove('gone@example.com', at('2026-11-22T00:00:00Z'))
    const unsubscribed = {
      ...complaint,
      reason: 'unsubscribe',
      provider: 'sendcloud',
      message: 'task:77',
    } as const
    await list.suppress({
      ...unsubscribed,
      recipient: 'gone@example.com',
      occurredAtMs: at('2026-11-22T07:00:00Z'),
    })
    expect(await printed('show', 'Somebody <Gone@example.com>')).toBe(
      [
        'gone@example.com  on the list',
        '  reason    unsubscribe',
        '  since     2026-11-22 07:00:00',
        '  provider  sendcloud',
        '  message   task:77',
        '',
        `  ${hardBounceLine}`,
        '  2026-11-22T00:00:00.000Z taken off the list',
        '  2026-11-22T07:00:00Z unsubscribe sendcloud task:77',
        '',
        'Times are in UTC.',
        '',
      ].join('\n'),
    )
    expect(JSON.parse(await printed('show', 'gone@example.com', '--json'))).toMatchObject({
      isSuppressed: true,
      reason: 'unsubscribe',
      removals: ['2026-11-22T00:00:00.000Z'],
    })
  })

  it('prints every reason that holds, until when, for whose mail and how it was judged', async () => {
    const recipient = 'gone@example.com'
    for (const one of [hardBounce, unsubscription, blocklisting, unclear('18', 'm1')])
      await list.suppress({ ...one, recipient })
    expect(await printed('show', recipient)).toBe(
      [
        'gone@example.com  on the list',
        '  reason    blocklist',
        '  since     2026-11-19 08:00:00',
        '  until     2026-12-03 08:00:00',
        '  provider  tencent-ses',
        `  message   ${sampleMessage}`,
        '  reason    unsubscribe',
        '  since     2026-11-20 08:00:00',
        '  from      news.example.com',
        '  provider  tencent-ses',
        `  message   ${sampleMessage}`,
        '  reason    hard-bounce',
        '  since     2026-11-21 08:00:03',
        '  provider  tencent-ses',
        `  message   ${sampleMessage}`,
        '  judged    gone, by rule mailbox-not-there',
        '',
        `  ${unclearLine('18', 'm1')}`,
        `  ${blocklistLine}`,
        `  2026-11-20T08:00:00Z unsubscribe tencent-ses ${sampleMessage} from:news.example.com`,
        `  ${hardBounceLine}`,
        '',
        'Times are in UTC.',
        '',
      ].join('\n'),
    )
  })

  it('prints how the bounces of an address are judged, newest first, and what is in doubt', async () => {
    await list.suppress(hardBounce)
    const mail = { recipient: 'gone@example.com', message: sampleMessage }
    const bounced = { ...mail, kind: 'bounced', bounceClass: 'hard' } as const
    await record(
      eventWith({
        ...bounced,
        occurredAtMs: hardBounce.occurredAtMs,
        reply: '551 5.1.1 recipient is not exist',
      }),
      eventWith({
        ...bounced,
        occurredAtMs: at('2026-11-20T08:00:00Z'),
        reply: '550 denied',
        detail: '{"a":1}',
      }),
      eventWith({ ...mail, message: 'm2', kind: 'opened', occurredAtMs: at('2026-11-22T08:00:00Z') }),
    )
    const text = await printed('show', 'gone@example.com')
    const [, judged = ''] = text.split('How its bounces are judged, newest first:\n')
    const lines = judged.split('\n')
    expect(lines[0]).toBe('  2026-11-21 08:00:03 hard 551 5.1.1 recipient is not exist')
    expect(lines[1]).toMatch(
      /^ {4}gone, by rule mailbox-not-there: a reason not to send to it\. Source: RFC 5321 .+\.$/,
    )
    expect(lines[2]).toBe('  2026-11-20 08:00:00 hard 550 denied ¦ {"a":1}')
    expect(lines[3]).toMatch(
      /^ {4}unknown, by rule no-rule: a reason not to send to it once there are 3 of different messages, on different days, within 30 days\./,
    )
    expect(lines.slice(4)).toEqual([
      '',
      'In doubt:',
      '  opened at 2026-11-22T08:00:00Z, after its last hard bounce (message m2)',
      '',
      'Times are in UTC.',
      '',
    ])
    expect(JSON.parse(await printed('show', 'gone@example.com', '--json'))).toMatchObject({
      bounces: [
        { at: '2026-11-20T08:00:00Z', class: 'unknown', rule: 'no-rule', verdict: 'unclear' },
        {
          message: sampleMessage,
          at: '2026-11-21T08:00:03Z',
          bounce: 'hard 551 5.1.1 recipient is not exist',
          class: 'gone',
          rule: 'mailbox-not-there',
          verdict: 'hard-bounce',
        },
      ],
      doubts: ['opened at 2026-11-22T08:00:00Z, after its last hard bounce (message m2)'],
    })
  })

  it('prints how bounces are judged that put nobody on the list', async () => {
    await record(
      eventWith({
        recipient: 'full@example.com',
        kind: 'bounced',
        bounceClass: 'soft',
        reply: '452 4.2.2 mailbox full',
      }),
    )
    expect(await printed('show', 'full@example.com')).toMatch(
      /^full@example\.com {2}not on the list\n\nHow its bounces are judged, newest first:\n {2}2022-06-01 06:24:43 soft 452 4\.2\.2 mailbox full\n {4}full \(soft: it passes\), by rule soft-bounce: no reason not to send to it\./,
    )
    expect(JSON.parse(await printed('show', 'full@example.com', '--json'))).toMatchObject({
      isSuppressed: false,
      bounces: [{ class: 'full', verdict: 'leave' }],
      doubts: [],
    })
  })

  it('prints local times, and what is stored as it is stored', async () => {
    await list.suppress(blocklisting)
    const words = ['suppressions', 'show', 'barred@example.com', '--tz', 'Asia/Shanghai']
    expect(await printedBy(registerSuppressions, ...words)).toBe(
      [
        'barred@example.com  on the list',
        '  reason    blocklist',
        '  since     2026-11-19 16:00:00',
        '  until     2026-12-03 16:00:00',
        '  provider  tencent-ses',
        `  message   ${sampleMessage}`,
        '',
        `  ${blocklistLine}`,
        '',
        'Times are in Asia/Shanghai; those with a Z are in UTC.',
        '',
      ].join('\n'),
    )
  })

  it('prints that an address is off the list', async () => {
    await list.suppress(hardBounce)
    await list.remove('gone@example.com', at('2026-11-22T00:00:00Z'))
    expect(await printed('show', 'gone@example.com')).toMatch(
      /^gone@example\.com {2}not on the list\n\n {2}2026-11-21T08:00:03Z .+\n {2}2026-11-22T00:00:00\.000Z taken off the list\n\nTimes are in UTC\.\n$/,
    )
  })

  it('says so of an address that is not known, and of what is none', async () => {
    const unknown = new CommandError(`This recipient was never on the list, as far as ${ledger} knows.`)
    await expect(printed('show', 'somebody@example.com')).rejects.toThrow(unknown)
    await expect(printed('show', 'somebody')).rejects.toThrow('Expected one email address')
  })
})

describe('ledger suppressions add', () => {
  const line = '2026-11-23T10:00:00.250Z[operator] by-hand asked on the telephone'

  it('puts an address on the list by hand', async () => {
    expect(await printed('add', 'Some@Example.com', '--note', 'asked on\nthe telephone')).toBe(
      `some@example.com is on the list of ${ledger}: ${line}\n`,
    )
    expect(await list.ofRecipient('some@example.com')).toMatchObject({ evidence: [line] })
    expect(await isListed('some@example.com')).toBe(true)
  })

  it('says where it was there already', async () => {
    await list.suppress(hardBounce)
    expect(await printed('add', 'gone@example.com')).toBe(
      `gone@example.com is on the list of ${ledger}, as it was already: ${hardBounceLine}\n`,
    )
    expect((await list.ofRecipient('gone@example.com'))?.evidence).toHaveLength(2)
  })

  it('says so where the clock of this machine is behind a removal', async () => {
    await list.suppress(hardBounce)
    await list.remove('gone@example.com', at('2026-11-24T00:00:00Z'))
    await expect(printed('add', 'gone@example.com')).rejects.toThrow(
      /taken off the list at 2026-11-24T00:00:00\.000Z, later than this machine's clock/,
    )
  })
})

describe('ledger suppressions remove', () => {
  it('takes an address off the list and says what brings it back', async () => {
    await list.suppress(hardBounce)
    expect(await printed('remove', 'gone@example.com')).toBe(
      `gone@example.com is off the list of ${ledger}. Whatever was known up to 2026-11-23T10:00:00.250Z no longer counts; anything newer that speaks against it brings it back, and so does \`ledger suppressions add\`. A list of tencent-ses's own may still hold it: then the next mail is not sent, and that brings it back. \`ledger suppressions remove gone@example.com --at-provider\` takes it off there, too.\n`,
    )
    expect(await isListed('gone@example.com')).toBe(false)
    expect(await printed('remove', 'gone@example.com')).toContain(
      `is off the list of ${ledger}, as it was already. `,
    )
  })

  it('has no options of its own without --at-provider', async () => {
    await expect(printed('remove', 'gone@example.com', '--dry-run')).rejects.toThrow(/go with --at-provider/)
  })

  it('says so of an address that was never on the list', async () => {
    await expect(printed('remove', 'somebody@example.com')).rejects.toThrow(/was never on the list/)
    expect(await Array.fromAsync(list.all())).toEqual([])
  })

  it('counts out every reason, whoever reported it, and names the providers whose own lists may hold it', async () => {
    const recipient = 'gone@example.com'
    const reported = [hardBounce, { ...complaint, provider: 'sendcloud' }, unsubscription, blocklisting]
    const odd = ['11', '12', '13'].map((day) => unclear(day, `m${day}`))
    for (const one of [...reported, ...odd]) await list.suppress({ ...one, recipient })
    expect(await printed('remove', recipient)).toContain(
      "A list of sendcloud and tencent-ses's own may still hold it",
    )
    expect(await isListed(recipient)).toBe(false)
  })

  it("says nothing of a provider's own list where none ever spoke against the address", async () => {
    await printed('add', 'some@example.com')
    // An export of somebody with whom nothing is sent.
    await list.suppress({
      ...complaint,
      recipient: 'some@example.com',
      source: 'import',
      provider: 'mailgun',
    })
    now.mockReturnValue(at('2026-11-23T11:00:00Z'))
    expect(await printed('remove', 'some@example.com')).toMatch(/so does `ledger suppressions add`\.\n$/)
    // Another sender's list, which does not decide what is sent here.
    await list.suppress({ ...complaint, source: 'import', provider: 'sendgrid' })
    expect(await printed('remove', 'angry@example.com')).toMatch(/so does `ledger suppressions add`\.\n$/)
  })

  it('counts out evidence, too, that is later than the clock of this machine', async () => {
    await list.suppress({ ...hardBounce, occurredAtMs: at('2026-11-24T00:00:00Z') })
    expect(await printed('remove', 'gone@example.com')).toContain(
      'Whatever was known up to 2026-11-23T10:00:00.250Z no longer counts;',
    )
    now.mockReturnValue(at('2026-11-25T00:00:00Z'))
    expect(await isListed('gone@example.com')).toBe(false)
  })
})
