import { html } from 'hono/html'
import { badge, toneOf } from '../pages/badge.ts'
import { sentAtOfDelivery, type DeliveryKey } from '../../lib/core/delivery.ts'
import { secondMs } from '../../lib/core/instant.ts'
import { printedLine } from '../../lib/core/text.ts'
import { durationOf } from '../doctor/duration.ts'
import { findAnswers } from '../find-answers.ts'
import { judgedWords } from '../pages/judged-words.ts'
import { definitions, nothing, path, type Html } from '../pages/html.ts'
import { columnsOf, timelineOf, type TimelineEntry } from '../timeline.ts'
import type { Words } from '../pages/words.ts'
import { mostHeadsOfPage } from './bounds.ts'
import { suppressionNotice } from './suppression-notice.ts'
import { notice, type PageOf, type View } from './view.ts'

export function deliveryPath({ recipient, message }: DeliveryKey): string {
  return path('/delivery', { recipient, message })
}

/** One mail: everything that happened, in order of time, with how it was learned. */
export const deliveryPage: PageOf = async (view, asked) => {
  const { words, ledger, times } = view
  const [recipient = '', message = ''] = [asked('recipient'), asked('message')]
  const [delivery] =
    recipient === '' || message === '' ? [] : await ledger.store.deliveriesWithKey({ recipient, message })
  if (delivery === undefined) {
    return { title: words.deliveryTitle, section: '/', body: notice(words.noSuchMail), status: 404 }
  }
  const [answers, doNotSend] = await Promise.all([
    findAnswers(ledger, delivery, mostHeadsOfPage),
    suppressionNotice(view, recipient),
  ])
  const sentAtMs = sentAtOfDelivery(delivery)
  const { columns, status, facts } = delivery
  const subject = printedLine(columns.get('subject') ?? '')
  return {
    title: subject === '' ? words.noSubject : subject,
    section: '/',
    body: html`<p>
        ${badge(status, words.statuses[status])}
        ${facts.has('complained') ? badge('complained', words.kinds.complained) : nothing}
        ${sentAtMs === undefined ? words.timeUnknown : words.sentAt(times.time(sentAtMs))}
      </p>
      <p>${words.meanings[status]}</p>
      <p>
        ${printedLine(columns.get('from') ?? '')} →
        <a href="${path('/search', { q: recipient })}">${printedLine(recipient)}</a>
      </p>
      ${doNotSend}
      <h2>${words.whatHappened}</h2>
      ${answers.isCut ? notice(words.rowsCut, 'warn') : nothing}
      <ol class="timeline">
        ${timelineOf(delivery, answers.mails).map((entry) => entryOf(entry, sentAtMs, view))}
      </ol>
      <h2>${words.whatIsKnown}</h2>
      ${definitions(columnsOf(delivery))}
      <p><a href="${path('/row', { recipient, message })}">${words.rawRow}</a></p>`,
  }
}

function entryOf(entry: TimelineEntry, sentAtMs: number | undefined, view: View): Html {
  const { words, times } = view
  const { atMs, kind, stored, earlier } = entry
  return html`<li class="is-${toneOf(kind)}">
    <p>
      ${badge(kind, words.kinds[kind])} ${atMs === undefined ? words.timeUnknown : times.time(atMs)}
      <span class="soft">${howLearnt(entry, sentAtMs, words)}</span>
    </p>
    ${earlier === undefined ? nothing : html`<p class="soft">${words.earlierOnes(earlier)}</p>`}
    ${wordsOf(entry, words)} ${judgmentOf(entry, words)}
    ${
      stored === undefined
        ? nothing
        : html`<details>
            <summary>${words.storedFact}</summary>
            <code>${printedLine(stored)}</code>
          </details>`
    }
  </li>`
}

function howLearnt({ atMs, source }: TimelineEntry, sentAtMs: number | undefined, words: Words): string {
  const sinceMs = atMs === undefined || sentAtMs === undefined ? 0 : atMs - sentAtMs
  return [
    ...(sinceMs >= secondMs ? [words.afterSending(durationOf(sinceMs))] : []),
    ...(source === undefined ? [] : [words.sources[source]]),
  ].join(' · ')
}

/** What was said, and who it was that opened or followed a link. */
function wordsOf({ words: said, inboundId, agent, reader }: TimelineEntry, words: Words): Html {
  const who = [agent, reader && words.readers[reader]].filter((part) => part !== undefined)
  const shown =
    inboundId === undefined ? said : html`<a href="${path('/inbound/mail', { id: inboundId })}">${said}</a>`
  return html`${said === '' ? nothing : html`<p>${shown}</p>`}
  ${who.length === 0 ? nothing : html`<p>${who.join(' · ')}</p>`}`
}

function judgmentOf({ verdict }: TimelineEntry, words: Words): Html {
  if (verdict === undefined) return nothing
  return html`<p class="advice">${words.adviceOfClass[verdict.class ?? 'unknown']}</p>
    <p class="soft">${judgedWords(verdict, words)}</p>`
}
