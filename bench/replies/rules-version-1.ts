// The rules of version 1, as they were: what `npm run bench:replies` compares the present ones with.

import type { BounceClass, DeliveryEvent, EventKind } from '../../lib/core/event.ts'
import type { SuppressionReason } from '../../lib/core/suppression.ts'

/** What a rule looks for. All that is named must hold; what is not named may be anything. */
interface Pattern {
  readonly kind?: EventKind
  readonly provider?: string
  /** The provider's own code, whole. */
  readonly code?: string
  /** A bounce of unreported class counts as undetermined. */
  readonly bounceClass?: BounceClass
  /** The enhanced status code with which the reply begins (RFC 3463); an `x` stands for any number. */
  readonly enhancedCode?: string
  /** Found in what was reported. */
  readonly reply?: RegExp
}

interface SuppressionRule {
  readonly name: string
  readonly matches: Pattern
  /** Why the address goes on the list; `leave`: this says nothing against it. */
  readonly verdict: SuppressionReason | 'leave'
  /** Where it is documented, and why the verdict follows. */
  readonly source: string
}

const tencentCallback = 'Tencent SES, Email Event Notification (product 1084, page 39492)'
const tencentPoll = 'Tencent SES, GetSendEmailStatus (product 1084, read 2026-11-21)'
const sendCloud = 'SendCloud, Webhook Event Description'

/** What Tencent Cloud's reasons for not sending say. They speak of the address only where it is on a list of its own. */
const sendStatusRules: readonly SuppressionRule[] = (
  [
    [1007, 'blocklist', "the address is on the provider's blocklist: it refuses to send there"],
    [1013, 'unsubscribe', 'the recipient has unsubscribed, and the provider knows'],
    [3020, 'blocklist', "the mailbox type is on the provider's blocklist: it refuses to send there"],
    [1001, 'leave', 'an internal error of the provider, which passes'],
    [1002, 'leave', 'an internal error of the provider, which passes'],
    [1003, 'leave', 'an internal error of the provider, which passes'],
    [1004, 'leave', 'it timed out, which passes'],
    [1005, 'leave', 'an internal error of the provider, which passes'],
    [1006, 'leave', 'too many mails to the address in a short time, which passes'],
    [1008, 'leave', "the recipient's side rejects the sender's domain: about the sender"],
    [1009, 'leave', 'an internal error of the provider, which passes'],
    [1010, 'leave', 'the daily limit was reached: about the account'],
    [1011, 'leave', 'custom content is not permitted: about the account'],
    [2001, 'leave', 'no record was found: says nothing of the address'],
    [3007, 'leave', 'the template is invalid: about the template'],
    [3008, 'leave', "the recipient's domain blocks for a time, which passes"],
    [3009, 'leave', 'the template may not be used: about the template'],
    [3010, 'leave', 'the template data is malformed: about the template'],
    [3014, 'leave', "the sender's domain is not verified: about the sender"],
    [3024, 'leave', "an address has a wrong format: does not say whether the recipient's or the sender's"],
    [3030, 'leave', 'the bounce rate is too high: about the account'],
    [3033, 'leave', 'no money is left: about the account'],
  ] as const
).map(([code, verdict, why]) => ({
  name: `send-status-${code}`,
  matches: { kind: 'dropped', provider: 'tencent-ses', code: `SendStatus ${code}` },
  verdict,
  source: `${tencentPoll}: ${why}`,
}))

/** What SendCloud's codes of a bounce that is not soft say. */
const bounceSubStatRules: readonly SuppressionRule[] = (
  [
    [404, 'hard-bounce', 'address format error'],
    [406, 'hard-bounce', 'address does not exist'],
    [403, 'leave', 'server unreachable: about the server, and it may come back'],
    [405, 'leave', 'ip and domain rejected: about the sender'],
    [407, 'leave', 'spam: about the mail'],
    [408, 'leave', 'sender / recipient rejected: about the sender as well'],
    [409, 'leave', 'others: says nothing of the address'],
  ] as const
).map(([code, verdict, why]) => ({
  name: `sub-stat-${code}`,
  matches: { kind: 'bounced', provider: 'sendcloud', code: `subStat ${code}` },
  verdict,
  source: `${sendCloud}, subStat of invalid: ${why}`,
}))

/** What the recipient's server says in the code that RFC 3463 defines: permanent where it begins with 5. */
const enhancedCodeRules: readonly SuppressionRule[] = (
  [
    ['bad-mailbox', '5.1.1', 'hard-bounce', 'RFC 3463 §3.2: the mailbox does not exist'],
    ['bad-system', '5.1.2', 'hard-bounce', 'RFC 3463 §3.2: the domain does not exist or takes no mail'],
    ['bad-syntax', '5.1.3', 'hard-bounce', 'RFC 3463 §3.2: the address is syntactically invalid'],
    ['mailbox-moved', '5.1.6', 'hard-bounce', 'RFC 3463 §3.2: the mailbox is gone, without forwarding'],
    ['null-mx', '5.1.10', 'hard-bounce', 'RFC 7505 §4.2: the domain declares that it takes no mail'],
    ['mailbox-disabled', '5.2.1', 'hard-bounce', 'RFC 3463 §3.3: the mailbox is disabled'],
    ['mailbox-full', '5.2.2', 'leave', 'RFC 3463 §3.3: the mailbox is full, which passes'],
    ['other-address-status', '5.1.0', 'leave', 'RFC 3463 §3.2: does not say which address, nor what of it'],
    ['sender-syntax', '5.1.7', 'leave', "RFC 3463 §3.2: about the sender's address"],
    ['sender-system', '5.1.8', 'leave', "RFC 3463 §3.2: about the sender's domain"],
    ['mail-system', '5.3.x', 'leave', 'RFC 3463 §3.4: about the server'],
    ['routing', '5.4.x', 'leave', 'RFC 3463 §3.5: about the way to the server'],
    ['protocol', '5.5.x', 'leave', 'RFC 3463 §3.6: about how the servers talked'],
    ['content', '5.6.x', 'leave', 'RFC 3463 §3.7: about the mail'],
    ['policy', '5.7.x', 'leave', 'RFC 3463 §3.8: security or policy, mostly about the sender'],
    ['other-enhanced-code', 'x.x.x', 'leave', 'RFC 3463 §2: none that says the mailbox is gone for good'],
  ] as const
).map(([name, enhancedCode, verdict, source]) => ({
  name,
  matches: { kind: 'bounced', enhancedCode },
  verdict,
  source,
}))

/** A word of one of these, and the rejection may be about who sent it. */
const senderWords =
  /spam|block|black-?list|polic(?:y|ies)|\b(?:spf|dns|ip|ptr|helo|from)\b|dkim|dmarc|reputation|denied|sender/i

// Within one sentence, and no further than an address is long: whoever writes the reply must not make the search slow.
const gap = String.raw`(?:[^.;]|\.(?! )){0,330}`

const mailboxWords = new RegExp(
  [
    // RFC 5321 §4.2.3: 550 (mailbox not found), 551 (user not local), 553 (mailbox name not allowed).
    String.raw`\b(?:mailbox|user|recipient|account) not found`,
    'invalid recipient',
    'no such user',
    // Postfix (reject_unlisted_recipient) and sendmail.
    'user unknown',
    'unknown user',
    String.raw`address rejected:${gap}\bunknown\b`,
    // Tencent's own sample, `recipient is not exist`. Other things than a mailbox may not exist: a record of the DNS.
    String.raw`\b(?:recipient|user|mailbox|account|address)\b${gap}\b(?:not|doesn't) exist`,
  ].join('|'),
  'i',
)

/**
 * Which events put an address on the list: read from the top, and the first rule that matches decides. Nothing is put
 * there that does not say, in words of the provider or of the recipient's server, that the recipient or the mailbox is
 * the cause.
 */
const suppressionRules: readonly SuppressionRule[] = [
  {
    name: 'complained',
    matches: { kind: 'complained' },
    verdict: 'complaint',
    source: `${tencentCallback}: spamreport; ${sendCloud}: report_spam; UserComplained of the poll`,
  },
  {
    name: 'unsubscribed',
    matches: { kind: 'unsubscribed' },
    verdict: 'unsubscribe',
    source: `${tencentCallback}: unsubscribe; ${sendCloud}: unsubscribe; UserUnsubscribed of the poll`,
  },
  ...sendStatusRules,
  {
    name: 'sub-stat-401',
    matches: { kind: 'dropped', provider: 'sendcloud', code: 'subStat 401' },
    verdict: 'blocklist',
    source: `${sendCloud}, subStat of invalid: in SendCloud blacklist: it refuses to send there`,
  },
  {
    name: 'sub-stat-402',
    matches: { kind: 'dropped', provider: 'sendcloud', code: 'subStat 402' },
    verdict: 'unsubscribe',
    source: `${sendCloud}, subStat of invalid: unsubscribe: it refuses to send there`,
  },
  {
    name: 'other-drop',
    matches: { kind: 'dropped' },
    verdict: 'leave',
    source: `${tencentCallback}: dropped for some reasons, as free text: says nothing of the address`,
  },
  {
    name: 'soft-bounce',
    matches: { kind: 'bounced', bounceClass: 'soft' },
    verdict: 'leave',
    source:
      "RFC 5321 §4.2.1: a later try may succeed, whatever the text says (SendCloud's soft 506 included)",
  },
  {
    name: 'sub-stat-about-sender',
    matches: { kind: 'bounced', provider: 'sendcloud', reply: /(?<![\d.])5\.7\.\d{1,3}(?![\d.])/ },
    verdict: 'leave',
    source: `RFC 3463 §3.8: what the server itself calls policy is about the sender, whatever number ${sendCloud} gives it`,
  },
  {
    name: 'sub-stat-transient',
    matches: { kind: 'bounced', provider: 'sendcloud', reply: /(?<![\d.])4\.\d{1,3}\.\d{1,3}(?![\d.])/ },
    verdict: 'leave',
    source: `RFC 3463 §2: what the server itself calls transient passes, whatever number ${sendCloud} gives it`,
  },
  ...bounceSubStatRules,
  {
    name: 'transient-reply',
    matches: { kind: 'bounced', reply: /^4(?:\d\d|\.\d{1,3}\.\d{1,3})\b/ },
    verdict: 'leave',
    source: 'RFC 5321 §4.2.1, RFC 3463 §2: the server itself calls it transient, whatever class was reported',
  },
  {
    name: 'mailbox-busy',
    matches: {
      kind: 'bounced',
      enhancedCode: '5.2.1',
      reply: /at a rate|too (?:quickly|many|much)|try again|later/i,
    },
    verdict: 'leave',
    source:
      'Google Workspace Admin Help, "Gmail SMTP errors and codes": 550 5.2.1 also stands for a mailbox that takes no more mail for now',
  },
  ...enhancedCodeRules,
  {
    name: 'undetermined-bounce',
    matches: { kind: 'bounced', bounceClass: 'undetermined' },
    verdict: 'leave',
    source: `${tencentPoll}: it reports no class, and without an enhanced code it may not be permanent`,
  },
  {
    name: 'hard-bounce-about-sender',
    matches: { kind: 'bounced', reply: senderWords },
    verdict: 'leave',
    source: 'RFC 5321 §4.2.3: 550 also stands for a rejection for policy reasons',
  },
  {
    name: 'hard-bounce-about-mailbox',
    matches: { kind: 'bounced', reply: mailboxWords },
    verdict: 'hard-bounce',
    source: `RFC 5321 §4.2.3: 550, 551 and 553 say that there is no such mailbox; ${tencentCallback}: its sample`,
  },
  {
    name: 'other-hard-bounce',
    matches: { kind: 'bounced' },
    verdict: 'leave',
    source: 'Nothing says that the mailbox is the cause',
  },
  {
    name: 'anything-else',
    matches: {},
    verdict: 'leave',
    source: 'lib/core/event.ts: a mail on its way, delivered, looked at, or out of sight is no reason',
  },
]

/** The rule that decides about the event. */
export function suppressionRuleOf(event: DeliveryEvent): SuppressionRule | undefined {
  return suppressionRules.find((rule) => isMatch(rule.matches, event))
}

function isMatch(pattern: Pattern, event: DeliveryEvent): boolean {
  const { enhancedCode, reply } = pattern
  const reported = withoutCode(event)
  return (
    isAsked(pattern.kind, event.kind) &&
    isAsked(pattern.provider, event.provider) &&
    isAsked(pattern.code, event.code) &&
    isAsked(pattern.bounceClass, event.bounceClass ?? 'undetermined') &&
    (enhancedCode === undefined || isEnhancedCode(enhancedCode, reported)) &&
    (reply === undefined || reply.test(reported))
  )
}

function isAsked<T>(asked: T | undefined, reported: T): boolean {
  return asked === undefined || asked === reported
}

/** What was reported, without the provider's own number before it: `410` of SendCloud is no reply of a server. */
function withoutCode({ code, detail }: DeliveryEvent): string {
  const number = `${code?.split(' ').at(-1) ?? ''} `
  return detail.startsWith(number) ? detail.slice(number.length) : detail
}

function isEnhancedCode(pattern: string, reply: string): boolean {
  const parts = enhancedCodeOf(reply)?.split('.')
  return (
    parts !== undefined && pattern.split('.').every((part, index) => part === 'x' || part === parts[index])
  )
}

/**
 * The enhanced code with which a reply begins, behind its basic code where it has one: `551 5.1.1`, `550-5.1.1`,
 * `550 #5.1.1`, `5.1.1`. An address of four numbers is none.
 */
function enhancedCodeOf(reply: string): string | undefined {
  return /^(?:\d{3}[ -])?#?([245]\.\d{1,3}\.\d{1,3})(?!\d|\.\d)/.exec(reply)?.[1]
}
