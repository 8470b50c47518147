import { performance } from 'node:perf_hooks'
import { isBotAgent } from '../../cli/bot-agents.ts'
import { add, emptyFigures, storedFigures, tableOf, type Grouping } from '../../lib/core/figures.ts'
import { madeDelivery } from './made-delivery.ts'

/** One way of grouping, and how many different groups the rows have. */
interface Case {
  readonly by: Grouping
  readonly title: string
}

const cases: readonly Case[] = [
  { by: 'day', title: 'by day, of 400 days' },
  { by: 'domain', title: 'by domain, of as many domains as rows' },
]

/** Lines about the figures of so many made rows: rows a second of processor time, and the most memory. */
export function benchFigures(rows: number): readonly string[] {
  return cases.map(({ by, title }) => {
    const figures = emptyFigures()
    let peakBytes = 0
    const begin = performance.now()
    for (let index = 0; index < rows; index += 1) {
      add(figures, madeDelivery(index, rows), { by, isBot: isBotAgent })
      if (index % 10_000 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
    }
    const seconds = (performance.now() - begin) / 1_000
    const storedMb = Math.round(JSON.stringify(storedFigures(figures)).length / 100_000) / 10
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
    const { total, groups } = tableOf(figures, by, 10_000)
    return `  ${title.padEnd(40)} ${total.mails.toLocaleString('en-US')} mails, ${groups.length.toLocaleString('en-US')} lines: ${Math.round(rows / seconds).toLocaleString('en-US')} rows a second, ${Math.round(peakBytes / 1024 / 1024)} MB at most, a checkpoint of ${storedMb} MB`
  })
}
