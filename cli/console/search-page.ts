import { html } from 'hono/html'
import { badge } from '../pages/badge.ts'
import { recipientOf } from '../../lib/core/address.ts'
import { sentAtOfDelivery, type Delivery } from '../../lib/core/delivery.ts'
import { requestDateOf } from '../../lib/core/instant.ts'
import { problemOf } from '../../lib/core/problem.ts'
import { findDeliveries, latestDeliveries } from '../../lib/query/find-deliveries.ts'
import { nothing, path, table, type Html } from '../pages/html.ts'
import { mostRowsOfPage } from './bounds.ts'
import { deliveryPath } from './delivery-page.ts'
import { alarmsSection, lastCheckOf } from './runs-page.ts'
import { suppressionNotice } from './suppression-notice.ts'
import { field, notice, type PageOf, type View } from './view.ts'

/** Mails of one search that are shown. */
const shownMails = 50

/** The first page: what one looks for, and what is to be looked at. */
export const homePage: PageOf = async (view) => {
  const { words } = view
  const today = requestDateOf(view.ledger.clock.now())
  return {
    title: words.searchTitle,
    section: '/',
    body: html`${searchForm(view)}
      <ul class="links">
        <li>
          <a href="${path('/problems', { day: today })}">${words.labeled(words.nav.problems, today)}</a>
        </li>
        <li><a href="/stuck">${words.nav.stuck}</a></li>
        <li><a href="/statistics">${words.nav.statistics}</a></li>
      </ul>
      ${await alarmsSection(view)} ${await lastCheckOf(view)}`,
  }
}

/** The mails to a recipient, or of one message; one mail alone is shown at once by its own page. */
export const searchPage: PageOf = async (view, asked) => {
  const { words, ledger } = view
  const query = asked('q')
  if (query === undefined) return homePage(view, asked)
  const { store } = ledger
  const cut = { isCut: false }
  const onCut = () => {
    cut.isCut = true
  }
  const { deliveries: found, cutAt } = await findDeliveries(query, {
    ...store.deliveryReader({ mostRows: mostRowsOfPage, onCut }),
    ...store.otherIdReader(),
  })
  const { shown, earlier } = latestDeliveries(found, { limit: shownMails })
  const recipients = new Set(
    found.length > 0 ? shown.map(({ recipient }) => recipient) : [recipientOf(query)],
  )
  const [recipient] = recipients
  return {
    title: query,
    section: '/',
    body: html`${searchForm(view, query)}
    ${recipients.size === 1 && recipient !== undefined ? await suppressionNotice(view, recipient) : nothing}
    ${
      found.length === 0
        ? html`${notice(words.nothingFound)}
            <p>${words.nothingFoundHint}</p>`
        : nothing
    }
    ${cut.isCut || cutAt !== undefined ? notice(words.rowsCut, 'warn') : nothing}
    ${found.length > 0 ? html`<p>${words.mailsFound(found.length)}</p>` : nothing}
    ${earlier > 0 ? html`<p>${words.mailsCut(shownMails)}</p>` : nothing}
    ${shown.length > 0 ? mailsTable(view, shown) : nothing}`,
  }
}

function searchForm({ words }: View, query = ''): Html {
  return html`<form action="/search" method="get" role="search">
    ${field(
      words.searchLabel,
      'q',
      html`<input id="q" name="q" type="search" value="${query}" autocomplete="off" required />`,
      true,
    )}
    <button class="main">${words.searchButton}</button>
  </form>`
}

/** A line for each mail, which leads to its page. */
function mailsTable({ words, times }: View, deliveries: readonly Delivery[]): Html {
  const { columns } = words
  return table(
    words.nav.home,
    [
      { name: columns.sent, isWhole: true },
      columns.status,
      columns.subject,
      columns.recipient,
      columns.reply,
    ],
    deliveries.map((delivery) => {
      const sentAtMs = sentAtOfDelivery(delivery)
      const subject = delivery.columns.get('subject') ?? ''
      const problem = problemOf(delivery)
      const complained = delivery.facts.has('complained')
      return [
        sentAtMs === undefined ? words.timeUnknown : times.time(sentAtMs),
        html`${badge(delivery.status, words.statuses[delivery.status])}
        ${complained ? badge('complained', words.kinds.complained) : ''}`,
        html`<a href="${deliveryPath(delivery)}">${subject === '' ? words.noSubject : subject}</a>`,
        delivery.recipient,
        problem === undefined
          ? ''
          : problem.class === undefined
            ? problem.words
            : words.labeled(words.classes[problem.class], problem.words),
      ]
    }),
  )
}
