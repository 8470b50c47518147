import { html } from 'hono/html'
import type { Html } from '../pages/html.ts'
import { stageClass } from './deployment.ts'
import type { Page, View } from './view.ts'

const sections = [
  ['/', 'home'],
  ['/problems', 'problems'],
  ['/stuck', 'stuck'],
  ['/statistics', 'statistics'],
  ['/suppressions', 'suppressions'],
  ['/quarantine', 'quarantine'],
  ['/inbound', 'inbound'],
  ['/runs', 'runs'],
] as const

/** A whole document: which deployment it is, the menu, the page, and what it cost. */
export function framed(view: View, page: Page, units: number): Html {
  const { words, deployment, times, mayChange } = view
  const { name, stage } = deployment
  return html`<!doctype html>
    <html lang="${words.lang}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${page.title} · ${name}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="/style.css" />
      </head>
      <body>
        <a class="skip" href="#content">${words.skipToContent}</a>
        <header class="stage ${stageClass(stage)}">
          <strong>${name}</strong>
          ${placeOf(view).map((part) => html`<span>${part}</span>`)}
          <span>${mayChange ? words.changesAllowed : words.readsOnly}</span>
        </header>
        <nav aria-label="${words.mainMenu}">
          <ul>
            ${sections.map(
              ([to, key]) =>
                html`<li>
                  <a href="${to}" ${to === page.section ? html`aria-current="page"` : ''}
                    >${words.nav[key]}</a
                  >
                </li>`,
            )}
          </ul>
        </nav>
        <main id="content" tabindex="-1">
          <h1>${page.title}</h1>
          ${page.body}
        </main>
        <footer>
          ${words.sentences([words.timesIn(times.zone), words.daysIn, words.pageCost[deployment.storeKind](units)])}
        </footer>
      </body>
    </html>`
}

/** Where its rows are. */
function placeOf({ words, deployment }: View): readonly string[] {
  const { isLocal, storeKind, region, account } = deployment
  if (isLocal) return [words.localStack]
  const parts =
    storeKind === 'postgresql'
      ? [
          [words.database, account],
          [words.databaseHost, region],
        ]
      : [
          [words.region, region],
          [words.account, account],
        ]
  return parts.filter(([, value]) => value !== '').map((part) => part.join(' '))
}
