import { html } from 'hono/html'
import { badge } from '../pages/badge.ts'
import { findStuck, nextLookMs, type FoundStuck } from '../find-stuck.ts'
import { nothing, table, type Html } from '../pages/html.ts'
import { dayMs, hourMs } from '../../lib/core/instant.ts'
import { lastLookMs } from '../../lib/core/schedule.ts'
import { mostPendingOfPage } from './bounds.ts'
import { deliveryPath } from './delivery-page.ts'
import { choice, field, notice, type PageOf, type View } from './view.ts'

const shownMails = 100

const lastLookDays = Math.round(lastLookMs / dayMs)

const agesMs = { '1h': hourMs, '6h': 6 * hourMs, '24h': 24 * hourMs, '3d': 72 * hourMs, '7d': 168 * hourMs }

const ages = ['1h', '6h', '24h', '3d', '7d'] as const

/** Mails of which the outcome is not known yet, the oldest first, and when each is looked up next. */
export const stuckPage: PageOf = async (view, asked) => {
  const { words, ledger } = view
  const age = ages.find((known) => known === asked('older')) ?? '24h'
  const nowMs = ledger.clock.now()
  const found = await findStuck(ledger, {
    sentUntilMs: nowMs - agesMs[age],
    limit: shownMails,
    mostRows: mostPendingOfPage,
  })
  return {
    title: words.stuckTitle,
    section: '/stuck',
    body: html`<form action="/stuck" method="get">
        ${field(
          words.olderThan,
          'older',
          choice(
            'older',
            ages.map((known) => [known, words.ages[known]] as const),
            age,
          ),
        )}
        <button class="main">${words.show}</button>
      </form>
      ${found.isWhole ? nothing : notice(words.stuckCut, 'warn')}
      ${
        found.mails > 0
          ? foundSection(view, found, nowMs)
          : found.isWhole
            ? notice(words.nothingStuck, 'good')
            : nothing
      }`,
  }
}

function foundSection({ words, times }: View, found: FoundStuck, nowMs: number): Html {
  const { columns } = words
  const shown = found.oldest.inOrder()
  return html`<p>${words.stuckFound(found.mails)}</p>
    <p class="soft">${words.stuckNote(lastLookDays)}</p>
    <h2>${words.stuckShown(shown.length)}</h2>
    ${table(
      words.stuckTitle,
      [
        { name: columns.sent, isWhole: true },
        columns.status,
        columns.recipient,
        columns.provider,
        { name: columns.nextLookUp, isWhole: true },
      ],
      shown.map((mail) => {
        const nextMs = nextLookMs(mail, nowMs)
        return [
          times.time(mail.sentAtMs),
          badge(mail.status, words.statuses[mail.status]),
          html`<a href="${deliveryPath(mail)}">${mail.recipient}</a>`,
          mail.provider,
          nextMs === undefined ? words.noLookUp : times.time(nextMs),
        ]
      }),
    )}
    <h2>${words.byDay}</h2>
    ${table(
      words.byDay,
      [columns.day, { name: columns.mails, isFigure: true }],
      [...found.byDay].sort().map(([day, mails]) => [day, words.count(mails)]),
    )}`
}
