import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'
import { registerExport } from '../../cli/export.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { createTables } from '../../local/tables.ts'
import { embeddedTables, type EmbeddedTables } from '../embedded-tables.ts'
import { eventWith, sampleMessage } from '../events.ts'
import { comparedOn } from './compared-on.ts'
import { runInProcess } from './in-process.ts'

const engine = embeddedTables()
const elsewhere = embeddedTables({ onlyHere: true })
let folder: string
let out: string
let tables: Awaited<ReturnType<typeof engine.freshTables>>

const run = (...words: readonly string[]) =>
  runInProcess(registerExport, ['export', ...words], engine.environmentOf(tables))

const read = () => readFile(out, 'utf8')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-'))
  tables = await engine.freshTables()
  const writer = deliveryWriter({
    client: engine.client,
    table: tables.deliveries,
    retentionDays: 400,
    clock: systemClock,
  })
  const ann = eventWith({
    recipient: 'ann@example.com',
    columns: { subject: '=1+1', template: '7', from: 'shop@example.org' },
    headers: new Map([['SC-Custom-Order', '-9']]),
  })
  await writer.record(ann)
  await writer.record({ ...ann, kind: 'opened', occurredAtMs: Date.parse('2022-06-01T07:00:00Z') })
  await writer.record({ ...ann, kind: 'opened', occurredAtMs: Date.parse('2022-06-02T07:00:00Z') })
  await writer.record(
    eventWith({
      provider: 'sendcloud',
      recipient: 'ben@example.net',
      spelling: 'Ben@example.net',
      message: 'a-inbound',
      emailId: 'a-inbound0$Ben@example.net',
      kind: 'bounced',
      bounceClass: 'hard',
      reply: '550 5.1.1 no such user, "Ben"',
    }),
  )
})
beforeEach(async () => {
  out = join(folder, 'mails')
  for (const file of [out, `${out}.checkpoint.json`]) await rm(file, { force: true })
})
afterAll(() => rm(folder, { recursive: true }))

const start = ['--out', 'FILE', '--restart']
const to = (...words: readonly string[]) =>
  run(...[...start, ...words].map((word) => (word === 'FILE' ? out : word)))

/** What an export of one segment, interrupted behind its first mail, leaves. */
async function checkpointOn(there: EmbeddedTables, position: string | null = null): Promise<string> {
  const of = await comparedOn(there, tables, { format: 'ndjson', segments: 1, filter: {} })
  return JSON.stringify({ of, bytes: 6, rows: 1, mails: 1, positions: [position], isDone: [false] })
}

describe('ledger export', () => {
  it('writes a line of JSON for each mail, with every fact', async () => {
    const { output, errors, code } = await run()
    expect(
      output
        .trim()
        .split('\n')
        .sort()
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      {
        recipient: 'ann@example.com',
        message: sampleMessage,
        provider: 'tencent-ses',
        status: 'delivered',
        sentAt: '2022-06-01T06:24:39Z',
        counts: { delivered: 1, opened: 2 },
        facts: {
          delivered: ['2022-06-01T06:24:43Z'],
          opened: ['2022-06-01T07:00:00Z', '2022-06-02T07:00:00Z'],
        },
        columns: {
          'SC-Custom-Order': '-9',
          from: 'shop@example.org',
          sentAt: '2022-06-01T06:24:39Z',
          subject: '=1+1',
          template: '7',
        },
      },
      {
        recipient: 'ben@example.net',
        message: 'a-inbound',
        provider: 'sendcloud',
        status: 'bounced',
        sentAt: '2022-06-01T06:24:43Z',
        spellings: ['Ben@example.net'],
        emailIds: ['a-inbound0$Ben@example.net'],
        counts: { bounced: 1 },
        facts: { bounced: ['2022-06-01T06:24:43Z hard 550 5.1.1 no such user, "Ben"'] },
        columns: {},
      },
    ])
    expect(errors).toMatch(/^This reads the whole table: about \d+ rows? in [\d.]+ MB, \d+ read units? \(/)
    expect(errors).toContain('2 mails of 2 rows written.')
    expect(code).toBe(0)
  })

  it('writes a row of CSV for each mail, with formulas escaped', async () => {
    await to('--format', 'csv', '--status', 'delivered')
    expect(await read()).toBe(
      `recipient,messageId,provider,status,class,reply,sentAt,requestedFirst,requestedLast,requestedCount,deferredFirst,deferredLast,deferredCount,deliveredFirst,deliveredLast,deliveredCount,droppedFirst,droppedLast,droppedCount,bouncedFirst,bouncedLast,bouncedCount,openedFirst,openedLast,openedCount,clickedFirst,clickedLast,clickedCount,complainedFirst,complainedLast,complainedCount,unsubscribedFirst,unsubscribedLast,unsubscribedCount,unknownFirst,unknownLast,unknownCount,subject,from,fromDomain,template,task,account,category,labelId,labelName,rfcMessageId,region,spellings,emailIds,headers
ann@example.com,${sampleMessage},tencent-ses,delivered,,,2022-06-01T06:24:39Z,,,0,,,0,2022-06-01T06:24:43Z,2022-06-01T06:24:43Z,1,,,0,,,0,2022-06-01T07:00:00Z,2022-06-02T07:00:00Z,2,,,0,,,0,,,0,,,0,'=1+1,shop@example.org,,7,,,,,,,,,,"{""SC-Custom-Order"":""-9""}"
`,
    )
    expect((await stat(out)).mode & 0o777).toBe(0o600)
    await to('--format', 'csv', '--status', 'bounced')
    expect(await read()).toContain('bounced,gone,"550 5.1.1 no such user, ""Ben""",2022-06-01T06:24:43Z,')
  })

  it('writes Parquet with instants and counts as such', async () => {
    await to('--format', 'parquet')
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(out) })
    const [ann, ben] = rows.toSorted((a, b) => (String(a.recipient) < String(b.recipient) ? -1 : 1))
    expect(ann).toMatchObject({
      recipient: 'ann@example.com',
      status: 'delivered',
      class: null,
      sentAt: new Date('2022-06-01T06:24:39Z'),
      openedFirst: new Date('2022-06-01T07:00:00Z'),
      openedLast: new Date('2022-06-02T07:00:00Z'),
      openedCount: 2,
      clickedFirst: null,
      clickedCount: 0,
      subject: '=1+1',
      headers: '{"SC-Custom-Order":"-9"}',
    })
    expect(ben).toMatchObject({
      recipient: 'ben@example.net',
      messageId: 'a-inbound',
      class: 'gone',
      reply: '550 5.1.1 no such user, "Ben"',
      emailIds: 'a-inbound0$Ben@example.net',
    })
    expect(rows).toHaveLength(2)
    expect(await readdir(folder)).toEqual(['mails'])
  })

  it.each([
    [['--domain', 'EXAMPLE.net'], ['ben@example.net']],
    [['--template', '7'], ['ann@example.com']],
    [['--provider', 'sendcloud'], ['ben@example.net']],
    [
      ['--from', '2022-06-01', '--to', '2022-06-01'],
      ['ann@example.com', 'ben@example.net'],
    ],
    [['--from', '2022-06-02'], []],
    [['--to', '2022-05-31'], []],
  ])('leaves out what does not fit %j', async (words, expected) => {
    const { output } = await run(...words)
    const recipients = output.split('\n').flatMap((line) => /"recipient":"([^"]+)"/.exec(line)?.[1] ?? [])
    expect(recipients.sort()).toEqual(expected)
  })

  it('goes on behind the bytes of its checkpoint, and cuts off what an interrupted run wrote behind them', async () => {
    await writeFile(out, '"one"\n{"half of a li')
    await writeFile(`${out}.checkpoint.json`, await checkpointOn(engine))
    const { errors } = await run('--out', out, '--segments', '1')
    expect(errors).toContain(`Going on behind 1 mail in ${out} (--restart begins anew).`)
    expect(errors).toContain('3 mails of 3 rows written')
    const lines = (await read()).split('\n')
    expect([lines[0], lines.length]).toEqual(['"one"', 4])
    expect(await readdir(folder)).toEqual(['mails'])
  })

  it('refuses the checkpoint of the same export from tables of the same names elsewhere', async () => {
    await createTables(elsewhere.client, tables.prefix)
    const checkpoint = await checkpointOn(elsewhere)
    await writeFile(out, '"one"\n')
    await writeFile(`${out}.checkpoint.json`, checkpoint)
    const { code, errors } = await run('--out', out, '--segments', '1')
    expect(errors).toBe(
      `${out} holds an interrupted export of another ledger or with other options: give the same, or begin anew with --restart.\n`,
    )
    expect([code, await read()]).toEqual([1, '"one"\n'])
    expect(await readFile(`${out}.checkpoint.json`, 'utf8')).toBe(checkpoint)
  })

  it('refuses a checkpoint with a position that is none of its table', async () => {
    const position = '{"after recipient":"ann@example.com","after message":"m"}'
    await writeFile(out, '"one"\n')
    await writeFile(`${out}.checkpoint.json`, await checkpointOn(engine, position))
    const { code, errors } = await run('--out', out, '--segments', '1')
    expect([code, await read()]).toEqual([1, '"one"\n'])
    expect(errors.split('\n')[1]).toBe(
      'Reading cannot go on from this position: expected {"message": {"S": string}, "recipient": {"S": string}}, found {"after message": string, "after recipient": string}. Go on from a position that this table gave, or begin anew (a command: with --restart).',
    )
  })

  it('refuses the checkpoint of another export, one that cannot be read, and a file that is there', async () => {
    await writeFile(out, '"one"\n')
    expect((await run('--out', out)).errors).toContain(
      `${out} is there already: name another, or overwrite it`,
    )
    await writeFile(`${out}.checkpoint.json`, '{}')
    expect((await run('--out', out)).errors).toContain('is no checkpoint of an export')
    await writeFile(
      `${out}.checkpoint.json`,
      '{"of":"another","bytes":6,"rows":1,"mails":1,"positions":[],"isDone":[]}',
    )
    expect((await run('--out', out)).errors).toContain('another ledger or with other options')
    expect(await read()).toBe('"one"\n')
    await to()
    expect(await readdir(folder)).toEqual(['mails'])
  })

  it.each([
    [['--format', 'xml'], "option '--format <format>' argument 'xml' is invalid"],
    [['--format', 'parquet'], 'A Parquet file needs a name: add --out <file>.'],
    [['--from', '2026-02-30'], "argument '2026-02-30' is invalid. Expected a day, YYYY-MM-DD in UTC+8."],
    [['--from', '2026-02-03', '--to', '2026-02-02'], '--from 2026-02-03 is later than --to 2026-02-02.'],
    [['--status', 'lost'], "option '--status <status>' argument 'lost' is invalid"],
    [['--domain', 'a b'], '--domain: expected a domain, such as example.com.'],
    [['--segments', '65'], 'Expected a whole number from 1 to 64.'],
  ])('refuses %j', async (words, why) => {
    const { code, errors, output } = await run(...words)
    expect(errors).toContain(why)
    expect([code, output]).toEqual([1, ''])
  })
})
