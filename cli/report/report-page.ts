import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import type { FoundProblem } from '../find-problems.ts'
import type { LocalTimes } from '../local-time.ts'
import type { Html } from '../pages/html.ts'
import { maskedText } from '../../lib/core/masked-text.ts'
import type { Overview } from '../pages/overview.ts'
import { overviewSections } from '../pages/overview-sections.ts'
import { problemList } from '../pages/problem-list.ts'
import { style } from '../pages/style.ts'
import type { Words } from '../pages/words.ts'

interface Report {
  /** Of the deployment. */
  readonly name: string
  readonly overview: Overview
  readonly problems: readonly FoundProblem[]
  readonly madeAtMs: number
  readonly words: Words
  readonly times: LocalTimes
  readonly isMasked: boolean
}

/** One page with everything in it: it loads nothing, runs nothing, and can be sent and printed. */
export function reportPage({ name, overview, problems, madeAtMs, words, times, isMasked }: Report): Html {
  const title = words.reportTitle(name)
  const { from, to } = overview.range
  const notes = [
    words.madeAt(times.time(madeAtMs)),
    words.timesIn(times.zone),
    words.daysIn,
    ...(isMasked ? [words.masked] : []),
  ]
  return html`<!doctype html>
    <html lang="${words.lang}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <title>${title}</title>
        <link rel="icon" href="data:," />
        ${styleElement}
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          <p>${words.rangeOf(from, to)}</p>
          ${overviewSections(overview, words, isMasked ? maskedText : undefined)}
          ${
            problems.length === 0
              ? ''
              : html`<h2>${words.firstProblems}</h2>
                  ${problemList(problems, { words, times, ...(isMasked && { shown: maskedText }) })}`
          }
        </main>
        <footer>${notes.join(' ')}</footer>
      </body>
    </html>`
}

const styleElement = raw(`<style>${style}</style>`)

/** This one style sheet, and nothing else. */
const policy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; img-src data:; base-uri 'none'; form-action 'none'`
