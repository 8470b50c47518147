import { html } from 'hono/html'
import { printedLine } from '../../lib/core/text.ts'
import type { FoundProblem } from '../find-problems.ts'
import type { LocalTimes } from '../local-time.ts'
import { badge } from './badge.ts'
import type { Html } from './html.ts'
import { problemName } from './problem-words.ts'
import type { Words } from './words.ts'

interface Shown {
  readonly words: Words
  readonly times: LocalTimes
  /** How text of strangers about a mail to the recipient is shown; default: as it is. */
  readonly shown?: (text: string, recipient: string) => string
  /** Where a mail is shown by itself; absent: nowhere. */
  readonly linkOf?: (problem: FoundProblem) => string
}

/** Problems one below the other: what, when, to whom, and the words of who refused. */
export function problemList(
  problems: readonly FoundProblem[],
  { words, times, shown = asIs, linkOf }: Shown,
): Html {
  return html`<ul class="problem-list">
    ${problems.map((one) => {
      const { delivery, problem, sentAtMs } = one
      const text = (stranger: string) => printedLine(shown(stranger, delivery.recipient))
      const subject = text(delivery.columns.get('subject') ?? '')
      const named = subject === '' ? words.noSubject : subject
      return html`<li>
        <p>
          ${badge(problem.status, problemName(problem, words))} ${times.time(sentAtMs)}
          ${linkOf === undefined ? named : html`<a href="${linkOf(one)}">${named}</a>`}
        </p>
        <p>${text(delivery.recipient)}</p>
        <p class="soft">${problem.words === '' ? words.noWords : text(problem.words)}</p>
      </li>`
    })}
  </ul>`
}

function asIs(text: string): string {
  return text
}
