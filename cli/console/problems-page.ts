import { html } from 'hono/html'
import { addDays, requestDateOf } from '../../lib/core/instant.ts'
import { problemStatuses, type Problem } from '../../lib/core/problem.ts'
import { replyClasses } from '../../lib/core/judge-reply.ts'
import { isDay } from '../day-range.ts'
import {
  commonestProblems,
  findProblems,
  problemsAsCsv,
  type FoundProblems,
  type ProblemFilter,
} from '../find-problems.ts'
import { nothing, path, table, type Html } from '../pages/html.ts'
import { problemList } from '../pages/problem-list.ts'
import { problemName, problemAdvice } from '../pages/problem-words.ts'
import { mostListedOfPage, mostProblemsOfPage } from './bounds.ts'
import { deliveryPath } from './delivery-page.ts'
import { choice, field, notice, type Asked, type PageOf, type View } from './view.ts'
import { canonicalDomain } from '../../lib/core/address.ts'

const shownProblems = 100

/** What failed of the mails of a day: by problem and class, with advice, and each of the latest. */
export const problemsPage: PageOf = async (view, asked) => {
  const { words } = view
  const day = dayOf(view, asked)
  const page = { title: `${words.problemsTitle}: ${day}`, section: '/problems' }
  if (!isDay(day)) return { ...page, body: notice(words.badDay(day), 'bad'), status: 400 }
  const found = await problemsOf(view, asked, shownProblems)
  return { ...page, body: html`${filterForm(view, asked, day)} ${foundSection(view, found, asked)}` }
}

/** The same mails as CSV, as many as a page reads: the name of the file says if there are more. `undefined` for what is no day. */
export async function problemsCsv(
  view: View,
  asked: Asked,
): Promise<{ readonly name: string; readonly csv: string } | undefined> {
  const day = dayOf(view, asked)
  if (!isDay(day)) return undefined
  const found = await problemsOf(view, asked, mostProblemsOfPage)
  const isCut = !found.isWhole || found.mails > mostProblemsOfPage
  return { name: `problems-${day}${isCut ? '-cut' : ''}.csv`, csv: problemsAsCsv(found) }
}

function dayOf({ ledger }: View, asked: Asked): string {
  return asked('day') ?? requestDateOf(ledger.clock.now())
}

async function problemsOf(view: View, asked: Asked, limit: number): Promise<FoundProblems> {
  const status = problemStatuses.find((known) => known === asked('status'))
  const replyClass = replyClasses.find((known) => known === asked('class'))
  const domain = asked('domain')
  const filter: ProblemFilter = {
    ...(status !== undefined && { status }),
    ...(replyClass !== undefined && { class: replyClass }),
    // What is no domain is no mail's, either.
    ...(domain !== undefined && { domain: canonicalDomain(domain.replace(/^@/, '')) ?? domain }),
  }
  return findProblems(view.ledger, {
    days: [dayOf(view, asked)],
    filter,
    limit,
    mostRows: mostProblemsOfPage,
    mostListed: mostListedOfPage,
  })
}

function queryOf(asked: Asked, day: string): Record<string, string | undefined> {
  return { day, status: asked('status'), class: asked('class'), domain: asked('domain') }
}

function filterForm({ words }: View, asked: Asked, day: string): Html {
  const statuses = problemStatuses.map(
    (name) => [name, problemName({ status: name, words: '' }, words)] as const,
  )
  const classes = replyClasses.map((name) => [name, words.classes[name]] as const)
  return html`<form action="/problems" method="get">
      ${field(words.dayLabel, 'day', html`<input id="day" name="day" type="date" value="${day}" required />`)}
      ${field(words.statusLabel, 'status', choice('status', [['', words.allStatuses], ...statuses], asked('status')))}
      ${field(words.classLabel, 'class', choice('class', [['', words.allClasses], ...classes], asked('class')))}
      ${field(
        words.domainLabel,
        'domain',
        html`<input id="domain" name="domain" value="${asked('domain') ?? ''}" />`,
      )}
      <button class="main">${words.show}</button>
    </form>
    <ul class="links">
      <li><a href="${path('/problems', queryOf(asked, addDays(day, -1)))}">← ${words.previousDay}</a></li>
      <li><a href="${path('/problems', queryOf(asked, addDays(day, 1)))}">${words.nextDay} →</a></li>
      <li><a href="${path('/problems.csv', queryOf(asked, day))}">${words.asCsv}</a></li>
    </ul>`
}

function foundSection(view: View, found: FoundProblems, asked: Asked): Html {
  const { words } = view
  if (found.mails === 0) {
    return found.isWhole ? notice(words.noProblems, 'good') : notice(words.problemsCut, 'warn')
  }
  const shown = found.shown.inOrder()
  return html`${found.isWhole ? nothing : notice(words.problemsCut, 'warn')}
    <p>${words.problemsFound(found.mails)}</p>
    ${table(
      words.problemsTitle,
      [{ name: words.columns.mails, isFigure: true }, words.columns.problem, words.columns.advice],
      commonestProblems(found).map(({ problem, mails }) => [
        words.count(mails),
        html`<a href="${path('/problems', ofKind(problem, asked, dayOf(view, asked)))}"
          >${problemName(problem, words)}</a
        >`,
        problemAdvice(problem, words),
      ]),
    )}
    <h2>${words.problemsShown(shown.length, found.mails)}</h2>
    ${problemList(shown, { words, times: view.times, linkOf: ({ delivery }) => deliveryPath(delivery) })}`
}

function ofKind(problem: Problem, asked: Asked, day: string): Record<string, string | undefined> {
  return { ...queryOf(asked, day), status: problem.status, class: problem.class }
}
