import { isStatus, sentAtOfDelivery, statusRanks, type Delivery, type Status } from './delivery.ts'
import type { EventKind } from './event.ts'
import { requestDateOf } from './instant.ts'
import { readersOf, type MachineRules, type Reader } from './machine-opens.ts'
import { mailboxProviderOf, otherMailboxProvider } from './mailbox-providers.ts'
import type { ReplyClass } from './judge-reply.ts'
import { replyClassOf } from './stored-verdict.ts'

/** By what deliveries can be grouped. */
export const groupings = ['day', 'template', 'sender', 'domain', 'mailbox-provider', 'class'] as const

export type Grouping = (typeof groupings)[number]

/** What is counted of one group: names of counts (see {@link countersOf}), and the counts. Cells add up place by place. */
type Cell = Map<string, number>

/**
 * Figures of any number of deliveries. A fold over rows, never counters of events: a row is the join of its facts, so the
 * figures are right whatever was repeated, late or out of order. With {@link merge} they are a commutative monoid: however
 * deliveries are divided and ordered, the sum is the same.
 *
 * At most `maxGroups` groups have figures of their own. Which ones must not depend on order, so it depends on a hash of the
 * group's name: whenever there are too many, `level` rises, and the half of them with the higher hashes goes to the others.
 */
export interface Figures {
  readonly maxGroups: number
  level: number
  readonly groups: Map<string, Cell>
  /** The groups that have no figures of their own, together. */
  readonly others: Cell
}

/**
 * A group takes about half a kilobyte to a few: 20,000 of them stay under 100 MB. Mailbox providers' own domains always have
 * figures of their own, and there are days, classes and providers for a few hundred.
 */
const defaultMaxGroups = 20_000

export function emptyFigures(maxGroups = defaultMaxGroups): Figures {
  return { maxGroups, level: 0, groups: new Map(), others: new Map() }
}

export interface FigureRules extends MachineRules {
  readonly by: Grouping
}

/** Adds one whole delivery, which must not be added twice, to the figures given, and returns them. */
export function add(figures: Figures, delivery: Delivery, rules: FigureRules): Figures {
  addByEach(new Map([[rules.by, figures]]), delivery, rules)
  return figures
}

/** The same to figures of several groupings at once: what is to be counted is found once. */
export function addByEach(
  figures: ReadonlyMap<Grouping, Figures>,
  delivery: Delivery,
  rules: MachineRules,
): void {
  const cells = [...figures].map(([by, of]) => cellOf(of, groupOf(delivery, by)))
  eachCounter(delivery, rules, (name) => {
    for (const cell of cells) cell.set(name, (cell.get(name) ?? 0) + 1)
  })
}

/** Adds other figures to the first, and returns the first. Both must be of the same rules. */
export function merge(figures: Figures, other: Figures): Figures {
  raiseTo(figures, other.level)
  for (const [group, counts] of other.groups) addCounts(cellOf(figures, group), counts)
  addCounts(figures.others, other.others)
  return figures
}

function addCounts(cell: Cell, counts: ReadonlyMap<string, number>): void {
  for (const [name, count] of counts) cell.set(name, (cell.get(name) ?? 0) + count)
}

function cellOf(figures: Figures, group: string): Cell {
  const known = figures.groups.get(group)
  if (known) return known
  if (!hasOwnFigures(group, figures.level)) return figures.others
  const cell: Cell = new Map()
  figures.groups.set(group, cell)
  while (figures.groups.size > figures.maxGroups && figures.level < maxLevel) {
    raiseTo(figures, figures.level + 1)
  }
  return hasOwnFigures(group, figures.level) ? cell : figures.others
}

function raiseTo(figures: Figures, level: number): void {
  if (level <= figures.level) return
  figures.level = level
  for (const [group, cell] of figures.groups) {
    if (hasOwnFigures(group, level)) continue
    addCounts(figures.others, cell)
    figures.groups.delete(group)
  }
}

/** At this level only the domains of mailbox providers are left. */
const maxLevel = 33

/** Whether the group's hash begins with so many zero bits: at each level about half as many do. */
function hasOwnFigures(group: string, level: number): boolean {
  if (level === 0 || mailboxProviderOf(group) !== otherMailboxProvider) return true
  return level < maxLevel && Math.clz32(hashOf(group)) >= level
}

/** FNV-1a, stirred (MurmurHash3's last step): its own first bits are not even. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let place = 0; place < text.length; place += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(place), 0x01000193)
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return hash ^ (hash >>> 16)
}

/** The group of deliveries of which something is not known. */
const unnamedGroup = '(unknown)'
/** By class: the group of deliveries that did not bounce, or were delivered after all. */
const noBounce = '(no bounce)'

const maxGroupLength = 320

/** The day (YYYY-MM-DD in UTC+8) on which a delivery was sent; `undefined` if nothing shows it. */
export function sentDayOfDelivery(delivery: Delivery): string | undefined {
  const sentAtMs = sentAtOfDelivery(delivery)
  return sentAtMs === undefined ? undefined : requestDateOf(sentAtMs)
}

function groupOf(delivery: Delivery, by: Grouping): string {
  const group = groupNameOf(delivery, by)
  if (group === undefined || group === '') return unnamedGroup
  return group.length <= maxGroupLength ? group : group.slice(0, maxGroupLength).toWellFormed()
}

function groupNameOf(delivery: Delivery, by: Grouping): string | undefined {
  switch (by) {
    case 'day':
      return sentDayOfDelivery(delivery)
    case 'template':
      return delivery.columns.get('template')
    case 'sender':
      return (delivery.columns.get('from') ?? delivery.columns.get('fromDomain'))?.toLowerCase()
    case 'domain':
      return recipientDomain(delivery)
    case 'mailbox-provider':
      return mailboxProviderOf(recipientDomain(delivery))
    case 'class':
      return classOf(delivery) ?? noBounce
  }
}

/** The domain of the recipient. */
export function recipientDomain({ recipient }: Pick<Delivery, 'recipient'>): string {
  return recipient.slice(recipient.lastIndexOf('@') + 1)
}

/** What the last bounce of a delivery means, if it was not delivered after all. */
function classOf(delivery: Delivery): ReplyClass | undefined {
  if (delivery.status !== 'bounced' && delivery.status !== 'soft-bounced') return undefined
  const last = delivery.facts.get('bounced')?.at(-1)
  return last && replyClassOf(delivery, last)
}

/**
 * The names of what is counted, once for each time that it is to be counted:
 *
 * - `mails`; `status <status>`; `class <class>` of what bounced;
 * - for opens and clicks: `opened` and `opened <reader>` for each, `opened once` for a mail that has any, and `opened
 *   by people` for one that has any of a person;
 * - `complained`, `unsubscribed`: mails;
 * - `delivered in <bucket>`: see {@link bucketOf}.
 */
function eachCounter(delivery: Delivery, rules: MachineRules, count: (name: string) => void): void {
  count('mails')
  count(`status ${delivery.status}`)
  const replyClass = classOf(delivery)
  if (replyClass !== undefined) count(`class ${replyClass}`)
  const seen = new Set<string>()
  for (const { kind, verdict } of readersOf(delivery, rules)) {
    count(kind)
    count(`${kind} ${verdict}`)
    seen.add(`${kind} once`)
    if (isPerson.has(verdict)) seen.add(`${kind} by people`)
  }
  for (const name of seen) count(name)
  for (const kind of ['complained', 'unsubscribed'] as const) if (delivery.facts.has(kind)) count(kind)
  const seconds = secondsToDelivery(delivery)
  if (seconds !== undefined) count(`delivered in ${bucketOf(seconds)}`)
}

const isPerson: ReadonlySet<Reader> = new Set<Reader>(['person', 'person behind a proxy'])

/** From sending to the first report of delivery; callbacks know it better than the poll. */
function secondsToDelivery(delivery: Delivery): number | undefined {
  const timed = (delivery.facts.get('delivered') ?? []).filter(
    ({ occurredAtMs }) => occurredAtMs !== undefined,
  )
  const { occurredAtMs } = timed.find(({ source }) => source === 'callback') ?? timed[0] ?? {}
  const sentAtMs = sentAtOfDelivery(delivery)
  if (occurredAtMs === undefined || sentAtMs === undefined) return undefined
  return Math.max(0, occurredAtMs - sentAtMs) / 1_000
}

/** Each bucket ends 5 % later than the one before it; bucket 0 holds up to a second, bucket 364 more than a year. */
const bucketWidth = 1.05
const lastBucket = 364

function bucketOf(seconds: number): number {
  return seconds <= 1 ? 0 : Math.min(lastBucket, Math.ceil(Math.log(seconds) / Math.log(bucketWidth)))
}

/** The middle of a bucket, which is at most 2.5 % from any of its values. */
function secondsOf(bucket: number): number {
  return bucket === 0 ? 1 : bucketWidth ** (bucket - 0.5)
}

// ——— Reading ———

/** Opens or clicks. */
export interface EngagementFigures {
  readonly total: number
  /** Mails that have any. */
  readonly mails: number
  /** Those by people, behind a proxy or not. */
  readonly byPeople: number
  /** Mails that have any of those. */
  readonly mailsByPeople: number
  readonly behindProxy: number
  readonly byMachines: number
  readonly unknown: number
}

/** Each from 0 to 1; `undefined` where it would be divided by nothing. */
interface Rates {
  /** Bounced, softly or not, of those that were sent (all but the dropped). */
  readonly bounce: number | undefined
  /** Of those delivered. */
  readonly complaint: number | undefined
  readonly unsubscribe: number | undefined
  /** Mails opened, by whomever, of those delivered. */
  readonly open: number | undefined
  readonly openByPeople: number | undefined
  readonly click: number | undefined
  readonly clickByPeople: number | undefined
}

export interface GroupFigures {
  readonly mails: number
  readonly statuses: Readonly<Record<Status, number>>
  /** Of what bounced; classes without any are absent. */
  readonly classes: Readonly<Partial<Record<ReplyClass, number>>>
  readonly opens: EngagementFigures
  readonly clicks: EngagementFigures
  readonly complained: number
  readonly unsubscribed: number
  readonly rates: Rates
  /** At most 2.5 % from the true figure; absent where no delivery shows its time. */
  readonly secondsToDelivery?: { readonly p50: number; readonly p95: number }
}

/** Figures to read. */
export interface FigureTable {
  readonly groups: readonly (GroupFigures & { readonly group: string })[]
  /** All groups without a line of their own, together; absent if there are none. */
  readonly others?: GroupFigures
  readonly total: GroupFigures
  /** There were too many groups to keep: which have a line was decided by a hash of their names. */
  readonly areGroupsSampled: boolean
}

/**
 * The table of the figures: days in their order, other groups by their mails, the most first.
 * @param limit - groups that have a line of their own; the rest is added up.
 */
export function tableOf(figures: Figures, by: Grouping, limit: number): FigureTable {
  const mailsOf = (cell: Cell) => cell.get('mails') ?? 0
  const byMails = [...figures.groups].sort(
    ([a, one], [b, other]) => mailsOf(other) - mailsOf(one) || (a < b ? -1 : 1),
  )
  const shown = byMails.slice(0, limit)
  if (by === 'day') shown.sort(([a], [b]) => (a < b ? -1 : 1))
  const others: Cell = new Map(figures.others)
  for (const [, cell] of byMails.slice(limit)) addCounts(others, cell)
  const total: Cell = new Map(others)
  for (const [, cell] of shown) addCounts(total, cell)
  return {
    groups: shown.map(([group, cell]) => ({ group, ...groupFiguresOf(cell) })),
    ...(others.size > 0 && { others: groupFiguresOf(others) }),
    total: groupFiguresOf(total),
    areGroupsSampled: figures.level > 0,
  }
}

function groupFiguresOf(cell: Cell): GroupFigures {
  const count = (name: string) => cell.get(name) ?? 0
  const statuses = Object.fromEntries(
    Object.keys(statusRanks)
      .filter(isStatus)
      .map((status) => [status, count(`status ${status}`)]),
  ) as Record<Status, number>
  const classes = [...cell].flatMap(([name, mails]) =>
    name.startsWith('class ') ? [[name.slice('class '.length), mails] as const] : [],
  )
  const opens = engagementOf(count, 'opened')
  const clicks = engagementOf(count, 'clicked')
  const sent = count('mails') - statuses.dropped
  const ofDelivered = (part: number) => rate(part, statuses.delivered)
  const quantiles = quantilesOf(cell)
  return {
    mails: count('mails'),
    statuses,
    classes: Object.fromEntries(classes.sort(([a, one], [b, other]) => other - one || (a < b ? -1 : 1))),
    opens,
    clicks,
    complained: count('complained'),
    unsubscribed: count('unsubscribed'),
    rates: {
      bounce: rate(statuses.bounced + statuses['soft-bounced'], sent),
      complaint: ofDelivered(count('complained')),
      unsubscribe: ofDelivered(count('unsubscribed')),
      open: ofDelivered(opens.mails),
      openByPeople: ofDelivered(opens.mailsByPeople),
      click: ofDelivered(clicks.mails),
      clickByPeople: ofDelivered(clicks.mailsByPeople),
    },
    ...(quantiles && { secondsToDelivery: quantiles }),
  }
}

function engagementOf(
  count: (name: string) => number,
  kind: Extract<EventKind, 'opened' | 'clicked'>,
): EngagementFigures {
  const by = (reader: Reader) => count(`${kind} ${reader}`)
  return {
    total: count(kind),
    mails: count(`${kind} once`),
    byPeople: by('person') + by('person behind a proxy'),
    mailsByPeople: count(`${kind} by people`),
    behindProxy: by('person behind a proxy'),
    byMachines: by('machine'),
    unknown: by('unknown'),
  }
}

function rate(part: number, of: number): number | undefined {
  return of > 0 ? part / of : undefined
}

function quantilesOf(cell: Cell): GroupFigures['secondsToDelivery'] | undefined {
  const prefix = 'delivered in '
  const buckets = [...cell]
    .flatMap(([name, mails]) =>
      name.startsWith(prefix) ? [{ bucket: Number(name.slice(prefix.length)), mails }] : [],
    )
    .sort((a, b) => a.bucket - b.bucket)
  const all = buckets.reduce((sum, { mails }) => sum + mails, 0)
  if (all === 0) return undefined
  const at = (share: number) => {
    let before = 0
    const found = buckets.find(({ mails }) => (before += mails) >= share * all)
    return secondsOf(found?.bucket ?? 0)
  }
  return { p50: at(0.5), p95: at(0.95) }
}

// ——— Keeping ———

/** Figures as plain values, for a file. */
interface StoredFigures {
  readonly level: number
  readonly groups: readonly (readonly [group: string, counts: Readonly<Record<string, number>>])[]
  readonly others: Readonly<Record<string, number>>
}

export function storedFigures({ level, groups, others }: Figures): StoredFigures {
  return {
    level,
    groups: [...groups].map(([group, cell]) => [group, Object.fromEntries(cell)]),
    others: Object.fromEntries(others),
  }
}

export function figuresFrom(stored: StoredFigures): Figures {
  return {
    ...emptyFigures(),
    level: stored.level,
    groups: new Map(stored.groups.map(([group, counts]) => [group, new Map(Object.entries(counts))])),
    others: new Map(Object.entries(stored.others)),
  }
}
