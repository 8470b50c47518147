import { beforeEach, describe, expect, it } from '@jest/globals'
import type { SuppressionEvidence } from '../../../../lib/core/suppression.ts'
import { UnwritableError } from '../../../../lib/ledger/ports.ts'
import { withoutWriting } from '../../../../lib/suppressions/import/dry-run.ts'
import type { ReadEntry } from '../../../../lib/suppressions/import/entries.ts'
import {
  importEntries,
  type ImportCounts,
  type ImportFinding,
} from '../../../../lib/suppressions/import/import-entries.ts'
import { deliveryReader } from '../../../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../../../lib/table/delivery-writer.ts'
import { suppressionScanner } from '../../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../../lib/table/suppression-writer.ts'
import { eachAsync } from '../../../../local/in-memory-ledger/engine-rules.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../../embedded-tables.ts'
import { eventWith } from '../../../events.ts'

const engine = embeddedTables()
const clock = virtualClock('2026-11-27T00:00:00Z')
const at = (time: string) => Date.parse(time)

const listed = (recipient: string, reported: Partial<SuppressionEvidence> = {}): SuppressionEvidence => ({
  recipient: `${recipient}@example.com`,
  reason: 'hard-bounce',
  occurredAtMs: at('2026-11-01T00:00:00Z'),
  source: 'import',
  provider: 'csv',
  detail: '',
  ...reported,
})
let line = 0
const entry = (evidence: SuppressionEvidence, isDated = true): ReadEntry => ({
  type: 'evidence',
  line: (line += 1),
  evidence,
  isDated,
})

let tables: Awaited<ReturnType<typeof engine.freshTables>>
let on: Parameters<typeof importEntries>[0]
let list: ReturnType<typeof suppressionWriter>
/** Recipients of the writes and the look-ups so far, in order. */
let written: string[]
let lookedUp: string[]

beforeEach(async () => {
  tables = await engine.freshTables()
  const { client } = engine
  list = suppressionWriter({ client, table: tables.suppressions })
  const deliveries = deliveryReader({ client, table: tables.deliveries, clock, log: () => undefined })
  line = 0
  written = []
  lookedUp = []
  on = {
    suppressions: {
      ...suppressionScanner({ client, table: tables.suppressions, clock }),
      suppress(evidence, signal) {
        written.push(evidence.recipient)
        return list.suppress(evidence, signal)
      },
    },
    deliveries: {
      ofRecipient(recipient) {
        lookedUp.push(recipient)
        return deliveries.ofRecipient(recipient)
      },
    },
    blocklistDays: 14,
  }
})

async function run(
  entries: readonly ReadEntry[],
  { isForced = false, signal = new AbortController().signal } = {},
): Promise<{ counts: Partial<ImportCounts>; findings: readonly ImportFinding[] }> {
  const findings: ImportFinding[] = []
  const counts = await importEntries(on, eachAsync(entries), {
    isForced,
    signal,
    onFinding: (finding) => void findings.push(finding),
  })
  return { counts: Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0)), findings }
}

const linesOf = async (column = 'evidence') =>
  (await rowsOf(engine.client, tables.suppressions)).map((row) => [row.recipient, row[column]])

describe('an import', () => {
  it('adds what the list lacks, once, and writes nothing a second time', async () => {
    const entries = [
      entry(listed('gone')),
      entry(listed('gone')),
      entry(listed('gone', { occurredAtMs: at('2026-11-02T00:00:00Z') })),
      entry(listed('angry', { reason: 'complaint' }), false),
      { type: 'left-aside' as const, line: 5 },
      { type: 'refused' as const, line: 6, problem: 'has no address' },
    ]
    expect(await run(entries)).toEqual({
      counts: { added: 3, known: 1, leftAside: 1, refused: 1 },
      findings: [{ type: 'refused', line: 6, problem: 'has no address' }],
    })
    const lines = [
      ['angry@example.com', ['2026-11-01T00:00:00Z[import] complaint csv -']],
      [
        'gone@example.com',
        ['2026-11-01T00:00:00Z[import] hard-bounce csv -', '2026-11-02T00:00:00Z[import] hard-bounce csv -'],
      ],
    ]
    expect(await linesOf()).toEqual(lines)
    written = []
    lookedUp = []
    expect((await run(entries)).counts).toEqual({ known: 4, leftAside: 1, refused: 1 })
    expect([written, lookedUp]).toEqual([[], []])
    expect(await linesOf()).toEqual(lines)
  })

  it('adds an entry without an instant once, whatever the file that dates it', async () => {
    await run([entry(listed('gone'), false)])
    const later = { occurredAtMs: at('2026-11-20T00:00:00Z') }
    const again = [
      entry(listed('gone', later), false),
      entry(listed('gone', { ...later, provider: 'ses' }), false),
      entry(listed('gone', { ...later, reason: 'complaint' }), false),
    ]
    expect((await run(again)).counts).toEqual({ known: 1, added: 2 })
    await list.remove('gone@example.com', at('2026-11-21T00:00:00Z'))
    const afterRemoval = { occurredAtMs: at('2026-11-22T00:00:00Z') }
    expect((await run([entry(listed('gone', afterRemoval), false)])).counts).toEqual({ takenOff: 1 })
  })

  it('adds a blocklisting without an instant again once the earlier one has ended', async () => {
    const barred = (day: string) =>
      entry(listed('barred', { reason: 'blocklist', occurredAtMs: at(`2026-11-${day}T00:00:00Z`) }), false)
    expect((await run([barred('01'), barred('14'), barred('15')])).counts).toEqual({ added: 2, known: 1 })
  })

  it('brings nobody back who was taken off later than the evidence, and whoever has newer evidence', async () => {
    await run([entry(listed('gone')), entry(listed('back'))])
    for (const recipient of ['gone@example.com', 'back@example.com']) {
      await list.remove(recipient, at('2026-11-10T00:00:00Z'))
    }
    written = []
    const entries = [
      entry(listed('gone')),
      entry(listed('gone', { occurredAtMs: at('2026-11-10T00:00:00Z') })),
      entry(listed('back', { occurredAtMs: at('2026-11-11T00:00:00Z') })),
    ]
    expect((await run(entries)).counts).toEqual({ takenOff: 2, added: 1 })
    expect(written).toEqual(['back@example.com'])
  })

  it('leaves out bounces and blocklistings of those to whom mail was delivered since, unless it is forced', async () => {
    const { client } = engine
    const writer = deliveryWriter({ client, table: tables.deliveries, retentionDays: 400, clock })
    const occurredAtMs = at('2026-11-20T08:00:00Z')
    for (const name of ['gone', 'barred', 'angry', 'left']) {
      await writer.record(eventWith({ recipient: `${name}@example.com`, message: `m-${name}`, occurredAtMs }))
    }
    const entries = [
      entry(listed('gone')),
      entry(listed('barred', { reason: 'blocklist' })),
      entry(listed('angry', { reason: 'complaint' })),
      entry(listed('left', { reason: 'unsubscribe' })),
      entry(listed('gone', { occurredAtMs: at('2026-11-20T08:00:00Z') })),
      entry(listed('full', { detail: '552 mailbox full' })),
    ]
    const { counts, findings } = await run(entries)
    expect(counts).toEqual({ doubtful: 3, added: 3 })
    const delivered = { type: 'delivered-since', kind: 'delivered', atMs: occurredAtMs }
    expect(findings).toMatchObject([
      { type: 'doubtful', line: 1, doubts: [{ ...delivered, message: 'm-gone' }] },
      { type: 'doubtful', line: 2, doubts: [{ ...delivered, message: 'm-barred' }] },
      { type: 'doubtful', line: 6, doubts: [{ type: 'other-reply', replyClass: 'full' }] },
    ])
    expect(lookedUp.toSorted()).toEqual(['barred@example.com', 'full@example.com', 'gone@example.com'])
    lookedUp = []
    expect(await run(entries, { isForced: true })).toEqual({ counts: { known: 3, added: 3 }, findings: [] })
    expect(lookedUp).toEqual([])
  })

  it('ends after a hundred entries when it is interrupted, and goes on with the next run', async () => {
    const stop = new AbortController()
    const entries = Array.from({ length: 250 }, (_, index) =>
      entry(listed(`a${index}`, { reason: 'complaint' })),
    )
    stop.abort()
    expect((await run(entries, { signal: stop.signal })).counts).toEqual({ added: 100 })
    expect((await run(entries)).counts).toEqual({ known: 100, added: 150 })
    expect(written).toHaveLength(250)
  })

  it('refuses an entry that the table refuses, and adds the others', async () => {
    const refusing = {
      ...on.suppressions,
      suppress: (evidence: SuppressionEvidence) =>
        evidence.recipient === 'full@example.com'
          ? Promise.reject(new UnwritableError('Full.'))
          : list.suppress(evidence),
    }
    on = { ...on, suppressions: refusing }
    expect(await run([entry(listed('full')), entry(listed('gone'))])).toEqual({
      counts: { added: 1, refused: 1 },
      findings: [{ type: 'refused', line: 1, problem: 'Full.' }],
    })
  })

  it('reports the same where nothing is written', async () => {
    const entries = [
      ...Array.from({ length: 100 }, (_, index) => entry(listed(`a${index}`))),
      entry(listed('a7')),
      entry(listed('a7', { occurredAtMs: at('2026-11-20T00:00:00Z') }), false),
      entry(listed('a8', { occurredAtMs: at('2026-11-20T00:00:00Z') })),
    ]
    const counts = { added: 101, known: 2 }
    const writing = on
    on = { ...on, suppressions: withoutWriting(on.suppressions) }
    expect((await run(entries)).counts).toEqual(counts)
    expect(await linesOf()).toEqual([])
    on = writing
    expect((await run(entries)).counts).toEqual(counts)
  })
})
