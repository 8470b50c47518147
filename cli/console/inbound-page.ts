import { html } from 'hono/html'
import { firstOf } from '../../lib/core/first-items.ts'
import { severalLines } from '../../lib/core/text.ts'
import type { InboundMailReader, StoredInboundMail } from '../../lib/ledger/ports.ts'
import { letterOf } from '../inbound-letter.ts'
import { definitions, nothing, path, table } from '../pages/html.ts'
import { mostHeadsOfPage } from './bounds.ts'
import { notice, wholeId, type PageOf, type View } from './view.ts'

/** Characters of a mail that are shown. */
const shownCharacters = 50_000

/** Mails that came in, the latest first. */
export const inboundPage: PageOf = async (view) => {
  const { words } = view
  const { items: mails, isCut } = await firstOf(readerOf(view).all(), mostHeadsOfPage)
  const { columns } = words
  const receivedMs = ({ receivedAt }: StoredInboundMail) => Date.parse(receivedAt[0] ?? '') || 0
  return {
    title: words.inboundTitle,
    section: '/inbound',
    body: html`${isCut ? notice(words.inboundCut(mails.length), 'warn') : nothing}
    ${
      mails.length === 0
        ? notice(words.nothingInbound)
        : table(
            words.inboundTitle,
            [
              { name: columns.received, isWhole: true },
              columns.from,
              columns.recipient,
              columns.subject,
              columns.answers,
            ],
            mails
              .toSorted((one, other) => receivedMs(other) - receivedMs(one))
              .map((mail) => [
                view.times.time(receivedMs(mail)),
                senderOf(mail),
                mail.recipient,
                html`<a href="${path('/inbound/mail', { id: mail.id })}">${subjectOf(mail, view)}</a>`,
                mail.answers === undefined
                  ? ''
                  : html`<a href="${path('/search', { q: mail.answers })}">${mail.answers}</a>`,
              ]),
          )
    }`,
  }
}

/** One mail as text, never as HTML. */
export const letterPage: PageOf = async (view, asked) => {
  const { words, times } = view
  const id = wholeId(asked)
  const mail = id === undefined ? undefined : await readerOf(view).mail(id)
  if (mail === undefined) {
    return { title: words.letterTitle, section: '/inbound', body: notice(words.noSuchLetter), status: 404 }
  }
  const text = severalLines(letterOf(mail.content).text)
  const { columns } = words
  return {
    title: subjectOf(mail, view),
    section: '/inbound',
    body: html`${definitions([
      [columns.from, senderOf(mail)],
      [columns.recipient, mail.recipient],
      ...mail.receivedAt.map((at) => [columns.received, times.time(Date.parse(at))] as const),
      [columns.provider, mail.provider],
      ...(mail.answers === undefined
        ? []
        : [
            [
              columns.answers,
              html`<a href="${path('/search', { q: mail.answers })}">${mail.answers}</a>`,
            ] as const,
          ]),
      [columns.id, mail.id],
    ])}
    ${
      text === ''
        ? html`<p>${words.noText}</p>`
        : html`${text.length > shownCharacters ? notice(words.bodyCut(words.count(shownCharacters))) : nothing}
            <pre tabindex="0">${text.slice(0, shownCharacters)}</pre>`
    }`,
  }
}

function senderOf({ columns }: StoredInboundMail): string {
  return columns.get('from') ?? columns.get('mailFrom') ?? ''
}

function subjectOf({ columns }: StoredInboundMail, { words }: View): string {
  const subject = columns.get('subject') ?? ''
  return subject === '' ? words.noSubject : subject
}

function readerOf({ ledger }: View): InboundMailReader {
  return ledger.store.inboundReader()
}
