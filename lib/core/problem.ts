import type { Delivery } from './delivery.ts'
import type { EventKind } from './event.ts'
import { rejectionIn, type Fact } from './fact.ts'
import type { ReplyClass } from './judge-reply.ts'
import { replyClassOf } from './stored-verdict.ts'

/** What can be wrong with a mail, worst first. */
export const problemStatuses = ['complained', 'bounced', 'soft-bounced', 'dropped', 'deferred'] as const

export type ProblemStatus = (typeof problemStatuses)[number]

/** What went wrong with one delivery. */
export interface Problem {
  readonly status: ProblemStatus
  /** Of a bounce. */
  readonly class?: ReplyClass
  /** The server's or the provider's words; may be empty. */
  readonly words: string
}

/** What is wrong with the mail as of now; `undefined` where nothing is: one that was delivered after all is no problem. */
export function problemOf(delivery: Delivery): Problem | undefined {
  if (delivery.facts.has('complained')) return problem('complained', last(delivery, 'complained'))
  switch (delivery.status) {
    case 'bounced':
    case 'soft-bounced': {
      const fact = last(delivery, 'bounced')
      return { ...problem(delivery.status, fact), class: fact ? replyClassOf(delivery, fact) : 'unknown' }
    }
    case 'dropped':
    case 'deferred':
      return problem(delivery.status, last(delivery, delivery.status))
    case 'requested':
    case 'delivered':
    case 'unknown':
      return undefined
  }
}

function last({ facts }: Delivery, kind: EventKind): Fact | undefined {
  return facts.get(kind)?.at(-1)
}

function problem(status: ProblemStatus, fact: Fact | undefined): Problem {
  return { status, words: fact ? wordsOf(status, fact) : '' }
}

function wordsOf(status: ProblemStatus, fact: Fact): string {
  if (status === 'complained' || status === 'dropped') return fact.detail
  const { reply, detail } = rejectionIn(fact)
  return reply === '' ? detail : reply
}
