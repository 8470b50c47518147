import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { registerSuppressions } from '../../cli/suppressions.ts'
import type { SuppressionEvidence } from '../../lib/core/suppression.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { eventWith, sampleMessage } from '../events.ts'
import { runInProcess } from './in-process.ts'

const engine = embeddedTables()
const at = (time: string) => Date.parse(time)
const now = jest.spyOn(systemClock, 'now')
let folder: string
let file: string
let tables: Awaited<ReturnType<typeof engine.freshTables>>
let list: ReturnType<typeof suppressionWriter>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-'))
  file = join(folder, 'old list.csv')
  now.mockReturnValue(at('2026-11-23T10:00:00.250Z'))
})
beforeEach(async () => {
  await freshTables()
})
afterAll(async () => {
  now.mockRestore()
  await rm(folder, { recursive: true })
})

async function freshTables(): Promise<void> {
  tables = await engine.freshTables()
  list = suppressionWriter({ client: engine.client, table: tables.suppressions })
}

/** What `ledger suppressions …` prints, and with which code it ends. */
function ledger(...words: readonly string[]) {
  const zone = words[0] === 'list' ? ['--tz', 'UTC'] : []
  return runInProcess(registerSuppressions, ['suppressions', ...words, ...zone], engine.environmentOf(tables))
}

/** A file that was last changed at 10:00 on November 20. */
async function put(content: string): Promise<void> {
  await writeFile(file, content)
  await utimes(file, at('2026-11-20T10:00:00Z') / 1_000, at('2026-11-20T10:00:00.750Z') / 1_000)
}

describe('ledger suppressions import', () => {
  it('adds the addresses of a file, and reports each that it refuses', async () => {
    await put(
      'email,reason,date,note\ngone@example.com,bounce,2026-11-01,550 no such user\nangry@example.com,complaint,,\nnobody,complaint,,\n',
    )
    const refused = "line 4: 'nobody' is no email address: expected one, such as somebody@example.com\n"
    const outlook =
      'old list.csv: 3 entries, 1 of them refused.\n' +
      '1 without an instant: as of 2026-11-20T10:00:00Z, when the file was last changed (--as-of says otherwise).\n' +
      'Reading takes a read unit or more for each entry, and half a one or more for each bounce or blocklisting that the list lacks: at most 1.\n'
    const ended = (added: string) =>
      `${refused}3 entries read: 2 ${added}, 0 known already, 0 taken off the list since, 0 in doubt and left out (--force adds them), 1 refused.\n`
    expect(await ledger('import', file, '--dry-run')).toEqual({
      code: 1,
      output: ended('would be added'),
      errors: outlook,
    })
    expect((await ledger('list')).output).toMatch(/^The list of \S+ holds no such address\.$/m)

    expect(await ledger('import', file)).toEqual({
      code: 1,
      output: ended('added'),
      errors: outlook,
    })
    expect((await ledger('list')).output).toBe(
      'angry@example.com  complaint    2026-11-20 10:00:00\ngone@example.com   hard-bounce  2026-11-01 00:00:00\nTimes are in UTC.\n',
    )
    const rows = await rowsOf(engine.client, tables.suppressions)
    await utimes(file, at('2026-11-22T10:00:00Z') / 1_000, at('2026-11-22T10:00:00Z') / 1_000)
    expect((await ledger('import', file)).output).toMatch(/: 0 added, 2 known already, /)
    expect(await rowsOf(engine.client, tables.suppressions)).toEqual(rows)
  })

  it('reads one address a line with a reason and an instant of its own', async () => {
    await put('\ufeffa@example.com\r\nb@example.com\r\n')
    const { code, errors } = await ledger('import', file, '--reason', 'by-hand', '--as-of', '2026-10-01')
    expect([code, errors]).toEqual([
      0,
      'old list.csv: 2 entries, 0 of them refused.\n2 without an instant: as of 2026-10-01T00:00:00Z.\nReading takes a read unit or more for each entry.\n',
    ])
    expect((await ledger('list')).output).toBe(
      'a@example.com  by-hand      2026-10-01 00:00:00\nb@example.com  by-hand      2026-10-01 00:00:00\nTimes are in UTC.\n',
    )
  })

  it('leaves out whoever got mail since, unless it is forced', async () => {
    const { client } = engine
    const writer = deliveryWriter({
      client,
      table: tables.deliveries,
      retentionDays: 400,
      clock: systemClock,
    })
    await writer.record(
      eventWith({ recipient: 'back@example.com', occurredAtMs: at('2026-11-21T08:00:00Z') }),
    )
    await put(
      '[{"email":"back@example.com","created":1793520000,"reason":"550 no such user"},\n{"email":"full@example.com","created":1793520000,"reason":"452 mailbox full"}]',
    )
    const words = ['import', file, '--format', 'sendgrid'] as const
    const { code, output } = await ledger(...words)
    expect([code, output]).toEqual([
      0,
      `back@example.com  in doubt (line 1): delivered at 2026-11-21T08:00:00Z, later than the entry of 2026-11-01T08:00:00Z (message ${sampleMessage})\n` +
        'full@example.com  in doubt (line 2): its reply does not speak of the mailbox (full)\n' +
        '2 entries read: 0 added, 0 known already, 0 taken off the list since, 2 in doubt and left out (--force adds them), 0 refused.\n',
    ])
    expect((await ledger(...words, '--force')).output).toMatch(/^2 entries read: 2 added, /)
  })

  it('prints a line of JSON for each finding and one at the end with --json', async () => {
    await put('email,reason\nnobody,bounce\nfull@example.com,bounce\nfull@example.com,bounce\n')
    expect((await ledger('import', file, '--json')).output).toBe(
      '{"type":"refused","line":2,"problem":"\'nobody\' is no email address: expected one, such as somebody@example.com"}\n' +
        '{"type":"end","isDryRun":false,"isWhole":true,"asOf":"2026-11-20T10:00:00Z","entries":3,"added":1,"known":1,"takenOff":0,"doubtful":0,"refused":1,"leftAside":0}\n',
    )
  })

  it('writes nothing of a file that cannot be read to its end', async () => {
    const good = Array.from({ length: 200 }, (_, index) => `a${index}@example.com,complaint,\n`).join('')
    await put(`email,reason,note\n${good}b@example.com,complaint,"open\n`)
    expect(await ledger('import', file)).toEqual({
      code: 1,
      output: '',
      errors:
        'The file cannot be read as CSV (line 202): a quote is not closed, or an entry is longer than 65536 bytes.\n',
    })
    expect(await rowsOf(engine.client, tables.suppressions)).toEqual([])
  })

  it.each([
    [['no such file.csv'], /^There is no file no such file\.csv\.$/m],
    [['.'], /^\. is no file: expected one, since it is read twice\.$/m],
    [[], /missing required argument 'file'/],
    [
      ['list.csv', '--format', 'outlook'],
      /Allowed choices are csv, ses, sendgrid, mailgun, postmark, listmonk/,
    ],
    [['list.csv', '--reason', 'spite'], /Allowed choices are hard-bounce, complaint, unsubscribe/],
    [['list.csv', '--as-of', 'yesterday'], /Expected an instant, such as 2026-11-21T08:00:03Z\./],
  ])('refuses %j', async (words, message) => {
    const { code, errors } = await ledger('import', ...words)
    expect(code).toBe(1)
    expect(errors).toMatch(message)
  })

  it('refuses an empty file, and an instant that is still to come', async () => {
    await put('email,reason\n')
    expect((await ledger('import', file)).errors).toBe('old list.csv holds no entry.\n')
    expect((await ledger('import', file, '--as-of', '2026-12-01')).errors).toBe(
      "--as-of 2026-12-01T00:00:00Z, which is in the future by this machine's clock.\n",
    )
    await utimes(file, at('2026-12-01T10:00:00Z') / 1_000, at('2026-12-01T10:00:00Z') / 1_000)
    expect((await ledger('import', file)).errors).toBe(
      "The file was last changed at 2026-12-01T10:00:00Z, which is in the future by this machine's clock. Say with --as-of what its entries without an instant count as.\n",
    )
  })
})

describe('ledger suppressions export', () => {
  const evidence = (recipient: string, reported: Partial<SuppressionEvidence> = {}): SuppressionEvidence => ({
    recipient: `${recipient}@example.com`,
    reason: 'hard-bounce',
    occurredAtMs: at('2026-11-21T08:00:03Z'),
    source: 'callback',
    provider: 'tencent-ses',
    message: sampleMessage,
    detail: '551 5.1.1 recipient is not exist',
    ...reported,
  })
  const blocklisting = (day: string) =>
    evidence('barred', {
      reason: 'blocklist',
      occurredAtMs: at(`2026-11-${day}T08:00:00Z`),
      source: 'poll',
      detail: '1007 on the blocklist',
    })
  const unclear = (day: string) =>
    evidence('odd', {
      occurredAtMs: at(`2026-11-${day}T08:00:00Z`),
      message: `m${day}`,
      judgement: { class: 'unknown', rule: 'no-rule' },
      isUnclear: true,
      detail: '550 denied',
    })
  const unsubscription = { reason: 'unsubscribe', fromDomain: 'news.example.com', detail: '' } as const
  const byHand = { reason: 'by-hand', source: 'operator', detail: '-1 "asked", twice' } as const

  beforeEach(async () => {
    for (const one of [
      evidence('gone', { judgement: { class: 'gone', rule: 'mailbox-not-there' } }),
      evidence('gone', { reason: 'complaint', occurredAtMs: at('2026-11-22T08:00:00.500Z'), detail: '' }),
      evidence('left', unsubscription),
      evidence('left', { ...unsubscription, fromDomain: 'shop.example.com' }),
      ...['01', '12', '20'].map(blocklisting),
      ...['11', '12', '13'].map(unclear),
      evidence('back'),
      ...['=cmd', '+1', '-x', "'=odd", "''+odd", "'plain"].map((name) => evidence(name, byHand)),
    ])
      await list.suppress(one)
    await list.remove('back@example.com', at('2026-11-22T00:00:00Z'))
  })

  const gone = `hard-bounce,2026-11-21T08:00:03Z,,,callback,tencent-ses,${sampleMessage},551 5.1.1 recipient is not exist`
  const asked = `yes,by-hand,2026-11-21T08:00:03Z,,,operator,,,"'-1 ""asked"", twice"`
  const barred = (since: string, until: string) =>
    `barred@example.com,yes,blocklist,2026-${since}T08:00:00Z,2026-${until}T08:00:00Z,,poll,tencent-ses,${sampleMessage},1007 on the blocklist`
  const left = (domain: string) =>
    `left@example.com,yes,unsubscribe,2026-11-21T08:00:03Z,,${domain},callback,tencent-ses,${sampleMessage},`
  const angry = `gone@example.com,yes,complaint,2026-11-22T08:00:00.500Z,,,callback,tencent-ses,${sampleMessage},`

  it('prints a line for each reason that holds, and of a blocklist for each time; no spreadsheet runs it', async () => {
    const [header, ...lines] = (await ledger('export')).output.trimEnd().split('\n')
    expect(header).toBe('recipient,suppressed,reason,since,until,fromDomain,source,provider,message,detail')
    expect(lines.sort()).toEqual(
      [
        `gone@example.com,yes,${gone}`,
        angry,
        left('news.example.com'),
        left('shop.example.com'),
        barred('11-01', '11-15'),
        barred('11-12', '11-26'),
        barred('11-20', '12-04'),
        'odd@example.com,yes,hard-bounce,2026-11-13T08:00:00Z,,,callback,tencent-ses,m13,550 denied',
        `'=cmd@example.com,${asked}`,
        `'+1@example.com,${asked}`,
        `'-x@example.com,${asked}`,
        `''=odd@example.com,${asked}`,
        `'''+odd@example.com,${asked}`,
        `'plain@example.com,${asked}`,
      ].sort(),
    )
  })

  it('prints lines of one reason, and those who are off the list, where asked', async () => {
    expect((await ledger('export', '--reason', 'complaint')).output.split('\n').slice(1)).toEqual([angry, ''])
    expect((await ledger('export', '--all')).output).toContain(`\nback@example.com,no,${gone}\n`)
  })

  it('prints the rows of list --json, one a line, with --format ndjson', async () => {
    for (const words of [[], ['--all'], ['--reason', 'blocklist']]) {
      const { output } = await ledger('export', '--format', 'ndjson', ...words)
      const rows = output.trimEnd().split('\n')
      const listed = JSON.parse((await ledger('list', '--json', ...words)).output) as unknown[]
      expect(rows.sort()).toEqual(listed.map((row) => JSON.stringify(row)).sort())
    }
  })

  it.each([[[]], [['--all']]])('prints with %j a file that is imported to an equal list', async (words) => {
    const before = (await ledger('list')).output
    await put((await ledger('export', ...words)).output)
    await freshTables()
    expect((await ledger('import', file)).output).toMatch(
      /^1\d entries read: 14 added, 0 known already, 0 taken off the list since, 0 in doubt and left out \(--force adds them\), 0 refused/,
    )
    expect((await ledger('list')).output).toBe(before)
    expect(before).toContain(
      'barred@example.com  blocklist    2026-11-01 08:00:00  until 2026-12-04 08:00:00\n',
    )
  })

  it("keeps the end that a provider's list states", async () => {
    await freshTables()
    await list.suppress({
      recipient: 'held@example.com',
      reason: 'blocklist',
      occurredAtMs: at('2026-11-20T08:00:00Z'),
      source: 'list',
      provider: 'sendcloud',
      untilMs: at('2027-01-31T08:00:00Z'),
      detail: '',
    })
    await put((await ledger('export')).output)
    await freshTables()
    await ledger('import', file)
    expect((await ledger('list')).output).toBe(
      'held@example.com  blocklist    2026-11-20 08:00:00  until 2027-01-31 08:00:00\nTimes are in UTC.\n',
    )
  })

  it('keeps whom a list names without saying since when, and an end that came from a file', async () => {
    await freshTables()
    const listed = { source: 'list', provider: 'sendcloud', detail: '' } as const
    await list.suppress({ recipient: 'old@example.com', reason: 'complaint', occurredAtMs: 0, ...listed })
    const held = { recipient: 'held@example.com', reason: 'blocklist', ...listed } as const
    const occurredAtMs = at('2026-11-20T08:00:00Z')
    await list.suppress({ ...held, occurredAtMs, untilMs: at('2999-12-31T00:00:00Z') })
    for (let move = 0; move < 2; move += 1) {
      await put((await ledger('export')).output)
      await freshTables()
      expect((await ledger('import', file)).output).toMatch(/ 0 refused/)
    }
    expect((await ledger('list')).output).toBe(
      'held@example.com  blocklist    2026-11-20 08:00:00  until 2999-12-31 00:00:00\n' +
        'old@example.com   complaint    1970-01-01 00:00:00\nTimes are in UTC.\n',
    )
  })

  it('refuses another format', async () => {
    const { code, errors } = await ledger('export', '--format', 'xlsx')
    expect([code, errors]).toEqual([1, expect.stringMatching(/Allowed choices are csv, ndjson/)])
  })
})
