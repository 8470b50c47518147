/**
 * How bounces are judged: the present rules, those of version 1, and codes alone, on labelled replies of real servers, as
 * each way of hearing of a bounce brings them; and what a judgement costs. `npm run bench:replies`
 */
import type { DeliveryEvent } from '../lib/core/event.ts'
import { bounceClassOfReply } from '../lib/core/bounce-class.ts'
import { judgeReply } from '../lib/core/judge-reply.ts'
import { verdictOf } from '../lib/core/suppression-rules.ts'
import { labelledReplies, type LabelledReply } from './replies/labelled-replies.ts'
import { suppressionRuleOf } from './replies/rules-version-1.ts'

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

type Way = (reply: string) => DeliveryEvent

const bounce = {
  recipient: 'somebody@example.com',
  message: 'message-1',
  kind: 'bounced',
  source: 'callback',
  occurredAtMs: 0,
  columns: {},
  headers: new Map<string, string>(),
} as const

const ways: readonly (readonly [string, Way])[] = [
  [
    'callback, hard',
    (reply) => ({ ...bounce, provider: 'tencent-ses', bounceClass: 'hard', reply, detail: '' }),
  ],
  [
    'SendCloud, 409',
    (reply) => ({
      ...bounce,
      provider: 'sendcloud',
      bounceClass: 'hard',
      code: 'subStat 409',
      reply,
      detail: '409 other',
    }),
  ],
  [
    'the poll alone',
    (reply) => ({
      ...bounce,
      provider: 'tencent-ses',
      source: 'poll',
      bounceClass: bounceClassOfReply(reply),
      reply,
      detail: '',
    }),
  ],
]

type Verdict = 'suppress' | 'count' | 'leave'
type Judge = (event: DeliveryEvent) => Verdict

const judges: readonly (readonly [string, Judge])[] = [
  [
    'present rules',
    (event) => {
      const { verdict } = verdictOf(event)
      return verdict === 'hard-bounce' ? 'suppress' : verdict === 'unclear' ? 'count' : 'leave'
    },
  ],
  ['rules of version 1', (event) => (ruleOfVersion1(event) === 'leave' ? 'leave' : 'suppress')],
  // RFC 3463 as it stands: what whoever believes codes would do.
  [
    'enhanced codes alone',
    ({ reply = '' }) => (/\b5\.(?:1\.(?:[1236]|10)|2\.1)\b/.test(reply) ? 'suppress' : 'leave'),
  ],
]

/** They read the reply out of the detail, behind SendCloud's number. */
function ruleOfVersion1(event: DeliveryEvent): string {
  const detail = `${event.detail} ${event.reply ?? ''}`.trim()
  return suppressionRuleOf({ ...event, detail })?.verdict ?? 'leave'
}

function tally(judge: Judge, way: Way, replies: readonly LabelledReply[]): string {
  let right = 0
  let kept = 0
  let counted = 0
  let wrong = 0
  for (const { isDead, reply } of replies) {
    const verdict = judge(way(reply))
    if ((verdict === 'suppress') === isDead) right += 1
    else if (isDead) {
      kept += 1
      if (verdict === 'count') counted += 1
    } else wrong += 1
  }
  const cells = [right, kept, counted, wrong].map((count) => String(count).padStart(9))
  return cells.join('')
}

/** Microseconds of processor time for each reply, the least of several rounds. */
function microseconds(run: (reply: string) => unknown, replies: readonly string[]): number {
  const rounds = Array.from({ length: 20 }, () => {
    const before = process.cpuUsage()
    for (let again = 0; again < 10; again += 1) for (const reply of replies) run(reply)
    const { user, system } = process.cpuUsage(before)
    return (user + system) / (10 * replies.length)
  })
  return Math.min(...rounds)
}

const sets = labelledReplies()
for (const [title, replies] of sets) {
  const dead = replies.filter(({ isDead }) => isDead).length
  say(`${title}: ${replies.length} replies, ${dead} of them of dead mailboxes`)
  say(`  ${''.padEnd(40)}    right     kept  counted   wrongly suppressed`)
  for (const [name, judge] of judges) {
    for (const [wayName, way] of ways) {
      say(`  ${`${name}, ${wayName}`.padEnd(40)}${tally(judge, way, replies)}`)
    }
  }
  say()
}
say('kept: dead, and not suppressed. counted: of those, suppressed by the third such bounce.')
say()

const all = sets.flatMap(([, replies]) => replies.map(({ reply }) => reply))
const context = { recipient: 'somebody@example.com' }
const version1 = ways[0]?.[1] ?? (() => ({ ...bounce, provider: '', detail: '' }))
say('microseconds of processor time a reply, the least of 20 rounds')
say(`  present rules          ${microseconds((reply) => judgeReply(reply, context), all).toFixed(1)}`)
say(`  rules of version 1     ${microseconds((reply) => ruleOfVersion1(version1(reply)), all).toFixed(1)}`)
say(`  an empty function      ${microseconds(() => undefined, all).toFixed(1)}`)
const hostile = [
  '[',
  '(',
  '<',
  'a-',
  'a@',
  'user ',
  'user not ',
  'sender ',
  '5.1.1 ',
  'exceed a ',
  'ﷺ',
  '邮箱',
].map((text) => text.repeat(20_000))
say(
  `  hostile texts of 20,000 to 180,000 characters, the slowest: ${Math.max(...hostile.map((text) => microseconds((reply) => judgeReply(reply, context), [text]))).toFixed(0)}`,
)
