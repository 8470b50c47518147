import { createCipheriv } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { afterEach, describe, expect, it } from '@jest/globals'
import { DeleteItemCommand, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import type { InboundMail } from '../../../lib/core/inbound-mail.ts'
import { inboundMailReader } from '../../../lib/table/inbound-reader.ts'
import { inboundMailWriter } from '../../../lib/table/inbound-writer.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { isProof, times } from '../../strength.ts'

const engine = embeddedTables()
const kb = 1_024
const at = (time: string) => Date.parse(time)

/** An answer to a mail of ours, but for what a test says about it. */
function mailWith(reported: Partial<InboundMail>): InboundMail {
  return {
    provider: 'sendcloud',
    recipient: 'inbox@ours.example',
    receivedAtMs: at('2026-11-21T07:59:58Z'),
    columns: { from: 'someone@theirs.example', subject: 'Re: your order' },
    content: '{"subject":"Re: your order","text":"Thank you."}',
    ...reported,
  }
}

/** sha256('sendcloud\n{"subject":"Re: your order","text":"Thank you."}') */
const sampleId = 'ddb3f06767afe63b50a6a518a0924cfc65c395fff23a9fc4f473e8b536517e27'

async function inboundTable() {
  const { inbound: table } = await engine.freshTables()
  const { client } = engine
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const logged: unknown[] = []
  const log = (event: string, fields?: object) => logged.push({ event, ...fields })
  const writer = inboundMailWriter({ client, table, retentionDays: 30, clock })
  return {
    client,
    table,
    clock,
    logged,
    writer,
    reader: inboundMailReader({ client, table, clock, log }),
    rows: () => rowsOf(client, table),
    keepAll: async (...mails: readonly InboundMail[]) => {
      for (const mail of mails) await writer.keep(mail)
    },
  }
}

/** JSON text of that many bytes, which no compression makes much smaller. */
function contentOf(bytes: number): string {
  const random = createCipheriv('aes-128-ctr', Buffer.alloc(16, 7), Buffer.alloc(16)).update(
    Buffer.alloc(bytes),
  )
  return `{"text":"${random.toString('base64').slice(0, bytes - 11)}"}`
}

async function idOfOnly(reader: ReturnType<typeof inboundMailReader>): Promise<string> {
  const [mail, ...others] = await Array.fromAsync(reader.all())
  expect(others).toEqual([])
  return mail!.id
}

describe('an inbound mail', () => {
  it('is one row that a person can read', async () => {
    const { keepAll, rows } = await inboundTable()
    await keepAll(
      mailWith({
        answers: { message: '1644468027883_1024_25239_6195', recipient: 'someone@theirs.example' },
        rawMessageUrl: 'https://files.example/1.eml',
      }),
    )
    expect(await rows()).toEqual([
      {
        id: sampleId,
        provider: 'sendcloud',
        recipient: 'inbox@ours.example',
        answers: '1644468027883_1024_25239_6195',
        answeredRecipient: 'someone@theirs.example',
        from: 'someone@theirs.example',
        subject: 'Re: your order',
        bytes: 48,
        content: '{"subject":"Re: your order","text":"Thank you."}',
        receivedAt: ['2026-11-21T07:59:58Z'],
        rawMessageUrls: ['https://files.example/1.eml'],
      },
    ])
  })

  it('leaves the table after a retention of its own, with its parts', async () => {
    const { client, table, keepAll, rows } = await inboundTable()
    await keepAll(mailWith({ content: contentOf(40 * kb) }))
    const kept = await rows()
    expect(kept).toHaveLength(2)
    for (const { id } of kept) {
      const get = new GetItemCommand({ TableName: table, Key: { id: { S: String(id) } } })
      const { Item } = await client.send(get)
      expect(Item?.expiresAt).toEqual({ N: String(at('2026-12-21T08:00:00Z') / 1_000) })
    }
  })

  it.each([
    ['32 KB', 32 * kb, undefined],
    ['a byte more than 32 KB', 32 * kb + 1, 1],
    ['349 KB', 349 * kb, 1],
    ['a byte more than 349 KB', 349 * kb + 1, 2],
    ...(isProof ? [['6 MB', 6_144 * kb, 18] as const] : []),
  ])('of %s comes back as it was', async (_, bytes, parts) => {
    const { client, table, keepAll, reader } = await inboundTable()
    const content = contentOf(bytes)
    await keepAll(mailWith({ content }))
    const id = await idOfOnly(reader)
    const { Item: head } = await client.send(new GetItemCommand({ TableName: table, Key: { id: { S: id } } }))
    expect(head?.bytes).toEqual({ N: String(bytes) })
    expect(head?.parts).toEqual(parts === undefined ? undefined : { N: String(parts) })
    expect('content' in head!).toBe(parts === undefined)
    expect((await reader.mail(id))?.content === content).toBe(true)
  })

  it('is measured in bytes, not in characters', async () => {
    const { keepAll, reader, rows } = await inboundTable()
    const content = JSON.stringify({ text: '信'.repeat(11 * kb) })
    await keepAll(mailWith({ content }))
    expect((await rows())[0]).toMatchObject({ bytes: 33 * kb + 11, parts: 1 })
    expect((await reader.mail(await idOfOnly(reader)))?.content === content).toBe(true)
  })

  it.each([
    ['content', { content: '{"text":"Another."}' }],
    ['provider', { provider: 'another' }],
  ])('of another %s is another mail', async (_, reported) => {
    const { keepAll, rows } = await inboundTable()
    await keepAll(mailWith({}), mailWith(reported))
    expect(await rows()).toHaveLength(2)
  })

  it('that answers nothing known stands under - in the index', async () => {
    const { keepAll, rows } = await inboundTable()
    await keepAll(mailWith({}))
    expect((await rows())[0]).toMatchObject({ answers: '-' })
  })

  it.each([
    ['empty', ''],
    ['in words', 'no identifier'],
    ['too long', 'x'.repeat(3_000)],
    ['the key of a fact', 'a#b'],
  ])('that claims to answer a message whose id is %s answers none', async (_, message) => {
    const { keepAll, reader } = await inboundTable()
    await keepAll(mailWith({ answers: { message } }))
    const [mail] = await Array.fromAsync(reader.all())
    expect(mail).not.toHaveProperty('answers')
  })

  it('is not written once the deadline has passed', async () => {
    const { writer, rows } = await inboundTable()
    await expect(writer.keep(mailWith({}), AbortSignal.abort())).rejects.toThrow(/abort/i)
    const large = mailWith({ content: contentOf(40 * kb) })
    await expect(writer.keep(large, AbortSignal.abort())).rejects.toThrow(/abort/i)
    expect(await rows()).toEqual([])
  })
})

describe('a mail that is reported twice', () => {
  const reports = [
    mailWith({ receivedAtMs: at('2026-11-21T07:59:58Z'), rawMessageUrl: 'https://files.example/1.eml' }),
    mailWith({ receivedAtMs: at('2026-11-21T08:01:00Z'), rawMessageUrl: 'https://files.example/2.eml' }),
  ]

  it('is one row in either order, which records both reports', async () => {
    const [one, other] = [await inboundTable(), await inboundTable()]
    await one.keepAll(...reports)
    await other.keepAll(...reports.toReversed())
    expect(await one.rows()).toMatchObject([
      {
        receivedAt: ['2026-11-21T07:59:58Z', '2026-11-21T08:01:00Z'],
        rawMessageUrls: ['https://files.example/1.eml', 'https://files.example/2.eml'],
      },
    ])
    expect(await other.rows()).toEqual(await one.rows())
  })

  it('after its parts were written and its head was not ends in the same rows as one that came whole', async () => {
    const mail = mailWith({ content: contentOf(400 * kb) })
    const [whole, broken] = [await inboundTable(), await inboundTable()]
    await whole.keepAll(mail)
    await broken.keepAll(mail)
    const head = { id: { S: await idOfOnly(broken.reader) } }
    await broken.client.send(new DeleteItemCommand({ TableName: broken.table, Key: head }))
    expect(await broken.rows()).toHaveLength(2)
    expect(await Array.fromAsync(broken.reader.all())).toEqual([])
    await broken.keepAll(mail)
    // Compared by node: jest looks at one byte after the other.
    expect(isDeepStrictEqual(await broken.rows(), await whole.rows())).toBe(true)
  })

  // Contents on both sides of the border to parts; few instants and links, so that reports repeat and differ.
  const repeat = fc
    .record({
      content: fc.constantFrom('{"text":"one"}', '{"text":"two"}', contentOf(33 * kb)),
      second: fc.nat(3),
      url: fc.constantFrom('https://files.example/1.eml', 'https://files.example/2.eml', undefined),
    })
    .map(({ content, second, url }) =>
      mailWith({
        content,
        receivedAtMs: at('2026-11-21T07:00:00Z') + second * 1_000,
        ...(url !== undefined && { rawMessageUrl: url }),
      }),
    )
  const reported = fc.array(repeat, { minLength: 1, maxLength: 5 }).chain((mails) =>
    fc.record({
      mails: fc.constant(mails),
      again: fc.shuffledSubarray([...mails, ...mails], { minLength: mails.length * 2 }),
    }),
  )

  it('ends in the same rows in any order, with any repeats and whoever gets in between', async () => {
    await fc.assert(
      fc.asyncProperty(reported, async ({ mails, again }) => {
        const [inOrder, shuffled, raced] = [await inboundTable(), await inboundTable(), await inboundTable()]
        await inOrder.keepAll(...mails)
        await shuffled.keepAll(...again)
        await Promise.all([
          raced.keepAll(...mails),
          raced.keepAll(...again),
          raced.keepAll(...mails.toReversed()),
        ])
        expect(await shuffled.rows()).toEqual(await inOrder.rows())
        expect(await raced.rows()).toEqual(await inOrder.rows())
      }),
      { numRuns: times({ quick: 2, proof: 6 }) },
    )
  })
})

describe('the sets of a mail', () => {
  const reports = (count: number, reported: (index: number) => Partial<InboundMail>) =>
    Array.from({ length: count }, (_, index) => mailWith(reported(index)))
  const instant = (index: number) => at('2026-11-21T00:00:00Z') + index * 1_000
  const url = (index: number) => `https://files.example/${index}.eml`

  it('hold a hundred instants and ten links, and a report beyond them is not a fault', async () => {
    const { keepAll, rows } = await inboundTable()
    const all = reports(102, (index) => ({ receivedAtMs: instant(index), rawMessageUrl: url(index) }))
    await keepAll(...all, ...all.slice(0, 3))
    const [row] = await rows()
    expect(row?.receivedAt).toHaveLength(100)
    expect(row?.rawMessageUrls).toEqual(Array.from({ length: 10 }, (_, index) => url(index)))
  })

  it('hold a link of 8,000 bytes whole', async () => {
    const { keepAll, rows } = await inboundTable()
    const whole = 'https://files.example/'.padEnd(8_000, 'x')
    await keepAll(mailWith({ rawMessageUrl: whole }))
    await keepAll(mailWith({ rawMessageUrl: whole.replace(/x$/, 'yz') }))
    expect((await rows())[0]).toMatchObject({ rawMessageUrls: [whole, whole.replace(/x$/, 'y…')] })
  })

  it('that are full do not keep a report from restarting the retention', async () => {
    const { client, table, clock, keepAll } = await inboundTable()
    await keepAll(...reports(100, (index) => ({ receivedAtMs: instant(index), rawMessageUrl: url(index) })))
    clock.advance(86_400_000)
    await keepAll(mailWith({ receivedAtMs: instant(100), rawMessageUrl: url(100) }))
    const get = new GetItemCommand({ TableName: table, Key: { id: { S: sampleId } } })
    const { Item } = await client.send(get)
    expect(Item?.expiresAt).toEqual({ N: String(at('2026-12-22T08:00:00Z') / 1_000) })
  })

  it('are full each on its own', async () => {
    const { keepAll, rows } = await inboundTable()
    await keepAll(...reports(100, (index) => ({ receivedAtMs: instant(index) })))
    await keepAll(mailWith({ receivedAtMs: instant(100), rawMessageUrl: url(1) }))
    expect((await rows())[0]).toMatchObject({ rawMessageUrls: [url(1)] })

    const other = await inboundTable()
    await other.keepAll(
      ...reports(10, (index) => ({ receivedAtMs: instant(0), rawMessageUrl: url(index) })),
      mailWith({ receivedAtMs: instant(1), rawMessageUrl: url(10) }),
    )
    const [row] = await other.rows()
    expect(row).toMatchObject({ receivedAt: ['2026-11-21T00:00:00Z', '2026-11-21T00:00:01Z'] })
    expect(row?.rawMessageUrls).not.toContain(url(10))
  })

  it('are not grown beyond what they hold by writers that race', async () => {
    const { keepAll, rows } = await inboundTable()
    const all = reports(120, (index) => ({ receivedAtMs: instant(index), rawMessageUrl: url(index) }))
    await Promise.all(all.map((mail) => keepAll(mail)))
    const [row] = await rows()
    expect(row?.receivedAt).toHaveLength(100)
    expect(row?.rawMessageUrls).toHaveLength(10)
  })
})

describe('a head', () => {
  it('takes the first 2000 bytes of what a stranger wrote, and the content holds all of it', async () => {
    const { keepAll, rows } = await inboundTable()
    const subject = '信'.repeat(10_000)
    await keepAll(mailWith({ columns: { subject }, content: JSON.stringify({ subject }) }))
    expect((await rows())[0]).toMatchObject({
      subject: `${'信'.repeat(666)}…`,
      content: JSON.stringify({ subject }),
    })
  })

  it('takes half a character as the sign for a character that is none', async () => {
    const { keepAll, rows } = await inboundTable()
    await keepAll(mailWith({ columns: { subject: 'a\ud83d' } }))
    expect((await rows())[0]).toMatchObject({ subject: 'a\ufffd' })
  })

  it('stays within a row though everything in it is at its longest', async () => {
    const { keepAll, rows } = await inboundTable()
    const long = '信'.repeat(3_000)
    const columns = {
      from: long,
      fromName: long,
      to: long,
      toName: long,
      subject: long,
      mailFrom: long,
      reference: long,
      emailId: long,
      labelId: long,
      labelName: long,
    }
    const answers = { message: 'm'.repeat(512), recipient: long }
    const reported = {
      recipient: long,
      columns,
      answers,
      content: contentOf(times({ quick: 1, proof: 32 }) * kb),
    }
    for (let index = 0; index < 100; index += 1) {
      const rawMessageUrl = `https://files.example/${index}/${long}`
      await keepAll(
        mailWith({ ...reported, rawMessageUrl, receivedAtMs: at('2026-11-21T00:00:00Z') + index }),
      )
    }
    const [row] = await rows()
    expect(row?.rawMessageUrls).toHaveLength(10)
    const shortened = `${'信'.repeat(666)}…`
    expect(row).toMatchObject({ recipient: shortened, answeredRecipient: shortened })
    expect(Buffer.byteLength(JSON.stringify(row))).toBeLessThan(400_000)
  })
})

describe('the writer', () => {
  afterEach(() => {
    engine.client.middlewareStack.remove('names')
  })

  it('puts and updates, and has nothing returned to it', async () => {
    const { keepAll } = await inboundTable()
    const sent: unknown[] = []
    const note =
      (next: (args: never) => Promise<never>, { commandName }: { commandName?: string }) =>
      (args: { input: { ReturnValues?: string } }) => {
        sent.push([commandName, args.input.ReturnValues])
        return next(args as never)
      }
    engine.client.middlewareStack.add(note as never, { step: 'initialize', name: 'names' })
    await keepAll(mailWith({ content: contentOf(400 * kb) }), mailWith({}))
    expect(sent).toEqual([
      ['PutItemCommand', undefined],
      ['PutItemCommand', undefined],
      ['UpdateItemCommand', undefined],
      ['UpdateItemCommand', undefined],
    ])
  })
})

describe('the reader', () => {
  const answering = (message: string, text: string) =>
    mailWith({ answers: { message }, content: JSON.stringify({ text }) })
  const contentsOf = (mails: readonly { readonly columns: ReadonlyMap<string, string> }[]) =>
    mails.map(({ columns }) => columns.get('subject')).sort()

  it('returns all there is, without content and without parts', async () => {
    const { keepAll, reader } = await inboundTable()
    await keepAll(mailWith({}), mailWith({ content: contentOf(400 * kb), columns: {} }))
    const mails = await Array.fromAsync(reader.all())
    expect(mails).toHaveLength(2)
    expect(mails).toContainEqual({
      id: sampleId,
      provider: 'sendcloud',
      recipient: 'inbox@ours.example',
      receivedAt: ['2026-11-21T07:59:58Z'],
      rawMessageUrls: [],
      columns: new Map([
        ['from', 'someone@theirs.example'],
        ['subject', 'Re: your order'],
      ]),
    })
  })

  it('returns the mails that answer a message, and no others', async () => {
    const { keepAll, reader } = await inboundTable()
    await keepAll(
      { ...answering('m-1', 'one'), columns: { subject: 'one' } },
      { ...answering('m-1', 'two'), columns: { subject: 'two' } },
      { ...answering('m-10', 'three'), columns: { subject: 'three' } },
      mailWith({}),
    )
    expect(contentsOf(await Array.fromAsync(reader.answering('m-1')))).toEqual(['one', 'two'])
    expect(await Array.fromAsync(reader.answering('m-2'))).toEqual([])
    const [mail] = await Array.fromAsync(reader.answering('m-10'))
    expect(mail?.answers).toBe('m-10')
  })

  it('returns the earliest instant first', async () => {
    const { keepAll, reader } = await inboundTable()
    const reported = ['2026-11-21T09:00:00Z', '2026-11-21T07:00:00Z', '2026-11-21T08:00:00Z']
    await keepAll(...reported.map((time) => mailWith({ receivedAtMs: at(time) })))
    expect((await reader.mail(sampleId))?.receivedAt).toEqual(reported.toSorted())
  })

  it('returns no expired mail', async () => {
    const { clock, keepAll, reader } = await inboundTable()
    await keepAll(answering('m-1', 'one'))
    const id = await idOfOnly(reader)
    clock.advance(30 * 86_400_000)
    expect(await Array.fromAsync(reader.all())).toEqual([])
    expect(await Array.fromAsync(reader.answering('m-1'))).toEqual([])
    expect(await reader.mail(id)).toBeUndefined()
    expect(await reader.mail(id.slice(0, 8))).toBeUndefined()
  })

  it('leaves out and logs a row that was changed by hand, which hides no other', async () => {
    const { client, table, logged, keepAll, reader } = await inboundTable()
    await keepAll(mailWith({}))
    const id = 'f'.repeat(64)
    const Item = { id: { S: id }, answers: { S: '-' }, provider: { N: '7' } }
    await client.send(new PutItemCommand({ TableName: table, Item }))
    expect(await idOfOnly(reader)).toBe(sampleId)
    expect(logged).toEqual([
      { event: 'row unreadable', id, problem: expect.stringMatching(/^provider: expected/) },
    ])
    await expect(reader.mail(id)).rejects.toThrow(`The row '${id}' of ${table} cannot be read: provider`)
  })

  it('names the part that is missing of a mail', async () => {
    const { client, table, keepAll, reader } = await inboundTable()
    await keepAll(mailWith({ content: contentOf(400 * kb) }))
    const id = await idOfOnly(reader)
    const Key = { id: { S: `${id}#002` } }
    await client.send(new DeleteItemCommand({ TableName: table, Key }))
    await expect(reader.mail(id)).rejects.toThrow(/^Part 2 of 2, .* is missing/)
  })
})

describe('an id', () => {
  async function mailNamed(...ids: readonly string[]) {
    const { client, table, keepAll, reader } = await inboundTable()
    await keepAll(mailWith({ content: contentOf(40 * kb) }))
    const first = { id: { S: await idOfOnly(reader) } }
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key: first }))
    await client.send(new DeleteItemCommand({ TableName: table, Key: first }))
    for (const id of ids) {
      await client.send(
        new PutItemCommand({ TableName: table, Item: { ...Item, id: { S: id }, content: { S: id } } }),
      )
    }
    return reader
  }
  const [one, other] = ['0a1b2c3d'.padEnd(64, '1'), '0a1b2c3e'.padEnd(64, '2')]

  it.each([6, 7, 12, 63, 64])('may be shortened to %i digits that name one mail', async (digits) => {
    const reader = await mailNamed(one)
    expect(await reader.mail(one.slice(0, digits))).toMatchObject({ id: one })
    expect(await reader.mail(` ${one.slice(0, digits).toUpperCase()} `)).toMatchObject({ id: one })
  })

  it('that begins two is refused with both of them', async () => {
    const reader = await mailNamed(one, other)
    await expect(reader.mail('0a1b2c3')).rejects.toThrow(
      `'0a1b2c3' begins 2 ids. Give more digits:\n${one}\n${other}`,
    )
    expect(await reader.mail('0a1b2c3e')).toMatchObject({ id: other })
  })

  it('names one mail where the time of the other is over', async () => {
    const { client, table, clock, keepAll, reader } = await inboundTable()
    await keepAll(mailWith({}))
    const Key = { id: { S: sampleId } }
    const { Item } = await client.send(new GetItemCommand({ TableName: table, Key }))
    const namesake = { ...Item, id: { S: `${sampleId.slice(0, 8)}${'0'.repeat(56)}` } }
    const expiresAt = { N: String(clock.now() / 1_000) }
    await client.send(new PutItemCommand({ TableName: table, Item: { ...namesake, expiresAt } }))
    expect(await reader.mail(sampleId.slice(0, 8))).toMatchObject({ id: sampleId })
  })

  it('that names nothing finds nothing', async () => {
    const reader = await mailNamed(one)
    expect(await reader.mail('0a1b2c4')).toBeUndefined()
    expect(await reader.mail('1'.repeat(64))).toBeUndefined()
  })

  it.each(['', '0a1b2', 'subject', '0a1b2c#001', '0'.repeat(65)])(
    'that is none is refused: %j',
    async (given) => {
      const reader = await mailNamed(one)
      await expect(reader.mail(given)).rejects.toThrow(
        'An id is 64 hex digits. Give it whole, or at least its first 6.',
      )
    },
  )
})
