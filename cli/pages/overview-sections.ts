import { html } from 'hono/html'
import { providersOf, type BounceReason } from '../../lib/core/bounce-reasons.ts'
import type { EngagementFigures, FigureTable, GroupFigures } from '../../lib/core/figures.ts'
import { printedLine } from '../../lib/core/text.ts'
import { duration, percent } from '../figures-report.ts'
import { chartsOf } from './charts.ts'
import { bar, nothing, table, type Cell, type Html } from './html.ts'
import type { Overview } from './overview.ts'
import type { Words } from './words.ts'

const shownGroups = 20
const shownReasons = 10
/** As many as are kept: beyond them a table by day is for `ledger stats`. */
const shownDays = 400

type Shown = (text: string, recipient?: string) => string

/**
 * The figures of an overview: as a whole, over the days, by reason, mailbox provider and template.
 * @param shown - how text of strangers is shown, of a reason with the recipient of one of its mails; default: as it is
 */
export function overviewSections(overview: Overview, words: Words, shown: Shown = asIs): Html {
  const byDay = overview.tableBy('day', shownDays)
  if (byDay.total.mails === 0) {
    return html`<p>${words.noMails}</p>
      ${undatedNote(overview, words)}`
  }
  return html`${keyFigures(byDay.total, words)} ${chartsOf(byDay, words)}
    ${reasonsSection(overview, words, shown)}
    <h2>${words.mailboxProviders}</h2>
    ${groupTable(words.columns.mailboxProvider, overview.tableBy('mailbox-provider', shownGroups), words, shown)}
    <h2>${words.byTemplate}</h2>
    ${groupTable(words.columns.template, overview.tableBy('template', shownGroups), words, shown)}
    <h2>${words.byDayTable}</h2>
    ${groupTable(words.columns.day, byDay, words, shown)}
    <p class="soft">${words.machineNote}</p>
    ${undatedNote(overview, words)}`
}

function asIs(text: string): string {
  return text
}

function undatedNote({ undated }: Overview, words: Words): Html {
  return undated === 0 ? nothing : html`<p class="soft">${words.undated(undated)}</p>`
}

function keyFigures(total: GroupFigures, words: Words): Html {
  const { figures, count } = words
  const { statuses, rates, secondsToDelivery } = total
  const unsettled = statuses.requested + statuses.deferred + statuses.unknown
  const shown: readonly (readonly [name: string, value: string, note?: string])[] = [
    [figures.mails, count(total.mails)],
    [figures.delivered, count(statuses.delivered), percent(statuses.delivered / total.mails)],
    [figures.bounceRate, percent(rates.bounce)],
    [figures.complaintRate, percent(rates.complaint), count(total.complained)],
    [figures.openedByPeople, percent(rates.openByPeople), machineNote(total.opens, words)],
    [figures.clickedByPeople, percent(rates.clickByPeople), machineNote(total.clicks, words)],
    [figures.unsettled, count(unsettled)],
    [figures.timeToDelivery, `${duration(secondsToDelivery?.p50)} / ${duration(secondsToDelivery?.p95)}`],
  ]
  return html`<ul class="figures">
    ${shown.map(
      ([name, value, note]) =>
        html`<li>
          <span class="name">${name}</span><span class="value">${value}</span>
          ${note === undefined ? nothing : html`<span class="name">${note}</span>`}
        </li>`,
    )}
  </ul>`
}

function machineNote({ byMachines }: EngagementFigures, words: Words): string {
  return words.byMachines(words.count(byMachines))
}

function reasonsSection(overview: Overview, words: Words, text: Shown): Html {
  const { shown, mails, others } = overview.reasons(shownReasons)
  const { columns } = words
  return html`<h2>${words.topReasons}</h2>
    ${
      mails === 0
        ? html`<p>${words.noBounces}</p>`
        : table(
            words.topReasons,
            [
              { name: columns.mails, isFigure: true },
              columns.share,
              columns.class,
              columns.reason,
              words.mailboxProviders,
            ],
            shown.map((reason) => [
              words.count(reason.mails),
              html`${percent(reason.mails / mails)} ${bar(reason.mails / mails)}`,
              words.classes[reason.class],
              reason.reason === '' ? words.noReply : text(reason.reason, reason.sample.recipient),
              providerWords(reason, words),
            ]),
          )
    }
    ${others > 0 ? html`<p>${words.otherReasons(others)}</p>` : nothing}`
}

function providerWords(reason: BounceReason, words: Words): string {
  return providersOf(reason)
    .slice(0, 3)
    .map(([name, mails]) => `${name} ${words.count(mails)}`)
    .join(', ')
}

function groupTable(label: string, { groups, others, total }: FigureTable, words: Words, shown: Shown): Html {
  const { figures } = words
  const name = (group: string) => (group === '(unknown)' ? words.unnamed : printedLine(shown(group)))
  const figureNames = [
    figures.delivered,
    figures.bounced,
    figures.soft,
    figures.dropped,
    figures.unsettled,
    figures.bounceRate,
    figures.openedByPeople,
    figures.p50,
    figures.p95,
  ]
  return table(
    label,
    [
      label,
      { name: figures.mails, isFigure: true },
      words.columns.share,
      ...figureNames.map((one) => ({ name: one, isFigure: true })),
    ],
    [
      ...groups.map((group) => rowOf(name(group.group), group, bar(group.mails / total.mails), words)),
      ...(others ? [rowOf(words.others, others, nothing, words)] : []),
      rowOf(words.total, total, nothing, words),
    ],
  )
}

function rowOf(name: string, group: GroupFigures, share: Html, { count }: Words): readonly Cell[] {
  const { mails, statuses, rates, secondsToDelivery } = group
  return [
    name,
    count(mails),
    share,
    count(statuses.delivered),
    count(statuses.bounced),
    count(statuses['soft-bounced']),
    count(statuses.dropped),
    count(statuses.requested + statuses.deferred + statuses.unknown),
    percent(rates.bounce),
    percent(rates.openByPeople),
    duration(secondsToDelivery?.p50),
    duration(secondsToDelivery?.p95),
  ]
}
