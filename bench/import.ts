/**
 * What `ledger suppressions import` takes of memory and time for a file of 100,000 lines: the real use case over the
 * in-memory ledger, so what is measured is ours alone. `npm run bench:import`
 */
import { createReadStream } from 'node:fs'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import '../cli/small-heap.mjs'
import { readEntries } from '../lib/suppressions/import/entries.ts'
import { entriesIn, importEntries } from '../lib/suppressions/import/import-entries.ts'
import { listRecords } from '../lib/suppressions/import/records.ts'
import { surveyEntries } from '../lib/suppressions/import/survey-entries.ts'
import { inMemoryLedger } from '../local/in-memory-ledger.ts'
import { virtualClock } from '../local/virtual-clock.ts'

const rows = Number(process.env.ROWS ?? 100_000)
const clock = virtualClock('2026-11-27T00:00:00Z')
const { signal } = new AbortController()
const { deliveries, suppressions } = inMemoryLedger(clock)
const deps = {
  deliveries,
  suppressions: {
    async ofRecipients(recipients: readonly string[]) {
      const read = await Promise.all(recipients.map((recipient) => suppressions.ofRecipient(recipient)))
      return new Map(read.flatMap((row) => (row ? [[row.recipient, row] as const] : [])))
    },
    suppress: suppressions.suppress.bind(suppressions),
  },
  blocklistDays: 14,
}

const folder = await mkdtemp(join(tmpdir(), 'bench-import-'))
const file = join(folder, 'list.csv')
const output = await open(file, 'w')
await output.write('email,reason,date,note\n')
for (let from = 0; from < rows; from += 1_000) {
  const lines = Array.from({ length: Math.min(1_000, rows - from) }, (_, index) => {
    const number = from + index
    const date = new Date(Date.UTC(2026, 0, 1) + number * 60_000).toISOString()
    return `recipient-${number}@example.com,${number % 2 ? 'complaint' : 'bounce'},${date},550 5.1.1 no such user ${number}\n`
  })
  await output.write(lines.join(''))
}
await output.close()

const entries = () =>
  readEntries(listRecords(createReadStream(file)), {
    format: 'csv',
    asOfMs: clock.now(),
    nowMs: clock.now(),
  })
const before = process.memoryUsage.rss()
const timed = async (what: string, run: () => Promise<number>) => {
  const begin = performance.now()
  const read = await run()
  const perSecond = Math.round((read / (performance.now() - begin)) * 1_000).toLocaleString('en-US')
  process.stdout.write(`${what.padEnd(24)} ${read.toLocaleString('en-US')} lines, ${perSecond} a second\n`)
}
const imported = async () =>
  entriesIn(await importEntries(deps, entries(), { isForced: false, signal, onFinding: () => undefined }))
await timed('read', async () => (await surveyEntries(entries(), signal)).entries)
await timed('imported', imported)
await timed('imported a second time', imported)
const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024)
const peak = process.resourceUsage().maxRSS / 1024
process.stdout.write(
  `${Math.round(peak)} MB at most, the list in memory included (${megabytes(before)} before)\n`,
)
await rm(folder, { recursive: true })
