import { replyRules } from './reply-rules.ts'

/**
 * What the replies of receiving servers that refuse a mail mean: one table for everything that judges a bounce.
 *
 * | class            | says                                                                  |
 * | ---------------- | --------------------------------------------------------------------- |
 * | `gone`           | there is no such mailbox or domain                                    |
 * | `closed`         | the mailbox is disabled, deleted or given up                          |
 * | `full`           | the mailbox is full; it may be emptied                                |
 * | `rate`           | too many mails or connections                                         |
 * | `blocked`        | the sender's address, domain or reputation is on a list               |
 * | `auth`           | SPF, DKIM, DMARC or the sender's DNS                                  |
 * | `spam`           | the content                                                           |
 * | `policy`         | a rule of the receiver                                                |
 * | `sender`         | the sender's own address                                              |
 * | `size`           | the mail is too large                                                 |
 * | `infrastructure` | servers, routes, relays                                               |
 * | `transient`      | it passes, and says so                                                |
 * | `ambiguous`      | words that good sources read in opposite ways                         |
 * | `unknown`        | nothing that is understood                                            |
 *
 * Only `gone` and `closed` speak against the mailbox for good.
 */
export const replyClasses = [
  'gone',
  'closed',
  'full',
  'rate',
  'blocked',
  'auth',
  'spam',
  'policy',
  'sender',
  'size',
  'infrastructure',
  'transient',
  'ambiguous',
  'unknown',
] as const

export type ReplyClass = (typeof replyClasses)[number]

interface ReplyJudgement {
  readonly class: ReplyClass
  /** The name of the rule that decided; `no-rule` where none did. */
  readonly rule: string
  /** Whether the reply itself says that no later try can succeed: its first code is a 5yz or 5.y.z (RFC 5321 §4.2.1). */
  readonly isPermanent: boolean
}

/** The characters of a reply that are judged: what decides is at its beginning. */
const maxJudgedLength = 1_000

/** What is known besides the words of a reply. */
interface ReplyContext {
  /** The address that the mail was sent to: it is removed, whatever words it contains. */
  readonly recipient?: string
}

/**
 * What a reply means. Linear in its length; only its first 1,000 characters count.
 *
 * @param reply - the receiving server's words alone, without anything that the provider adds.
 */
export function judgeReply(reply: string, { recipient = '' }: ReplyContext = {}): ReplyJudgement {
  const subject = subjectOf(reply, recipient)
  const found = replyRules.find(({ pattern }) => pattern.test(subject))
  const isTransient = /^4|^\d* ?4\./.test(subject)
  const isPermanent = !isTransient && subject.startsWith('5')
  const judged = { class: found?.class ?? 'unknown', rule: found?.name ?? 'no-rule' } as const
  // RFC 5321 §4.2.1: a later try may succeed, whatever the words say of the mailbox.
  if (isTransient && isAboutMailbox.has(judged.class)) {
    return { class: 'transient', rule: 'code-transient', isPermanent }
  }
  return { ...judged, isPermanent }
}

const isAboutMailbox: ReadonlySet<ReplyClass> = new Set(['gone', 'closed', 'ambiguous', 'unknown'])

/**
 * What the patterns are matched against: `550 5.1.1: no such user`. The codes in the order of the reply, a colon, and
 * its words in lower case without accents. Links, addresses, hosts and bracketed text are left out, since their words
 * state nothing.
 */
export function subjectOf(reply: string, recipient = ''): string {
  const text = struckOut(plain(reply.slice(0, maxJudgedLength)), plain(recipient))
  return `${codesOf(text).join(' ')}: ${wordsOf(text)}`
}

/** Lower case, without accents, in one kind of quotes and of white space. */
function plain(text: string): string {
  // Most replies are ASCII, which needs no decomposition.
  const letters = /[^\x00-\x7f]/.test(text) ? withoutAccents(text) : text
  return letters
    .toLowerCase()
    .replace(/[\s\p{Cc}]+/gu, ' ')
    .trim()
}

function withoutAccents(text: string): string {
  return text
    .normalize('NFKD')
    .slice(0, maxJudgedLength)
    .replace(/(?<=\p{Script=Latin}[\u0300-\u036f]*)[\u0300-\u036f]/gu, '')
    .normalize('NFC')
    .replace(/[\u2018\u2019´]/g, "'")
}

const link = /\b(?:https?|ftp):\/\/\S*|\bwww\.\S+/g
const quotedAddress = /"[^"]{0,64}"@[^\s<>()"]*/g
const bareAddress =
  /(?<![^\s<>()[\]",;:\u2e80-\uffff])[^\s<>()[\]",;:\u2e80-\uffff]+@(?:\[[^\]\s]*\]|[^\s<>()[\]",;:\u2e80-\uffff]*)/g
/** The address of a host, not of a mailbox. */
const addressOfHost = /\baddress [<[(]?\d+\.\d+\.\d+\.\d+\S?/g
const angles = /<[^<>]*>/g
const brackets = /\[[^[\]]*\]/g
/** As sendmail begins: `550 somebody... User unknown`. */
const firstName = /^((?:[\d.#-]+ )*)\S{1,64}\.\.\. /

function struckOut(text: string, recipient: string): string {
  return withoutRecipient(text, recipient)
    .replace(link, ' (link) ')
    .replace(quotedAddress, ' ')
    .replace(bareAddress, ' ')
    .replace(addressOfHost, ' ip ')
    .replace(angles, ' ')
    .replace(brackets, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .replace(firstName, '$1')
}

/** Without the address and its domain where they are separate words: they may contain any words. */
function withoutRecipient(text: string, recipient: string): string {
  const domain = recipient.slice(recipient.lastIndexOf('@') + 1)
  if (!domain.includes('.') || !text.includes(domain)) return text
  const own = [recipient, domain].map((part) => part.replace(/[^\w\s]/g, '\\$&')).join('|')
  return text.replace(new RegExp(`(?<![\\w.-])(?:${own})(?![\\w-]|\\.\\w)`, 'g'), ' ')
}

/** A number after one of these is a version: `ESMTP Exim 4.94.2`. */
const program =
  /(?:exim|postfix|sendmail|qmail|exchange|courier|dovecot|zimbra|haraka|momentum|ecelerity|powermta|mdaemon|kerio|amavis\S*|spamassassin|rspamd|version|release|ver|v)\W{0,3}$/

/**
 * The code of RFC 5321 with which the reply begins, or the first in it, and the enhanced ones (RFC 3463) of defined
 * subjects.
 */
function codesOf(text: string): readonly string[] {
  const basic = /(?<![\w.-])(?!587\b)[45]\d\d(?![\w.]*\d|[\w]| (?:m?s|sec\w*|bytes)\b)/.exec(text)
  const enhanced = [...text.matchAll(/(?<![\w.])[245]\.[0-7]\.\d{1,3}(?![\w]|\.\d)/g)].filter(
    ({ index }) => !program.test(text.slice(Math.max(0, index - 24), index)),
  )
  const isFirst = basic !== null && (enhanced[0] === undefined || basic.index < enhanced[0].index + 12)
  return [...(basic && isFirst ? [basic[0]] : []), ...enhanced.map(([found]) => found)]
}

/** A parenthesis that names a host and holds no code: `(helo mx.example.com)`. */
const parenthesis = /\(([^()]*)\)/g
const host = /(?<![\w-])[\w-]+(?:\.[\w-]+)+\.?/g
const continuation = /(?<![\w.])[245]\d\d(?=[ \-:#,"']|$)-?/g

function wordsOf(text: string): string {
  return text
    .replace(parenthesis, (whole, inside: string) =>
      hostIn.test(inside) && !/[245]\d\d/.test(inside) ? ' ' : whole,
    )
    .replace(host, withoutHost)
    .replace(continuation, ' ')
    .replace(/\s+/g, ' ')
    .replace(/^[\s\-#:.,]+/, '')
    .trim()
}

const hostIn = /[\w-]+\.[\w-]*[a-z]/

/** Words that begin the next sentence where a space was forgotten: `user unknown.please check`. */
const beginnings = new Set(
  'please see for this the try contact visit your mail message if check to more help account user sorry it you'.split(
    ' ',
  ),
)

function withoutHost(token: string): string {
  const labels = token.split('.').filter((label) => label !== '')
  const isSentence = labels.length === 2 && beginnings.has(labels[1] ?? '')
  // Exchange names the exception: `AccountDisabledException.MapiExceptionADUserDisabled`.
  return isSentence || token.includes('exception') ? labels.join('. ') : ' '
}
