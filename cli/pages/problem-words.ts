import type { Problem } from '../../lib/core/problem.ts'
import { adviceOf } from '../advice.ts'
import type { Words } from './words.ts'

/** The problem, and of a bounce its class. */
export function problemName({ status, class: replyClass }: Problem, words: Words): string {
  const shown = status === 'complained' ? words.kinds.complained : words.statuses[status]
  return replyClass === undefined ? shown : words.labeled(shown, words.classes[replyClass])
}

/** What to do about it, in one line. */
export function problemAdvice(problem: Problem, { adviceOfClass, adviceOfProblem }: Words): string {
  return adviceOf(problem, { ofClass: adviceOfClass, ofProblem: adviceOfProblem })
}
