import { html } from 'hono/html'
import { stopReasons, type StopReason } from '../../lib/reconcile/ports.ts'
import type { LastRun } from '../../lib/store/ports.ts'
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
  if (deployment.isLocal || deployment.storeKind === 'postgresql') {
    const why = deployment.isLocal ? words.noAlarmsHere : words.noAlarmsWithDatabase
    return html`${heading}
      <p>${why}</p>`
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

/** When the last run ended, with a link to all of them. */
export async function lastCheckOf({ words, ledger, times }: View): Promise<Html> {
  const runs = await ledger.store.lastRuns(mostJobs)
  const latestMs = Math.max(...runs.flatMap(({ endedAtMs }) => endedAtMs ?? []))
  return html`<p>
    ${Number.isFinite(latestMs) ? words.lastCheck(times.time(latestMs)) : words.neverRan} ·
    <a href="/runs">${words.allRuns}</a>
  </p>`
}

async function runsSection(view: View): Promise<Html> {
  const { words, ledger, times } = view
  const runs = await ledger.store.lastRuns(mostJobs)
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
              .map((run) => ({ ...run, stoppedBy: stopReasonOf(run) }))
              .map(({ stoppedBy, ...run }) => [
                run.job,
                html`${run.endedAtMs === undefined ? '' : times.time(run.endedAtMs)}
                ${
                  run.leaseUntilMs !== undefined && run.leaseUntilMs > ledger.clock.now()
                    ? html`<div class="soft">${words.atWork(times.time(run.leaseUntilMs))}</div>`
                    : nothing
                }`,
                stoppedBy === undefined ? '' : words.endings[stoppedBy],
                figuresOf(run),
              ]),
          )
    }`
}

function stopReasonOf({ figures }: LastRun): StopReason | undefined {
  return stopReasons.find((known) => known === figures.get('stoppedBy'))
}

/** All but how it ended, in the order of their names. */
function figuresOf({ figures }: LastRun): string {
  return [...figures]
    .filter(([name]) => name !== 'stoppedBy')
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, value]) => `${name} ${value}`)
    .join(', ')
}
