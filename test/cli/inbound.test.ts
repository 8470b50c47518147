import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { Command } from 'commander'
import { registerInbound } from '../../cli/inbound.ts'
import type { InboundMail } from '../../lib/core/inbound-mail.ts'
import { inboundMailWriter } from '../../lib/table/inbound-writer.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { embeddedTables } from '../embedded-tables.ts'

const engine = embeddedTables()
const environment = { ...process.env }
let printed: string
let keepAll: (...mails: readonly InboundMail[]) => Promise<void>

beforeEach(async () => {
  const tables = await engine.freshTables()
  Object.assign(process.env, engine.environmentOf(tables))
  const { client } = engine
  const writer = inboundMailWriter({ client, table: tables.inbound, retentionDays: 30, clock: systemClock })
  keepAll = async (...mails) => {
    for (const mail of mails) await writer.keep(mail)
  }
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

/** What `ledger inbound …` prints. */
async function ledger(...words: readonly string[]): Promise<string> {
  const program = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  registerInbound(program)
  for (const command of program.commands[0]!.commands) command.exitOverride()
  printed = ''
  await program.parseAsync(['inbound', ...words, '--tz', 'Asia/Shanghai'], { from: 'user' })
  return printed
}

const content = {
  event: 'route',
  from: 'Someone <someone@theirs.example>',
  to: 'inbox@ours.example',
  subject: '=?UTF-8?Q?Re:_your_order?=',
  headers: '{"Date":"Sat, 21 Nov 2026 15:59:57 +0800"}',
  text: 'Thank you.\r\n\tYours, Someone\r\n',
  raw_message: 'From: someone@theirs.example\r\n\r\nThank you.\u001b[2J\r\n',
}

function mailWith(reported: Partial<InboundMail>): InboundMail {
  return {
    provider: 'sendcloud',
    recipient: 'inbox@ours.example',
    receivedAtMs: Date.parse('2026-11-21T07:59:58Z'),
    columns: { from: 'someone@theirs.example', subject: 'Re: your order', labelName: 'orders' },
    content: JSON.stringify(content),
    ...reported,
  }
}

const answer = mailWith({
  answers: { message: '1644468027883_1024_25239_6195', recipient: 'someone@theirs.example' },
  rawMessageUrl: 'https://files.example/1.eml',
})
/** sha256('sendcloud\n' + the JSON text of the content above) */
const answerId = '33b251e3897f7d8f19f1c8b16ebee50d352ede6e0876298cf9a37507b61e5c77'

const later = mailWith({
  receivedAtMs: Date.parse('2026-11-21T09:00:00Z'),
  columns: { mailFrom: 'other@theirs.example' },
  content: '{"html":"<p>Hello</p>"}',
})

describe('the list', () => {
  it('is one line a mail, newest first', async () => {
    await keepAll(answer, later)
    const [first, second, ...others] = (await ledger('list')).split('\n')
    expect(first).toMatch(
      /^[0-9a-f]{12} {2}2026-11-21 17:00:00 {2}other@theirs.example → inbox@ours.example$/,
    )
    expect(second).toBe(
      `${answerId.slice(0, 12)}  2026-11-21 15:59:58  someone@theirs.example → inbox@ours.example  Re: your order  answers 1644468027883_1024_25239_6195`,
    )
    expect(others).toEqual(['Times are in Asia/Shanghai.', ''])
  })

  it('is of the mails that answer one message where that is given', async () => {
    await keepAll(answer, later)
    expect(await ledger('list', '--answers', '1644468027883_1024_25239_6195')).toMatch(
      new RegExp(`^${answerId.slice(0, 12)}.*\nTimes are in Asia/Shanghai\\.\n$`),
    )
    expect(await ledger('list', '--answers', 'another')).toMatch(/^No answer to it is kept in test-\d+\.\n$/)
  })

  it('says that there is none', async () => {
    expect(await ledger('list')).toMatch(/^No mail is kept in test-\d+\.\n$/)
    expect(JSON.parse(await ledger('list', '--json'))).toEqual([])
  })

  it('is JSON without content where that is asked for', async () => {
    await keepAll(answer)
    expect(JSON.parse(await ledger('list', '--json'))).toEqual([
      {
        id: answerId,
        provider: 'sendcloud',
        recipient: 'inbox@ours.example',
        answers: '1644468027883_1024_25239_6195',
        answeredRecipient: 'someone@theirs.example',
        receivedAt: ['2026-11-21T07:59:58Z'],
        rawMessageUrls: ['https://files.example/1.eml'],
        columns: { from: 'someone@theirs.example', subject: 'Re: your order', labelName: 'orders' },
      },
    ])
  })
})

describe('a mail', () => {
  it('is shown as what the ledger knows and what a person wrote', async () => {
    await keepAll(answer)
    expect(await ledger('show', answerId.slice(0, 8))).toBe(
      [
        `id          ${answerId}`,
        'provider    sendcloud',
        'recipient   inbox@ours.example',
        'answers     1644468027883_1024_25239_6195 to someone@theirs.example',
        'received    2026-11-21 15:59:58 (Asia/Shanghai)',
        'rawMessage  https://files.example/1.eml',
        'labelName   orders',
        '',
        'subject  Re: your order',
        'from     someone@theirs.example',
        'to       inbox@ours.example',
        'date     Sat, 21 Nov 2026 15:59:57 +0800',
        '',
        'Thank you.',
        '\tYours, Someone',
        '',
        '',
      ].join('\n'),
    )
  })

  it('without a text says how to see all of it', async () => {
    await keepAll(later)
    const id = (await ledger('list')).slice(0, 12)
    expect(await ledger('show', id)).toContain(
      `\nThe mail has no text of its own. \`ledger inbound show ${id} --raw\` prints all of it.\n`,
    )
    expect(await ledger('show', id, '--raw')).toBe('{"html":"<p>Hello</p>"}')
  })

  it('is printed as it came where that is asked for', async () => {
    await keepAll(answer)
    expect(await ledger('show', answerId, '--raw')).toBe(
      'From: someone@theirs.example\r\n\r\nThank you.\u001b[2J\r\n',
    )
  })

  it('is JSON with all of its content where that is asked for', async () => {
    await keepAll(answer)
    expect(JSON.parse(await ledger('show', answerId, '--json'))).toMatchObject({ id: answerId, content })
    await expect(ledger('show', answerId, '--json', '--raw')).rejects.toThrow(/cannot be used with/)
  })

  it.each(['not JSON', '17', 'null', '[]'])('whose content is %s is shown all the same', async (reported) => {
    await keepAll(mailWith({ content: reported }))
    const id = (await ledger('list')).slice(0, 12)
    expect(await ledger('show', id)).toContain('subject  Re: your order\n')
    expect(await ledger('show', id, '--raw')).toBe(reported)
  })

  it('that is not there is reported in a sentence', async () => {
    await expect(ledger('show', '0a1b2c')).rejects.toThrow(
      'There is no mail of that id. `ledger inbound list` shows the ids.',
    )
    await expect(ledger('show', 'it')).rejects.toThrow(/at least its first 6/)
  })
})

describe('what a stranger wrote', () => {
  const hostile = 'a\u001b[2J\u0007\u009b31m\u0000\u007fb'
  const mail = mailWith({
    recipient: `${hostile}@ours.example`,
    columns: { from: hostile, subject: `${hostile}\r\n${hostile}`, reference: hostile },
    rawMessageUrl: hostile,
    content: JSON.stringify({
      subject: hostile,
      from: hostile,
      date: hostile,
      text: `${hostile}\n\t${hostile}`,
    }),
  })
  // Everything that a terminal may take for a command, but for the end of a line and a tab.
  const controls = /[^\P{Cc}\n\t]/u

  it.each([[['list']], [['list', '--json']], [['show', 'ID']], [['show', 'ID', '--json']]])(
    'cannot steer the terminal through %j',
    async (words) => {
      await keepAll(mail)
      const id = (await ledger('list')).slice(0, 12)
      const output = await ledger(...words.map((word) => (word === 'ID' ? id : word)))
      expect(output).toContain('[2J')
      expect(output).not.toMatch(controls)
    },
  )

  it('stays on its line in a list, and keeps its lines in a text', async () => {
    await keepAll(mail)
    const listed = await ledger('list')
    expect(listed.split('\n')).toHaveLength(3)
    expect(await ledger('show', listed.slice(0, 12))).toMatch(/\na\[2J31mb\n\ta\[2J31mb\n$/)
  })

  it('is still the same in JSON', async () => {
    await keepAll(mail)
    const [listed] = JSON.parse(await ledger('list', '--json')) as { columns: { from: string } }[]
    expect(listed?.columns.from).toBe(hostile)
  })
})
