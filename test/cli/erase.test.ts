import { beforeEach, describe, expect, it } from '@jest/globals'
import { registerErase } from '../../cli/erase.ts'
import { registerQuarantine } from '../../cli/quarantine.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { deliveryReader, deliveryScanner } from '../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { quarantineWriter } from '../../lib/table/quarantine-writer.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { tombstones } from '../../lib/table/tombstones.ts'
import { embeddedTables, rowsOf } from '../embedded-tables.ts'
import { eventWith } from '../events.ts'
import { runInProcess } from './in-process.ts'

const engine = embeddedTables()
const clock = systemClock
const dayMs = 86_400_000
let environment: Record<string, string>
let tables: Awaited<ReturnType<typeof engine.freshTables>>

beforeEach(async () => {
  tables = await engine.freshTables()
  environment = engine.environmentOf(tables)
  const { client } = engine
  const on = { client, retentionDays: 400, clock }
  const writer = deliveryWriter({ ...on, table: tables.deliveries })
  await writer.record(eventWith({ recipient: 'ann@example.com' }))
  await writer.record(eventWith({ recipient: 'bob@example.com' }))
  await suppressionWriter({ client, table: tables.suppressions }).suppress({
    recipient: 'ann@example.com',
    reason: 'complaint',
    occurredAtMs: Date.parse('2026-01-02T03:04:05Z'),
    source: 'callback',
    detail: 'as ann@example.com wrote',
  })
})

const ledger = (...words: readonly string[]) => runInProcess(registerErase, ['erase', ...words], environment)

async function keep(body: unknown): Promise<void> {
  const writer = quarantineWriter({
    client: engine.client,
    table: tables.quarantine,
    retentionDays: 400,
    clock,
  })
  await writer.keep({
    provider: 'tencent-ses',
    body: Buffer.from(JSON.stringify(body)),
    contentType: 'application/json',
    reason: 'unrecognised',
    problems: ['/event: expected another'],
    receivedAtMs: clock.now(),
  })
}

const recipients = async () =>
  (await rowsOf(engine.client, tables.deliveries)).map(({ recipient }) => recipient)

describe('ledger erase', () => {
  it('says what there is, and what reading takes, and erases nothing in a dry run', async () => {
    await keep({ event: 'teleported', email: 'ann@example.com' })
    const { code, output, errors } = await ledger('Ann <ANN@example.com>', '--dry-run')
    expect(errors).toMatch(/^This reads all inbound mails and all bodies in quarantine: about \d+ rows? in /)
    expect(output).toMatch(
      /^Of ann@example\.com there is in test-\d+\n {2}deliveries +1 mail in 1 row: erased\n/,
    )
    expect(output).toMatch(
      /^ {2}suppressions +on the list for complaint since 2026-01-02T03:04:05Z: address, reason and date stay, the rest is erased$/m,
    )
    expect(output).toMatch(
      /^ {2}inbound +nothing\n {2}quarantine +1 body: erased\nA tombstone, .* until \d{4}-.*Z\.\n$/m,
    )
    expect(code).toBe(0)
    expect(await recipients()).toEqual(['ann@example.com', 'bob@example.com'])
  })

  it('is not begun where nobody can be asked', async () => {
    const { code, errors } = await ledger('ann@example.com')
    expect(errors).toContain(
      'Nothing was changed: there is no terminal to ask on. Say by --yes that it is meant',
    )
    expect([code, await recipients()]).toEqual([1, ['ann@example.com', 'bob@example.com']])
  })

  it('erases, says what it did and what it did not reach, and lists it until it is to be forgotten', async () => {
    const { code, output } = await ledger('ann@example.com', '--yes')
    expect(output).toContain(
      'Erased: 1 mail in 1 row, 1 suppression reduced or erased, 0 inbound mails, 0 quarantined bodies.\n',
    )
    expect(output).toContain(
      '`ledger suppressions remove ann@example.com --at-provider` takes it off the lists',
    )
    expect(output).toContain('point-in-time recovery has it for 35 days more')
    expect(code).toBe(0)
    expect(await recipients()).toEqual(['#erased', 'bob@example.com'])
    expect(await rowsOf(engine.client, tables.suppressions)).toMatchObject([
      { evidence: ['2026-01-02T03:04:05Z complaint - -'] },
    ])

    const [tombstone] = await tombstones({ client: engine.client, table: tables.deliveries, clock }).live()
    expect(tombstone!.endsAtMs - tombstone!.erasedAtMs).toBeGreaterThanOrEqual(35 * dayMs)
    expect((await ledger('--list')).output).toMatch(
      /^ann@example\.com {2}erased \d.+Z {2}kept away until \d.+Z\n$/,
    )
    expect((await ledger('--forget', 'ANN@example.com')).output).toMatch(
      /^ann@example\.com is kept away no longer/,
    )
    expect((await ledger('--list')).output).toMatch(/^No address was erased from test-\d+ lately\.\n$/)
    expect((await ledger('--forget', 'ann@example.com')).errors).toContain(
      'ann@example.com was not erased lately.',
    )
    expect(await recipients()).toEqual(['bob@example.com'])
  })

  it('takes it off the suppression list where that is wanted, and prints JSON', async () => {
    const { output, code } = await ledger('ann@example.com', '--yes', '--with-suppression', '--json')
    expect(JSON.parse(output)).toMatchObject({
      recipient: 'ann@example.com',
      found: {
        mails: 1,
        mailRows: 1,
        suppression: [{ reason: 'complaint', since: '2026-01-02T03:04:05Z' }],
        waiting: [],
      },
      erased: { mails: 1, mailRows: 1, suppressions: 1, inbound: 0, quarantined: 0 },
      isWhole: true,
    })
    expect([code, await rowsOf(engine.client, tables.suppressions)]).toEqual([0, []])
    expect(JSON.parse((await ledger('--list', '--json')).output)).toMatchObject([
      { recipient: 'ann@example.com', suppression: 'erased', waiting: [] },
    ])
  })

  it('leaves a body that others need, says how to go on, and does so', async () => {
    await keep([
      { event: 'teleported', email: 'ann@example.com' },
      { event: 'teleported', email: 'bob@example.com' },
    ])
    const { code, output } = await ledger('ann@example.com', '--yes')
    const [, id = ''] =
      /^ {2}quarantine +nothing that can be erased now$[^]*1 body may concern others, too[^]*^ {4}ledger quarantine replay ([0-9a-f]{12})$/m.exec(
        output,
      ) ?? []
    expect(code).toBe(1)
    expect((await ledger('--list')).output).toContain('1 body in quarantine to replay or dismiss')
    await runInProcess(registerQuarantine, ['quarantine', 'dismiss', id], environment)
    expect((await ledger('ann@example.com', '--yes')).code).toBe(0)
    expect(await rowsOf(engine.client, tables.quarantine)).toEqual([])
  })

  it.each([
    [[], 'Expected one of: an address, --list, or --forget <address>.'],
    [['ann@example.com', '--list'], 'Expected one of: an address, --list, or --forget <address>.'],
    [['ann@example.com', '--forget', 'ann@example.com'], 'Expected one of'],
    [['nobody'], 'Expected one email address, such as somebody@example.com.'],
    [['--forget', 'a@example.com, b@example.com'], 'Expected one email address'],
    [['--list', '--yes'], '--yes, --dry-run and --with-suppression go with an address to erase.'],
    [['--forget', 'ann@example.com', '--with-suppression'], 'go with an address to erase.'],
    [['ann@example.com', '--dry-run', '--yes'], '--dry-run changes nothing: leave out --yes, or it.'],
    [['ann@example.com', 'bob@example.com'], 'too many arguments'],
  ])('refuses %j', async (words, message) => {
    const { code, errors, output } = await ledger(...words)
    expect(errors).toContain(message)
    expect([code, output]).toEqual([1, ''])
  })
})

describe('a tombstone', () => {
  it('is no delivery to those who read the table, and no row that cannot be read', async () => {
    await ledger('ann@example.com', '--yes')
    const logged: string[] = []
    const from = {
      client: engine.client,
      table: tables.deliveries,
      clock,
      log: (event: string) => logged.push(event),
    }
    const scanner = deliveryScanner(from)
    const pages = [
      ...(await Array.fromAsync(scanner.pages())),
      ...(await Array.fromAsync(scanner.wholePages())),
    ]
    expect(pages.flatMap(({ items }) => items.map(({ recipient }) => recipient))).toEqual([
      'bob@example.com',
      'bob@example.com',
    ])
    expect(await deliveryReader(from).ofRecipient('#erased')).toEqual([])
    expect(logged).toEqual([])
  })
})
