import { html, raw } from 'hono/html'
import { parseHTML } from 'linkedom'
import * as Plot from '@observablehq/plot'
import type { Status } from '../../lib/core/delivery.ts'
import type { FigureTable, GroupFigures } from '../../lib/core/figures.ts'
import { dayMs } from '../../lib/core/instant.ts'
import { nothing, type Html } from './html.ts'
import type { Words } from './words.ts'

// Drawn in Node as SVG: no script runs in a page. Colors of text and lines are those of the page around it.

/** More days are drawn by week: bars would be thinner than can be seen. */
const mostDays = 120

const colors = {
  delivered: '#3a9a5f',
  'soft-bounced': '#e0a030',
  bounced: '#cc4b42',
  dropped: '#8c5bb0',
  unsettled: '#8f99a8',
} as const

type Series = keyof typeof colors

const series: readonly Series[] = ['delivered', 'soft-bounced', 'bounced', 'dropped', 'unsettled']

const statusesOf: Readonly<Record<Series, readonly Status[]>> = {
  delivered: ['delivered'],
  'soft-bounced': ['soft-bounced'],
  bounced: ['bounced'],
  dropped: ['dropped'],
  unsettled: ['requested', 'deferred', 'unknown'],
}

/** A day, or a week from its Monday on. */
interface Period {
  readonly start: Date
  readonly mails: Record<Series, number>
  complained: number
}

/** Volume, rates and time to delivery over the days of a table; nothing where fewer than two days have mails. */
export function chartsOf(table: FigureTable, words: Words): Html {
  const days = table.groups.flatMap(({ group, ...figures }) => {
    const start = new Date(`${group}T00:00:00Z`)
    return Number.isNaN(start.getTime()) ? [] : [{ start, figures }]
  })
  const [first, last] = [days[0], days.at(-1)]
  if (first === undefined || last === undefined || first === last) return nothing
  const isByWeek = last.start.getTime() - first.start.getTime() > mostDays * dayMs
  const periods = periodsOf(days, isByWeek)
  const { charts } = words
  return html`
    ${figure(
      isByWeek ? charts.volumeByWeek : charts.volume,
      series.map((name) => [name, nameOf(name, words)]),
      volume(periods, isByWeek, words),
    )}
    ${figure(
      isByWeek ? charts.ratesByWeek : charts.rates,
      [
        ['bounced', charts.bounce],
        ['dropped', charts.complaint],
      ],
      rates(periods, words),
    )}
    ${figure(
      charts.times,
      [
        ['delivered', words.figures.p50],
        ['soft-bounced', words.figures.p95],
      ],
      times(days),
    )}
  `
}

interface Day {
  readonly start: Date
  readonly figures: GroupFigures
}

function periodsOf(days: readonly Day[], isByWeek: boolean): readonly Period[] {
  const periods = new Map<number, Period>()
  for (const { start, figures } of days) {
    const startMs = isByWeek ? mondayOf(start) : start.getTime()
    const period = periods.get(startMs) ?? { start: new Date(startMs), mails: noMails(), complained: 0 }
    periods.set(startMs, period)
    for (const name of series) {
      for (const status of statusesOf[name]) period.mails[name] += figures.statuses[status]
    }
    period.complained += figures.complained
  }
  return [...periods.values()]
}

function mondayOf(day: Date): number {
  return day.getTime() - ((day.getUTCDay() + 6) % 7) * dayMs
}

function noMails(): Record<Series, number> {
  return { delivered: 0, 'soft-bounced': 0, bounced: 0, dropped: 0, unsettled: 0 }
}

function nameOf(name: Series, words: Words): string {
  return name === 'unsettled' ? words.figures.unsettled : words.statuses[name]
}

function volume(periods: readonly Period[], isByWeek: boolean, words: Words): Html {
  const rows = periods.flatMap(({ start, mails }) =>
    series.map((name) => ({ start, name, mails: mails[name] })),
  )
  return drawn(startsOf(periods), {
    y: { grid: true, label: null },
    color: { domain: [...series], range: series.map((name) => colors[name]) },
    marks: [
      Plot.rectY(rows, {
        x: 'start',
        interval: isByWeek ? 'week' : 'day',
        y: 'mails',
        fill: 'name',
        order: [...series],
        inset: 0.5,
        title: ({ start, name, mails }: (typeof rows)[number]) =>
          `${dayOf(start)} ${nameOf(name, words)}: ${words.count(mails)}`,
      }),
      Plot.ruleY([0]),
    ],
  })
}

function rates(periods: readonly Period[], words: Words): Html {
  const rows = periods.flatMap(({ start, mails, complained }) => {
    const bounced = mails.bounced + mails['soft-bounced']
    const sent = bounced + mails.delivered + mails.unsettled
    return [
      { start, name: 'bounced' as const, percent: sent > 0 ? (100 * bounced) / sent : NaN },
      {
        start,
        name: 'dropped' as const,
        percent: mails.delivered > 0 ? (100 * complained) / mails.delivered : NaN,
      },
    ]
  })
  const labels = { bounced: words.charts.bounce, dropped: words.charts.complaint }
  return drawn(startsOf(periods), {
    y: { grid: true, label: null, tickFormat: (value: number) => `${value} %`, zero: true },
    color: { domain: ['bounced', 'dropped'], range: [colors.bounced, colors.dropped] },
    marks: [
      Plot.lineY(rows, { x: 'start', y: 'percent', stroke: 'name' }),
      Plot.dot(rows, {
        x: 'start',
        y: 'percent',
        fill: 'name',
        r: 2.5,
        title: ({ start, name, percent }: (typeof rows)[number]) =>
          `${dayOf(start)} ${labels[name]}: ${percent.toFixed(2)} %`,
      }),
      Plot.ruleY([0]),
    ],
  })
}

function times(days: readonly Day[]): Html {
  const rows = days.flatMap(({ start, figures: { secondsToDelivery } }) =>
    secondsToDelivery === undefined
      ? []
      : [
          { start, name: 'delivered' as const, seconds: secondsToDelivery.p50 },
          { start, name: 'soft-bounced' as const, seconds: secondsToDelivery.p95 },
        ],
  )
  return drawn(startsOf(days), {
    y: { type: 'log', grid: true, label: null, tickFormat: secondsWords, ticks: [...timeTicks] },
    color: { domain: ['delivered', 'soft-bounced'], range: [colors.delivered, colors['soft-bounced']] },
    marks: [
      Plot.dot(rows, {
        x: 'start',
        y: 'seconds',
        fill: 'name',
        r: 3,
        title: ({ start, name, seconds }: (typeof rows)[number]) =>
          `${dayOf(start)} ${name === 'delivered' ? 'p50' : 'p95'}: ${secondsWords(seconds)}`,
      }),
    ],
  })
}

function startsOf(periods: readonly { readonly start: Date }[]): readonly Date[] {
  return periods.map(({ start }) => start)
}

/** In seconds: as people read a clock, not by powers of ten. */
const timeTicks = [1, 10, 60, 600, 3_600, 21_600, 86_400, 604_800] as const

function secondsWords(seconds: number): string {
  if (seconds < 60) return `${Number(seconds.toPrecision(2))} s`
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`
  return seconds < 172_800 ? `${Math.round(seconds / 3_600)} h` : `${Math.round(seconds / 86_400)} d`
}

function dayOf(start: Date): string {
  return start.toISOString().slice(0, 10)
}

/** What is used of an element of linkedom's; its own types need those of a browser. */
interface Drawing {
  readonly outerHTML: string
  setAttribute(name: string, value: string): void
  querySelectorAll(selector: string): Iterable<{ remove(): void }>
}

/** At most so many days are named below a chart. */
const mostTicks = 8

/** The days that are named, evenly apart, the first included. */
function dayTicks(days: readonly Date[]): readonly Date[] {
  const apart = Math.ceil(days.length / mostTicks)
  return days.filter((_, place) => place % apart === 0)
}

/** `11-28`, in every language. */
function dayAndMonth(day: Date): string {
  return dayOf(day).slice(5)
}

function drawn(days: readonly Date[], options: Plot.PlotOptions): Html {
  const { document } = parseHTML('<!doctype html><html><body></body></html>') as unknown as {
    readonly document: unknown
  }
  const size = { className: 'plot', width: 760, height: 220, marginLeft: 56 }
  const time = { type: 'utc', label: null, ticks: dayTicks(days), tickFormat: dayAndMonth }
  const svg = Plot.plot({ x: time, ...size, ...options, document } as object) as unknown as Drawing
  // Its style element would need a policy of its own: style.ts has what is needed of it.
  for (const element of svg.querySelectorAll('style')) element.remove()
  svg.setAttribute('aria-hidden', 'true')
  return html`${raw(svg.outerHTML)}`
}

/** The table below says the same to who does not see the picture. */
function figure(caption: string, legend: readonly (readonly [Series, string])[], picture: Html): Html {
  return html`<figure>
    <figcaption>${caption}</figcaption>
    <ul class="legend">
      ${legend.map(([name, label]) => html`<li class="of-${name}">${label}</li>`)}
    </ul>
    ${picture}
  </figure>`
}
