import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { parse } from 'csv-parse/sync'
import fc from 'fast-check'
import { exportFromStart, storeCheckpoint, storedCheckpoint } from '../../cli/export/export-checkpoint.ts'
import { textFile } from '../../cli/export/text-output.ts'
import { writeMails } from '../../cli/export/write-mails.ts'
import { isWhole } from '../../cli/scan-deliveries.ts'
import type { Delivery } from '../../lib/core/delivery.ts'
import { joined } from '../../lib/core/join.ts'
import type { DeliveryScanner } from '../../lib/ledger/ports.ts'
import { eventWith } from '../events.ts'
import { times } from '../strength.ts'

const mails = Array.from({ length: 40 }, (_, place): Delivery =>
  joined(undefined, eventWith({ recipient: `a${place}@example.com`, message: 'm' })),
)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-law-'))
})
afterAll(() => rm(folder, { recursive: true }))

/** The mails in segments and pages, as a table gives them. */
function scannerOf(segments: number, pageSize: number): Pick<DeliveryScanner, 'wholePages'> {
  return {
    // eslint-disable-next-line @typescript-eslint/require-await -- rows are there
    async *wholePages(position, { segment } = { segment: 0, of: 1 }) {
      const rows = mails.filter((_, place) => place % segments === segment)
      for (let from = Number(position ?? 0); from < rows.length; from += pageSize) {
        const items = rows.slice(from, from + pageSize)
        const isLast = from + pageSize >= rows.length
        yield { items, rows: items.length, ...(!isLast && { next: String(from + pageSize) }) }
      }
    },
  }
}

/** How one run ends. */
const anyEnd = fc.record({
  /** Behind so many pages. */
  afterPages: fc.integer({ min: 1, max: 6 }),
  /** `killed`: between what was written and its checkpoint, with half a line behind it. */
  how: fc.constantFrom('interrupted', 'killed'),
})

async function runUntil(
  file: string,
  format: 'ndjson' | 'csv',
  scanner: Pick<DeliveryScanner, 'wholePages'>,
  segments: number,
  end: { readonly afterPages: number; readonly how: string } | undefined,
): Promise<boolean> {
  const stored = await storedCheckpoint(file, 'law')
  const state = stored?.state ?? exportFromStart(segments)
  const output = await textFile(file, format, stored?.bytes ?? 0)
  const ended = new AbortController()
  let pages = 0
  await writeMails(scanner, {
    output,
    filter: {
      from: undefined,
      to: undefined,
      status: undefined,
      domain: undefined,
      template: undefined,
      provider: undefined,
    },
    state,
    signal: ended.signal,
    onRows: () => undefined,
    store: async (at) => {
      pages += 1
      if (pages === end?.afterPages) {
        if (end.how === 'killed') throw new Error('killed')
        ended.abort()
      }
      await storeCheckpoint(file, 'law', at)
    },
  }).catch((error: unknown) => {
    if (!(error instanceof Error) || error.message !== 'killed') throw error
  })
  await output.close(false)
  if (end?.how === 'killed' && pages >= end.afterPages) {
    await appendFile(file, '{"half of a li')
    return false
  }
  return isWhole(state)
}

/** Throws for a line that is not whole. */
function recipientsIn(text: string, format: 'ndjson' | 'csv'): string[] {
  if (format === 'csv')
    return parse<Record<string, string>>(text, { columns: true }).map(({ recipient = '' }) => recipient)
  const lines = text.split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => (JSON.parse(line) as { recipient: string }).recipient)
}

it('an export that ends anywhere, any number of times, holds each mail once in the end', async () => {
  let run = 0
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('ndjson' as const, 'csv' as const),
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(anyEnd, { maxLength: 6 }),
      async (format, segments, pageSize, ends) => {
        const file = join(folder, String((run += 1)))
        const scanner = scannerOf(segments, pageSize)
        let isDone = false
        for (const end of [...ends, undefined])
          isDone ||= await runUntil(file, format, scanner, segments, end)
        expect(isDone).toBe(true)
        const written = recipientsIn(await readFile(file, 'utf8'), format)
        expect(written.sort()).toEqual(mails.map(({ recipient }) => recipient).sort())
      },
    ),
    { numRuns: times({ quick: 100, proof: 1_000 }) },
  )
})
