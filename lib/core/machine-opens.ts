import type { Delivery } from './delivery.ts'
import { occurrencesOf, withoutFields, type Fact } from './fact.ts'
import { minuteMs, secondMs } from './instant.ts'

/**
 * Who opened a mail or followed a link. Judged whenever it is read; nothing that is stored depends on it, and no raw count.
 *
 * - `person`: nothing speaks against one.
 * - `person behind a proxy`: fetched for a person who opened the mail; neither the device nor the place is known.
 * - `machine`: fetched before anybody read it, or to examine it.
 * - `unknown`: nothing was reported by which to judge.
 */
export type Reader = 'person' | 'person behind a proxy' | 'machine' | 'unknown'

/** Rises whenever a rule changes. */
export const machineRulesVersion = 1

interface ReaderVerdict {
  readonly verdict: Reader
  /** The name of the rule that decided. */
  readonly rule: string
}

/** One open or one click, as often as `countsOf` counts them. */
interface JudgedEngagement extends ReaderVerdict {
  readonly kind: 'opened' | 'clicked'
  /** Unix milliseconds; absent where only the poll reported it, without its time. */
  readonly occurredAtMs?: number
}

/** What a user agent shows by itself. The first rule that fits decides. */
interface AgentRule extends ReaderVerdict {
  readonly pattern: RegExp
  /** Read 2026-11-27. */
  readonly source: string
}

const agentRules: readonly AgentRule[] = [
  {
    rule: 'apple-prefetch',
    pattern: /^Mozilla\/5\.0$/,
    verdict: 'machine',
    source:
      "Mailgun's events (client-info.bot: apple); SendGrid sg_machine_open: Apple's Mail Privacy Protection",
  },
  {
    rule: 'gmail-prefetch',
    pattern: /Edge\/12\.246 (?:Mozilla\/5\.0|Gmail-content-sampling)$/,
    verdict: 'machine',
    source: 'SparkPost, is_prefetched; mautic PR#10245; mssola/user_agent#71',
  },
  {
    rule: 'image-proxy',
    pattern: /GoogleImageProxy|YahooMailProxy/,
    verdict: 'person behind a proxy',
    source: "Google's and Yahoo's help: images are fetched by their servers when the mail is opened",
  },
  {
    rule: 'scanner',
    pattern:
      /barracuda|mimecast|proofpoint|BingPreview|HubSpot Connect|HubSpot Email|Amazon CloudFront|python-requests|\bcurl\/|Go-http-client|\bAHC\/|SpamExperts/i,
    verdict: 'machine',
    source:
      "Mautic's list of agents; phplist3#415; JayBizzle/Crawler-Detect#552, PR#282: they name themselves",
  },
  {
    // Before the list of bots, which takes short names of apps for some.
    rule: 'mail-client',
    pattern:
      /Outlook|Microsoft Office|QQMail|Foxmail|NetEase|MailMaster|Gmail|Thunderbird|AppleMail|CFNetwork|okhttp|Dalvik|MicroMessenger|DingTalk|Alimail|SamsungEmail|Airmail|Spark\/|YahooMobile|Mailbird|eM ?Client/i,
    verdict: 'person',
    source:
      'agents of mail apps, of which isbot 5.2.3 takes Outlook-iOS/2.0, okhttp/4.9.3 and QQMail/6.5.0 for bots',
  },
]

/*
 * Rules over time and links, and their sources, read 2026-11-27:
 * - `sweep`: craft-campaign#546 (2026-08), where 836 scanners followed five links or more within one second, a median of 43 s
 *   after sending: a stopwatch alone finds one in forty of them; mautic#9162.
 * - `instant`: mautic#9798, resend-node#901: links followed before anybody can have read the mail.
 * - `isbot` (isbot 5.2.3, Unlicense): agents of robots of the web. Behind the mail clients, some of which it takes for robots.
 */

export interface MachineRules {
  /** Whether a user agent is a robot's: a list that is too large for the functions (isbot). The last rule about agents. */
  readonly isBot?: (agent: string) => boolean
  /** Clicks up to so many seconds after delivery are a machine's. Default 5. */
  readonly instantSeconds?: number
}

/** Three different links within it, or both of two: nobody reads as fast. */
const sweepMs = 2 * secondMs
const linksOfSweep = 3
/** How long before a sweep its machine may have opened the mail. */
const openBeforeSweepMs = 5 * minuteMs

/**
 * A verdict for each open and click of a delivery. Depends on nothing but its facts and the rules. A report of the same
 * occurrence that speaks for a person counts more than one that speaks for a machine.
 */
export function readersOf(delivery: Delivery, rules: MachineRules = {}): readonly JudgedEngagement[] {
  const opens = occurrencesOf(delivery.facts.get('opened') ?? [], true)
  const clicks = occurrencesOf(delivery.facts.get('clicked') ?? [], true)
  if (opens.length === 0 && clicks.length === 0) return []
  const swept = sweptOf(clicks)
  const sweepsBy = instantsByAgent(swept)
  const isInstant = instantTest(delivery, rules.instantSeconds ?? 5)
  return [
    ...opens.map((facts) =>
      judged('opened', facts, (fact, agent) => {
        const isOfSweep = agent !== undefined && hasWithin(sweepsBy.get(agent), fact.occurredAtMs)
        return verdictOn(agent, rules, isOfSweep ? 'sweep' : undefined)
      }),
    ),
    ...clicks.map((facts) =>
      judged('clicked', facts, (fact, agent) =>
        verdictOn(agent, rules, swept.has(facts) ? 'sweep' : isInstant(fact) ? 'instant' : undefined),
      ),
    ),
  ]
}

type Occurrence = readonly Fact[]

const forPeople: readonly Reader[] = ['person', 'person behind a proxy', 'machine', 'unknown']

function judged(
  kind: JudgedEngagement['kind'],
  facts: Occurrence,
  verdictOf: (fact: Fact, agent: string | undefined) => ReaderVerdict,
): JudgedEngagement {
  const verdicts = facts.map((fact) => verdictOf(fact, agentIn(fact.detail)))
  const best = verdicts.reduce((one, other) =>
    forPeople.indexOf(other.verdict) < forPeople.indexOf(one.verdict) ? other : one,
  )
  const occurredAtMs = facts[0]?.occurredAtMs
  return { kind, ...(occurredAtMs !== undefined && { occurredAtMs }), ...best }
}

function verdictOn(
  agent: string | undefined,
  { isBot = () => false }: MachineRules,
  pattern: 'sweep' | 'instant' | undefined,
): ReaderVerdict {
  const byPattern = pattern && ({ verdict: 'machine', rule: pattern } as const)
  if (agent === undefined) return byPattern ?? { verdict: 'unknown', rule: 'no-agent' }
  const { verdict, rule } = verdictOnAgent(agent, isBot)
  return byPattern && verdict === 'person' ? byPattern : { verdict, rule }
}

function verdictOnAgent(agent: string, isBot: (agent: string) => boolean): ReaderVerdict {
  const found = agentRules.find(({ pattern }) => pattern.test(agent))
  if (found) return found
  // A text without a slash is no agent but what a provider made of one, such as `Chrome 120 on Windows 10`.
  const isRobot = agent.includes('/') && isBot(agent)
  return isRobot ? { verdict: 'machine', rule: 'isbot' } : { verdict: 'person', rule: 'agent' }
}

/**
 * The user agent in the detail of an open's or a click's fact, without the fields behind it; `undefined` if none was
 * reported.
 */
export function agentIn(detail: string): string | undefined {
  const agent = withoutFields(detail)
    .replace(/ ?\boutIp \S+$/, '')
    .replace(/(?:^|, )from [\da-f.:]+$/i, '')
    .trim()
  return agent === '' || /^unknown(?: on unknown)?$/i.test(agent) ? undefined : agent
}

/** The clicks that belong to a sweep. Time grows with their number. */
function sweptOf(clicks: readonly Occurrence[]): ReadonlySet<Occurrence> {
  const links = new Set(clicks.flatMap(([fact]) => fact?.link ?? []))
  const needed = links.size === 2 ? 2 : linksOfSweep
  const swept = new Set<Occurrence>()
  if (links.size < needed) return swept
  const timed = clicks
    .flatMap((facts) => {
      const [{ occurredAtMs: atMs, link } = {}] = facts
      return atMs === undefined || link === undefined ? [] : [{ facts, atMs, link }]
    })
    .sort((a, b) => a.atMs - b.atMs)
  const inWindow = new Map<string, number>()
  let from = 0
  let marked = 0
  for (const [to, click] of timed.entries()) {
    inWindow.set(click.link, (inWindow.get(click.link) ?? 0) + 1)
    for (let first = timed[from]; first && click.atMs - first.atMs > sweepMs; first = timed[from]) {
      const left = (inWindow.get(first.link) ?? 0) - 1
      if (left > 0) inWindow.set(first.link, left)
      else inWindow.delete(first.link)
      from += 1
    }
    if (inWindow.size < needed) continue
    for (const { facts } of timed.slice(Math.max(from, marked), to + 1)) swept.add(facts)
    marked = to + 1
  }
  return swept
}

/** The instants of clicks by the agents that made them, in order. */
function instantsByAgent(clicks: ReadonlySet<Occurrence>): ReadonlyMap<string, readonly number[]> {
  const instants = new Map<string, number[]>()
  for (const { detail, occurredAtMs } of [...clicks].flat()) {
    const agent = agentIn(detail)
    if (agent === undefined || occurredAtMs === undefined) continue
    const known = instants.get(agent)
    if (known) known.push(occurredAtMs)
    else instants.set(agent, [occurredAtMs])
  }
  for (const ofAgent of instants.values()) ofAgent.sort((a, b) => a - b)
  return instants
}

/** Whether one of the instants is within five minutes after the open. */
function hasWithin(sorted: readonly number[] | undefined, openedAtMs: number | undefined): boolean {
  if (sorted === undefined || openedAtMs === undefined) return false
  let from = 0
  let to = sorted.length
  while (from < to) {
    const middle = (from + to) >>> 1
    if ((sorted[middle] ?? Infinity) < openedAtMs) from = middle + 1
    else to = middle
  }
  return (sorted[from] ?? Infinity) - openedAtMs <= openBeforeSweepMs
}

/** Whether a click came before the mail was delivered, or right after. Callbacks know the instant of delivery better. */
function instantTest(delivery: Delivery, instantSeconds: number): (fact: Fact) => boolean {
  const delivered = (delivery.facts.get('delivered') ?? []).filter(
    ({ occurredAtMs }) => occurredAtMs !== undefined,
  )
  const first = delivered.find(({ source }) => source === 'callback') ?? delivered[0]
  const deliveredAtMs = first?.occurredAtMs
  if (deliveredAtMs === undefined) return () => false
  return ({ occurredAtMs = Infinity }) => occurredAtMs <= deliveredAtMs + instantSeconds * secondMs
}
