import { html } from 'hono/html'
import { stopReasons } from '../../lib/reconcile/ports.ts'
import { rawRows, type RawAttribute } from '../../lib/table/raw-row.ts'
import { nothing, table, type Html } from '../pages/html.ts'
import { alarmsOf } from './alarms.ts'
import { notice, type PageOf, type View } from './view.ts'

/** Rows of the table of jobs; a poll of each region and a few lists have one each. */
const mostJobs = 100

/** How the polls and the syncs of lists ended last, and the alarms that are on. */
export const runsPage: PageOf = async (view) => ({
  title: view.words.runsTitle,
  section: '/runs',
  body: html`${await alarmsSection(view)} ${await runsSection(view)}`,
})

export async function alarmsSection({ words, times, deployment, ledger }: View): Promise<Html> {
  const heading = html`<h2>${words.alarms}</h2>`
  if (deployment.isLocal) {
    return html`${heading}
      <p>${words.noAlarmsHere}</p>`
  }
  const found = await alarmsOf(ledger.name)
  if ('why' in found) return html`${heading} ${notice(words.alarmsUnread(found.why), 'warn')}`
  if (found.alarms.length === 0) return html`${heading} ${notice(words.noAlarms, 'good')}`
  const { columns } = words
  return html`${heading}
  ${table(
    words.alarms,
    [columns.alarm, { name: columns.since, isWhole: true }, columns.what],
    found.alarms.map(({ name, sinceMs, description }) => [
      name,
      sinceMs === undefined ? '' : times.time(sinceMs),
      description,
    ]),
  )}`
}

export async function runsSection(view: View): Promise<Html> {
  const { words, ledger, times } = view
  const rows = await rawRows(ledger.client, ledger.tables.reconciliation, mostJobs)
  const runs = rows.flatMap((row) => runOf(row) ?? [])
  const { columns } = words
  return html`<h2>${words.runs}</h2>
    ${
      runs.length === 0
        ? notice(words.neverRan, 'warn')
        : table(
            words.runs,
            [columns.job, { name: columns.ended, isWhole: true }, columns.ending, columns.figures],
            runs
              .toSorted((one, other) => (one.job < other.job ? -1 : 1))
              .map(({ job, endedAtMs, leaseUntilMs, stoppedBy, figures }) => [
                job,
                html`${endedAtMs === undefined ? '' : times.time(endedAtMs)}
                ${
                  leaseUntilMs !== undefined && leaseUntilMs > ledger.clock.now()
                    ? html`<div class="soft">${words.atWork(times.time(leaseUntilMs))}</div>`
                    : nothing
                }`,
                stoppedBy === undefined ? '' : words.endings[stoppedBy],
                figures.map(([name, value]) => `${name} ${value}`).join(', '),
              ]),
          )
    }`
}

interface Run {
  readonly job: string
  readonly endedAtMs?: number
  readonly leaseUntilMs?: number
  readonly stoppedBy?: (typeof stopReasons)[number]
  readonly figures: readonly (readonly [name: string, value: string])[]
}

/** A row that holds no run of a job is none of these. */
function runOf(row: readonly RawAttribute[]): Run | undefined {
  const texts = new Map(row.map(({ name, values: [value = ''] }) => [name, value]))
  const [endedAtMs, leaseUntilMs] = ['lastRunAt', 'leaseUntil'].map((name) => instantIn(texts.get(name)))
  const job = texts.get('job')
  if (job === undefined || (endedAtMs === undefined && leaseUntilMs === undefined)) return undefined
  const figures = figuresIn(texts.get('lastRun'))
  const stoppedBy = stopReasons.find((known) => known === figures.get('stoppedBy'))
  return {
    job,
    ...(endedAtMs !== undefined && { endedAtMs }),
    ...(leaseUntilMs !== undefined && { leaseUntilMs }),
    ...(stoppedBy !== undefined && { stoppedBy }),
    figures: [...figures]
      .filter(([name]) => name !== 'stoppedBy')
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  }
}

function instantIn(text: string | undefined): number | undefined {
  const instantMs = Date.parse(text ?? '')
  return Number.isNaN(instantMs) ? undefined : instantMs
}

/** The figures are a map of numbers and texts in DynamoDB's own JSON. */
function figuresIn(text: string | undefined): ReadonlyMap<string, string> {
  if (text === undefined) return new Map()
  const stored = JSON.parse(text) as Readonly<Record<string, { readonly N?: string; readonly S?: string }>>
  return new Map(Object.entries(stored).map(([name, { N, S }]) => [name, N ?? S ?? '']))
}
