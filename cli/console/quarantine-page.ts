import { html } from 'hono/html'
import { firstOf } from '../../lib/core/first-items.ts'
import { printedLine } from '../../lib/core/text.ts'
import type { QuarantinedRow } from '../../lib/quarantine/ports.ts'
import { replay } from '../../lib/quarantine/replay.ts'
import { requireRetention, withDeployedSettings } from '../deployment-settings.ts'
import { shownId } from '../open-ledger.ts'
import { definitions, nothing, path, table, type Html } from '../pages/html.ts'
import { readableBody } from '../quarantined-body.ts'
import { replayDependencies, requireIndexes } from '../replay-quarantined.ts'
import { mostHeadsOfPage } from './bounds.ts'
import { notice, wholeId, type Asked, type Page, type PageOf, type View } from './view.ts'

/** Characters of a body that are shown. */
const shownCharacters = 20_000

/** What waits in quarantine, the latest first. */
export const quarantinePage: PageOf = async (view) => {
  const { words, ledger, times } = view
  const { items: rows, isCut } = await firstOf(ledger.store.quarantineStore().open(), mostHeadsOfPage)
  const { columns } = words
  const latestFirst = rows.toSorted((a, b) => Date.parse(b.lastSeenAt) - Date.parse(a.lastSeenAt))
  return {
    title: words.quarantineTitle,
    section: '/quarantine',
    body: html`<p>${words.quarantineNote}</p>
      ${isCut ? notice(words.quarantineCut(rows.length), 'warn') : nothing}
      ${
        rows.length === 0
          ? notice(words.nothingInQuarantine, 'good')
          : table(
              words.quarantineTitle,
              [
                columns.id,
                { name: columns.received, isWhole: true },
                columns.provider,
                columns.reason,
                { name: columns.seen, isFigure: true },
                { name: columns.replays, isFigure: true },
                columns.problems,
              ],
              latestFirst.map((row) => [
                html`<a href="${path('/quarantine/body', { id: row.id })}">${shownId(row.id)}</a>`,
                times.timeOf(row.lastSeenAt),
                row.provider,
                words.quarantineReasons[row.reason],
                words.timesSeen(row.seen),
                words.count(row.attempts),
                row.problems.join('; '),
              ]),
            )
      }`,
  }
}

/** One body, what was wrong with it, and what can be done. */
export const bodyPage: PageOf = (view, asked) => bodyOf(view, asked, nothing)

async function bodyOf(view: View, asked: Asked, done: Html): Promise<Page> {
  const { words, ledger, times, mayChange } = view
  const id = wholeId(asked)
  const found = id === undefined ? undefined : await ledger.store.quarantineStore().input(id)
  if (found === undefined) return noSuchBody(view)
  const text = readableBody(found.body, found.contentType)
  const isOpen = found.resolvedAt === undefined
  return {
    title: words.bodyTitle,
    section: '/quarantine',
    body: html`${done}
      ${definitions([
        [words.columns.id, found.id],
        [words.columns.provider, found.provider],
        [words.columns.reason, words.quarantineReasons[found.reason]],
        [words.firstSeen, times.timeOf(found.firstSeenAt)],
        [words.lastSeen, `${times.timeOf(found.lastSeenAt)} (${words.timesSeen(found.seen)})`],
        [words.columns.replays, words.count(found.attempts)],
        ...(found.resolvedAt === undefined
          ? []
          : [[words.resolvedAt, times.timeOf(found.resolvedAt)] as const]),
        ...found.problems.map((problem) => [words.columns.problems, problem] as const),
      ])}
      ${isOpen ? replayForm(view, found) : nothing}
      ${isOpen && mayChange ? dismissForm(view, found) : nothing}
      ${mayChange ? nothing : html`<p class="soft">${words.startWithChanges}</p>`}
      <h2>${words.body}</h2>
      <p class="soft">${words.bodyOf(words.count(found.bytes), printedLine(found.contentType))}</p>
      ${
        text === undefined
          ? html`<p>${words.bodyNotText}</p>`
          : html`${text.length > shownCharacters ? notice(words.bodyCut(words.count(shownCharacters))) : nothing}
              <pre tabindex="0">${text.slice(0, shownCharacters)}</pre>`
      }`,
  }
}

function noSuchBody({ words }: View): Page {
  return { title: words.bodyTitle, section: '/quarantine', body: notice(words.noSuchBody), status: 404 }
}

function replayForm({ words, mayChange }: View, { id, reason, isVerified }: QuarantinedRow): Html {
  const isUnsigned = reason === 'unsigned' && !isVerified
  return html`<form class="change" action="${path('/quarantine/replay', { id })}" method="post">
    <h2>${words.replayTitle}</h2>
    <p>${words.replayWords}</p>
    ${
      isUnsigned
        ? html`<div class="check">
            <input id="trust" name="trust" type="checkbox" value="yes" /><label for="trust"
              >${words.trustUnsigned}</label
            >
          </div>`
        : nothing
    }
    <button name="dryRun" value="yes">${words.dryRunButton}</button>
    ${mayChange ? html`<button class="main" name="dryRun" value="no">${words.replayButton}</button>` : nothing}
  </form>`
}

function dismissForm({ words }: View, { id }: QuarantinedRow): Html {
  return html`<form class="change" action="${path('/quarantine/dismiss', { id })}" method="post">
    <h2>${words.dismissTitle}</h2>
    <p>${words.dismissWords}</p>
    <button>${words.dismissButton}</button>
  </form>`
}

/** Whether a replay is asked for that writes nothing, which anybody may who may look. */
export function isDryRun(asked: Asked): boolean {
  return asked('dryRun') === 'yes'
}

/** Does something with a body that still waits, and shows the body with what came of it. */
function withOpenRow(change: (row: QuarantinedRow, view: View, asked: Asked) => Promise<Html>): PageOf {
  return async (view, asked) => {
    const id = wholeId(asked)
    const row = id === undefined ? undefined : await view.ledger.store.quarantineStore().row(id)
    if (row === undefined) return noSuchBody(view)
    const isResolved = row.resolvedAt !== undefined
    const done = isResolved ? notice(view.words.alreadyResolved, 'warn') : await change(row, view, asked)
    return bodyOf(view, asked, done)
  }
}

/** Replays one body as `ledger quarantine replay <id>` does, or says what would happen. */
export const replayPage = withOpenRow(async (row, { words, ledger, environment }, asked) => {
  const settings = await withDeployedSettings(environment, 'ingest')
  const dryRun = isDryRun(asked)
  if (!dryRun) {
    requireRetention(settings, 'RETENTION_DAYS', 'INBOUND_RETENTION_DAYS')
    await requireIndexes(ledger, settings.environment)
  }
  const [replayed] = await replay(
    [row],
    { ...replayDependencies(ledger, settings.environment), trustsUnsigned: asked('trust') === 'yes' },
    { isDryRun: dryRun, onReplayed: () => undefined },
  )
  // It left the quarantine meanwhile, which its page says.
  if (replayed === undefined) return nothing
  const { left, summary } = replayed
  if (left === 'resolved') {
    return notice(dryRun ? words.wouldBeResolved(summary) : words.wasResolved(summary), 'good')
  }
  if (left === 'unfinished') return notice(words.wasUnfinished, 'bad')
  return notice(words.stillWrong(words.quarantineReasons[left.reason], left.problems.join('; ')), 'bad')
})

/** Dismisses one body as `ledger quarantine dismiss <id>` does. */
export const dismissPage = withOpenRow(async ({ id }, { words, ledger }) => {
  await ledger.store.quarantineStore().dismissed(id, ledger.clock.now())
  return notice(words.wasDismissed, 'good')
})
