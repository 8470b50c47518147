import type { Problem } from '../lib/core/problem.ts'
import type { ReplyClass } from '../lib/core/judge-reply.ts'

/** What to do about mails that were refused for a reason of this class, in one line. */
export const adviceOfClass: Readonly<Record<ReplyClass, string>> = {
  gone: 'There is no such mailbox: remove the address from your own data.',
  closed: 'The mailbox is closed: remove the address from your own data.',
  full: 'The mailbox is full: wait some days, then send again.',
  rate: 'Too many mails at once for this receiver: send more slowly.',
  blocked:
    "The reply names whose blocklist it is: ask there to be taken off it, or ask your provider to, if it is the provider's address.",
  auth: 'Check the SPF, DKIM and DMARC records of the sender domain, as the console of your provider shows them.',
  spam: 'The content is taken for spam: change its words and links, and look at who complains.',
  policy: 'A rule of the receiver refuses it: ask the recipient, who can ask whoever runs the mail server.',
  sender: 'The sender address is refused: it has to exist, and to take mail.',
  size: 'The mail is too large: link to attachments instead.',
  infrastructure:
    'A mail server or the way to it fails: it usually passes; if it stays, the domain of the recipient is broken.',
  transient: 'It passes: the provider tried again, or you can.',
  ambiguous:
    'The words may mean the mailbox or a filter: it counts once three mails on three days are refused.',
  unknown: 'No rule understands the reply: read it.',
}

/** The same of what is no bounce. */
export const adviceOfProblem: Readonly<Record<'complained' | 'dropped' | 'deferred', string>> = {
  complained: 'The recipient reported it as spam: do not write to this address again.',
  dropped:
    'The provider refused to send it: its words or its code say why, and its documentation explains the code.',
  deferred: 'The receiver put it off and the provider tries again: nothing to do yet.',
}

/** What to do about a problem, in one line. */
export function adviceOf(
  { status, class: replyClass }: Problem,
  { ofClass, ofProblem }: Advice = { ofClass: adviceOfClass, ofProblem: adviceOfProblem },
): string {
  if (replyClass !== undefined) return ofClass[replyClass]
  return status === 'complained' || status === 'dropped' || status === 'deferred'
    ? ofProblem[status]
    : ofClass.unknown
}

/** Lines of advice, in one language. */
interface Advice {
  readonly ofClass: Readonly<Record<ReplyClass, string>>
  readonly ofProblem: Readonly<Record<keyof typeof adviceOfProblem, string>>
}
