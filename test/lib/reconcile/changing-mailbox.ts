import { requestDateOf, requestDateStartMs, secondMs } from '../../../lib/core/instant.ts'
import { mailboxWith, type Mailbox } from '../../../local/simulated-ses/mailbox.ts'
import type { SimulatedDelivery } from '../../../local/simulated-ses/mail.ts'
import type { Random } from '../../../local/simulated-ses/random.ts'
import type { RowOrder } from '../../../local/simulated-ses/row-order.ts'
import type { StatusQuery } from '../../../local/simulated-ses/status-query.ts'
import { truthAt } from '../../../local/truth.ts'
import { isForgotten, messageSentAt, settle, type OpenMail, type ReportedMail } from './mail-in-the-making.ts'

/**
 * What happens between two pages of a date's list:
 * - `append`: mails are sent, where the date is today;
 * - `insert`: rows turn up that have an older time;
 * - `vanish`: rows of settled mails are listed no more, though a look-up still finds them;
 * - `reorder`: mails are settled, which moves their rows in an order by status.
 */
export const changes = ['none', 'append', 'insert', 'vanish', 'reorder'] as const

export type Change = (typeof changes)[number]

interface Settings {
  readonly order: RowOrder
  readonly change: Change
  readonly random: Random
  /** From then on the lists stand still. */
  readonly changesUntilMs: number
}

/** How much changes between two pages, and altogether. */
const rowsAtOnce = 8
const mostRows = 120

/** A mailbox whose list changes after each full page, just before the next one is returned. */
export class ChangingMailbox {
  readonly mailbox: Mailbox
  /** All mail there is, whoever knows of it. */
  readonly mails: ReportedMail[] = []
  readonly vanished = new Set<SimulatedDelivery>()
  /** Rows that came, went or moved between two pages. */
  changed = 0
  /** Rows that were listed when a reading from the first page to the last came to its end, and were on none of its pages. */
  skipped = 0
  readonly #settings: Settings
  readonly #inner: Mailbox
  /** The page after which a date's list is about to change. */
  readonly #returnedInFull = new Map<string, readonly SimulatedDelivery[]>()
  /** What the pages of a reading that began with the first one have returned so far. */
  readonly #readings = new Map<string, { readonly read: Set<SimulatedDelivery>; readonly offset: number }>()

  constructor(settings: Settings) {
    this.#settings = settings
    this.#inner = mailboxWith({ order: settings.order, seed: settings.random.int(1, 1e9) })
    this.mailbox = { ...this.#inner, page: (query, nowMs) => this.#page(query, nowMs) }
  }

  send(atMs: number): void {
    const message = messageSentAt(atMs, this.#settings.random)
    this.mails.push(...message)
    for (const { mail } of message) this.#inner.add(mail)
  }

  #page(query: StatusQuery, nowMs: number): readonly SimulatedDelivery[] {
    if (query.messageId !== undefined) return this.#inner.page(query, nowMs)
    const { requestDate, offset, limit } = query
    const last = this.#returnedInFull.get(requestDate)
    this.#returnedInFull.delete(requestDate)
    if (last && nowMs < this.#settings.changesUntilMs && this.changed < mostRows) this.#change(last, nowMs)
    const listed = this.#listed(requestDate, nowMs)
    const page = listed.slice(offset, offset + limit)
    if (page.length === limit) this.#returnedInFull.set(requestDate, page)
    this.#watch(query, page, listed)
    return page
  }

  /** Counts what a reading skips that goes from the first page to the last. */
  #watch(
    { requestDate, offset, limit }: StatusQuery,
    page: readonly SimulatedDelivery[],
    listed: readonly SimulatedDelivery[],
  ): void {
    const reading =
      offset === 0 ? { read: new Set<SimulatedDelivery>(), offset } : this.#readings.get(requestDate)
    this.#readings.delete(requestDate)
    if (reading?.offset !== offset) return
    for (const mail of page) reading.read.add(mail)
    if (page.length === limit) this.#readings.set(requestDate, { ...reading, offset: offset + limit })
    else this.skipped += listed.filter((mail) => !reading.read.has(mail)).length
  }

  #listed(requestDate: string, nowMs: number): readonly SimulatedDelivery[] {
    const whole = { requestDate, offset: 0, limit: Infinity, messageId: undefined, toEmailAddress: undefined }
    return this.#inner.page(whole, nowMs).filter((mail) => !this.vanished.has(mail))
  }

  /** @param last - the page after which it changes */
  #change(last: readonly SimulatedDelivery[], nowMs: number): void {
    const { change, random } = this.#settings
    const requestDate = requestDateOf(last[0]?.sentAtMs ?? nowMs)
    const ofDate = this.#listed(requestDate, nowMs)
    const before = this.mails.length + this.vanished.size
    switch (change) {
      case 'none':
        return
      case 'append':
        if (requestDate === requestDateOf(nowMs)) this.#sendSome(() => nowMs)
        break
      case 'insert':
        this.#sendSome(() =>
          Math.max(
            random.pick(last).sentAtMs - random.int(0, 60) * secondMs,
            requestDateStartMs(requestDate),
          ),
        )
        break
      case 'vanish':
        for (const mails of [last, ofDate]) this.#vanishSome(mails, nowMs)
        break
      case 'reorder':
        this.changed += this.#settleSome(ofDate, nowMs)
        return
    }
    this.changed += this.mails.length + this.vanished.size - before
  }

  #sendSome(atMs: () => number): void {
    for (let sent = 0; sent < rowsAtOnce; sent += 1) this.send(atMs())
  }

  #vanishSome(mails: readonly SimulatedDelivery[], nowMs: number): void {
    const settled = mails.filter((mail) => isSettled(mail, nowMs))
    for (const mail of this.#settings.random.shuffle(settled).slice(0, rowsAtOnce / 2))
      this.vanished.add(mail)
  }

  #settleSome(mails: readonly SimulatedDelivery[], nowMs: number): number {
    const { random } = this.#settings
    const open = this.mails
      .map(({ mail }) => mail)
      .filter((mail) => mails.includes(mail) && isForgotten(mail))
    const some = random.shuffle(open.filter(isOver(nowMs))).slice(0, rowsAtOnce)
    for (const mail of some) settle(mail, Math.floor(nowMs / secondMs) * secondMs, random)
    return some.length
  }
}

function isSettled(mail: SimulatedDelivery, nowMs: number): boolean {
  const status = truthAt(mail, nowMs)?.status
  return status === 'delivered' || status === 'dropped' || status === 'bounced'
}

/** Whether all that was planned for the mail has happened. */
function isOver(nowMs: number): (mail: OpenMail) => boolean {
  return ({ timeline }) => timeline.every(({ atMs }) => atMs <= nowMs)
}
