import { html } from 'hono/html'
import { badge } from '../pages/badge.ts'
import { recipientOf } from '../../lib/core/address.ts'
import {
  inOrderOfTime,
  linesOf,
  parseEvidence,
  type HeldReason,
  type Suppression,
} from '../../lib/core/suppression.ts'
import type { Doubt } from '../../lib/suppressions/recheck.ts'
import { firstItems } from '../../lib/core/first-items.ts'
import { addToList, heldOf, takeOffList } from '../change-suppression.ts'
import { nothing, path, table, type Html } from '../pages/html.ts'
import { bouncesOf, doubtsWhileHeld } from '../suppression-report.ts'
import { judgedWords } from '../pages/judged-words.ts'
import { mostRowsOfPage } from './bounds.ts'
import { field, notice, type Asked, type Page, type PageOf, type View } from './view.ts'

/** Rows of the list in one part. */
const rowsInPart = 100

const shownBounces = 20

/** One address and why it is on the list or not; without one, the list part by part. */
export const suppressionsPage: PageOf = async (view, asked) => {
  const query = asked('q')
  if (query === undefined) return frame(view, await partOfList(view, asked('after')))
  const address = recipientOf(query)
  if (address === undefined) return badAddress(view, query)
  return frame(view, await sectionOf(view, address), address)
}

/** Puts an address on the list by hand. */
export const addSuppressionPage: PageOf = async (view, asked) =>
  changed(view, asked, async (address) => {
    await addToList(view.ledger, address, asked('note') ?? '')
    return notice(view.words.wasPutOn(address), 'good')
  })

/** Takes an address off the list. */
export const removeSuppressionPage: PageOf = async (view, asked) =>
  changed(view, asked, async (address) => {
    const taken = await takeOffList(view.ledger, address)
    const { words } = view
    return taken === undefined
      ? notice(words.neverOnList, 'warn')
      : notice(words.wasTakenOff(address), 'good')
  })

async function changed(view: View, asked: Asked, change: (address: string) => Promise<Html>): Promise<Page> {
  const query = asked('recipient') ?? ''
  const address = recipientOf(query)
  if (address === undefined) return badAddress(view, query)
  const done = await change(address)
  return frame(view, html`${done} ${await sectionOf(view, address)}`, address)
}

function badAddress(view: View, query: string): Page {
  return { ...frame(view, notice(view.words.badAddress(query), 'bad'), query), status: 400 }
}

function frame({ words }: View, body: Html, query = ''): Page {
  return {
    title: words.suppressionsTitle,
    section: '/suppressions',
    body: html`<form action="/suppressions" method="get" role="search">
        ${field(
          words.addressLabel,
          'q',
          html`<input id="q" name="q" type="search" value="${query}" autocomplete="off" />`,
          true,
        )}
        <button class="main">${words.searchButton}</button>
      </form>
      ${body}`,
  }
}

async function sectionOf(view: View, address: string): Promise<Html> {
  const { words, ledger, times, mayChange } = view
  const { store } = ledger
  const cut = { isCut: false }
  const deliveries = store.deliveryReader({
    mostRows: mostRowsOfPage,
    onCut: () => {
      cut.isCut = true
    },
  })
  const [row, mails] = await Promise.all([
    store.suppressionReader().ofRecipient(address),
    deliveries.ofRecipient(address),
  ])
  const held = heldOf(row, ledger)
  const bounces = bouncesOf(mails).toSorted((a, b) => ((a.at ?? '') < (b.at ?? '') ? 1 : -1))
  const doubts = row === undefined ? [] : doubtsWhileHeld(row, held, mails)
  return html`${cut.isCut ? notice(words.rowsCut, 'warn') : nothing}
    ${
      held.length > 0
        ? notice(words.isOnList, 'bad')
        : notice(row === undefined ? words.neverOnList : words.isNotOnList, 'good')
    }
    ${
      held.length > 0
        ? html`<ul>
            ${held.map((reason) => html`<li>${reasonWords(reason, view)}</li>`)}
          </ul>`
        : nothing
    }
    <p><a href="${path('/search', { q: address })}">${words.mailsTo}</a></p>
    ${row === undefined ? nothing : listed(words.evidence, evidenceOf(row, view))}
    ${listed(
      words.judgedBounces,
      bounces
        .slice(0, shownBounces)
        .flatMap((one) => [
          `${one.at === undefined ? words.timeUnknown : times.timeOf(one.at)} ${one.bounce}`,
          judgedWords(one, words),
        ]),
    )}
    ${listed(
      words.inDoubt,
      doubts.map((doubt) => doubtLine(doubt, view)),
    )}
    ${mayChange ? changeForms(view, address, held.length > 0) : html`<p class="soft">${words.startWithChanges}</p>`}`
}

function reasonWords(held: HeldReason, view: View): string {
  const { words, times } = view
  const { reason, sinceMs } = held
  return words.listOf([words.onListSince(words.reasons[reason], times.time(sinceMs)), ...termsOf(held, view)])
}

/** Until when a reason holds, and for mail of which domain. */
function termsOf(
  { untilMs, fromDomain }: Pick<HeldReason, 'untilMs' | 'fromDomain'>,
  { words, times }: View,
): readonly string[] {
  return [
    ...(untilMs === undefined ? [] : [words.untilTime(times.time(untilMs))]),
    ...(fromDomain === undefined ? [] : [words.fromDomain(fromDomain)]),
  ]
}

/** What was learned of the address, and when it was taken off the list, in order of time. */
function evidenceOf(row: Suppression, view: View): readonly string[] {
  const { words, times } = view
  const removals = row.removals.map((at) => ({
    atMs: Date.parse(at),
    line: words.listOf([times.timeOf(at), words.takenOff]),
  }))
  const evidence = inOrderOfTime(linesOf(row)).map((line) => {
    const known = parseEvidence(line)
    if (known === undefined) return { atMs: 0, line }
    const { occurredAtMs, reason, provider, message, judgement, detail } = known
    return {
      atMs: occurredAtMs,
      line: words.listOf([
        times.time(occurredAtMs),
        words.reasons[reason],
        ...termsOf(known, view),
        ...(judgement === undefined ? [] : [words.classes[judgement.class]]),
        ...[provider, message, detail].flatMap((part = '') => (part === '' ? [] : part)),
      ]),
    }
  })
  return [...evidence, ...removals].sort((one, other) => one.atMs - other.atMs).map(({ line }) => line)
}

function doubtLine(doubt: Doubt, { words, times }: View): string {
  return doubt.type === 'delivered-since'
    ? words.doubtDelivered(words.kinds[doubt.kind], times.time(doubt.atMs), doubt.message)
    : words.doubtJudged(doubt.line)
}

function listed(title: string, lines: readonly string[]): Html {
  if (lines.length === 0) return nothing
  return html`<h2>${title}</h2>
    <ul>
      ${lines.map((line) => html`<li>${line}</li>`)}
    </ul>`
}

function changeForms({ words }: View, address: string, isHeld: boolean): Html {
  const recipient = html`<input type="hidden" name="recipient" value="${address}" />`
  if (isHeld) {
    return html`<form class="change" action="/suppressions/remove" method="post">
      <h2>${words.takeOffTitle}</h2>
      <p>${words.takeOffWords}</p>
      ${recipient} <button class="main">${words.takeOffButton}</button>
    </form>`
  }
  return html`<form class="change" action="/suppressions/add" method="post">
    <h2>${words.putOnTitle}</h2>
    <p>${words.putOnWords}</p>
    ${recipient} ${field(words.noteLabel, 'note', html`<input id="note" name="note" maxlength="200" />`)}
    <button class="main">${words.putOnButton}</button>
  </form>`
}

/** A part of the list in the order of its table, and where the next one begins. */
async function partOfList(view: View, position: string | undefined): Promise<Html> {
  const { words, ledger, times } = view
  const scanner = ledger.store.suppressionScanner({ rowsInPage: rowsInPart })
  const [part] = await Array.fromAsync(firstItems(scanner.pages(position), 1))
  const rows = (part?.items ?? []).flatMap((row) => {
    const held = heldOf(row, ledger)
    return held.length > 0 ? [{ row, held }] : []
  })
  const { columns } = words
  return html`<h2>${words.browseList}</h2>
    <p class="soft">${words.browseNote}</p>
    ${
      rows.length === 0
        ? notice(words.listEmpty)
        : table(
            words.browseList,
            [columns.recipient, columns.reason, { name: columns.since, isWhole: true }, columns.note],
            rows.flatMap(({ row, held }) =>
              held.map((one) => [
                html`<a href="${path('/suppressions', { q: row.recipient })}">${row.recipient}</a>`,
                badge(one.reason, words.reasons[one.reason]),
                times.time(one.sinceMs),
                words.listOf(termsOf(one, view)),
              ]),
            ),
          )
    }
    <ul class="links">
      ${position === undefined ? nothing : html`<li><a href="/suppressions">${words.firstPart}</a></li>`}
      ${
        part?.next === undefined
          ? nothing
          : html`<li><a href="${path('/suppressions', { after: part.next })}">${words.nextPart}</a></li>`
      }
    </ul>`
}
