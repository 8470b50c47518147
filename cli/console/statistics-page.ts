import { html } from 'hono/html'
import { addDays, requestDateOf } from '../../lib/core/instant.ts'
import { isDay } from '../day-range.ts'
import { overviewSections } from '../pages/overview-sections.ts'
import { path, type Html } from '../pages/html.ts'
import { unitsOfScan } from '../scan-cost.ts'
import { field, notice, type Asked, type Page, type PageOf, type View } from './view.ts'

/** The days that are counted where none are named. */
const usualDays = 30

/** YYYY-MM-DD in UTC+8, both included. */
interface Days {
  readonly from: string
  readonly to: string
}

/** Figures of the mails of some days. A small table is read at once, a larger one when somebody asks for it. */
export const statisticsPage: PageOf = async (view, asked) => {
  const range = rangeOf(view, asked)
  const problem = faultOf(range, view)
  if (problem !== undefined) return page(view, range, notice(problem, 'bad'), { status: 400 })
  if (view.statistics.of(range) === undefined) {
    // Whoever looks must not end what somebody asked for, and pays for.
    const { counting } = view.statistics
    if (counting !== undefined) {
      const { words } = view
      return page(
        view,
        range,
        html`${notice(words.countingAnother(counting.from ?? '', counting.to ?? ''), 'warn')}
        ${countForm(range, words.countInstead)}`,
      )
    }
    await view.statistics.readAtOnce(range)
  }
  return stateOf(view, range)
}

/** Begins to read the whole table. */
export const countPage: PageOf = async (view, asked) => {
  const range = rangeOf(view, asked)
  const problem = faultOf(range, view)
  if (problem !== undefined) return page(view, range, notice(problem, 'bad'), { status: 400 })
  await view.statistics.begin(range)
  return stateOf(view, range)
}

/** Where no day is named, the range that is being counted, or the last 30 days. */
function rangeOf({ ledger, statistics: { counting } }: View, asked: Asked): Days {
  if (asked('from') === undefined && asked('to') === undefined && counting !== undefined) {
    return { from: counting.from ?? '', to: counting.to ?? '' }
  }
  const to = asked('to') ?? requestDateOf(ledger.clock.now())
  const from = asked('from') ?? (isDay(to) ? addDays(to, 1 - usualDays) : to)
  return { from, to }
}

function faultOf({ from, to }: Days, { words }: View): string | undefined {
  const wrong = [from, to].find((day) => !isDay(day))
  if (wrong !== undefined) return words.badDay(wrong)
  return from > to ? words.badRange(from, to) : undefined
}

async function stateOf(view: View, range: Days): Promise<Page> {
  const { words, times, statistics } = view
  const state = statistics.of(range)
  if (state?.problem !== undefined) {
    return page(view, range, html`${notice(state.problem, 'bad')} ${countForm(range, words.readAgain)}`)
  }
  if (state?.countedAtMs !== undefined) {
    const { overview, rows, countedAtMs } = state
    return page(
      view,
      range,
      html`<p class="soft">${words.readAt(times.time(countedAtMs), words.count(rows))}</p>
        ${overviewSections(overview, words)} ${countForm(range, words.readAgain)}`,
    )
  }
  if (state?.isUnderWay) {
    return page(view, range, notice(words.reading(words.count(state.rows))), { refreshSeconds: 2 })
  }
  const { store } = view.ledger
  const { rows, bytes } = await store.size()
  const megabytes = (bytes / 1_000_000).toFixed(1)
  const units = store.kind === 'dynamodb' ? words.count(unitsOfScan(bytes)) : undefined
  return page(
    view,
    range,
    html`<p>${words.readWholeTable(words.count(rows), megabytes, units)}</p>
      ${countForm(range, words.readItNow)}`,
  )
}

function countForm({ from, to }: Days, label: string): Html {
  return html`<form action="${path('/statistics', { from, to })}" method="post">
    <button>${label}</button>
  </form>`
}

function page(
  { words }: View,
  { from, to }: Days,
  body: Html,
  more: Pick<Page, 'status' | 'refreshSeconds'> = {},
): Page {
  const dayInput = (id: string, value: string) =>
    html`<input id="${id}" name="${id}" type="date" value="${value}" required />`
  return {
    title: words.statisticsTitle,
    section: '/statistics',
    body: html`<form action="/statistics" method="get">
        ${field(words.fromLabel, 'from', dayInput('from', from))}
        ${field(words.toLabel, 'to', dayInput('to', to))}
        <button class="main">${words.show}</button>
      </form>
      ${body}`,
    ...more,
  }
}
