import { minuteMs, requestDateOf } from '../../lib/core/instant.ts'
import {
  pageRows,
  type ReadRow,
  type StatusApi,
  type StatusPage,
  type StatusQuery,
} from '../../lib/reconcile/ports.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import { pageOf } from '../../lib/status-apis/page.ts'
import { sendCloudProvider, staleMs } from '../../lib/status-apis/sendcloud/fields.ts'
import { readTrackRow } from '../../lib/status-apis/sendcloud/open-and-click.ts'
import { readStatusRow } from '../../lib/status-apis/sendcloud/status-row.ts'
import { AnswerCache } from './answer-cache.ts'
import type { SendCloudEntry, SendCloudMessage } from './mail.ts'
import { trackRowOf } from './open-and-click.ts'
import { statusRowAt, type SentDelivery } from './status-row.ts'

interface InProcessSettings {
  readonly clock: Clock
  /** How long after sending a row of what became of a mail can be seen. */
  readonly lagMs: number
}

/** What is sent with the simulated SendCloud, and its lists. */
interface InProcessLists {
  add(message: SendCloudMessage): void
  /** Takes out all that was sent before the date. */
  forgetBefore(requestDate: string): void
  readonly outcomes: StatusApi
  readonly opens: StatusApi
  readonly clicks: StatusApi
}

type Tracked = SentDelivery & { readonly entry: SendCloudEntry }

/**
 * The simulated SendCloud without HTTP: the same pages, look-ups and repeated answers, for simulations that ask many thousand times.
 * It lists mails in the order of sending, opens and clicks in the order of time.
 */
export function inProcessLists({ clock, lagMs }: InProcessSettings): InProcessLists {
  const dates = new Map<string, DateLists>()
  const cache = new AnswerCache<StatusPage>(10 * minuteMs)
  const listOf = (
    name: string,
    lookUpsBy: StatusApi['lookUpsBy'],
    rowsOf: (ofDate: DateLists, query: StatusQuery, nowMs: number) => readonly ReadRow[],
  ): StatusApi => ({
    provider: sendCloudProvider,
    name,
    lookUpsBy,
    staleMs,
    page(query) {
      const nowMs = clock.now()
      const key = JSON.stringify([name, query])
      const ofDate = dates.get(query.requestDate)
      const page = cache.find(key, nowMs) ?? pageOf(ofDate ? rowsOf(ofDate, query, nowMs) : [])
      if (!cache.find(key, nowMs)) cache.keep(key, page, nowMs)
      return Promise.resolve(page)
    },
  })
  return {
    add(message) {
      const date = requestDateOf(message.sentAtMs)
      const ofDate = dates.get(date) ?? new DateLists()
      dates.set(date, ofDate)
      for (const delivery of message.deliveries) ofDate.add({ message, delivery })
    },
    forgetBefore(requestDate) {
      for (const date of dates.keys()) if (date < requestDate) dates.delete(date)
    },
    outcomes: listOf('data/emailStatus', 'emailId', (ofDate, query, nowMs) =>
      ofDate.sent(query, nowMs - lagMs).map((sent) => readStatusRow(statusRowAt(sent, nowMs, 'today'))),
    ),
    opens: listOf('openandclick/list (opened)', 'nothing', (ofDate, { offset }, nowMs) =>
      ofDate.tracked('opened', offset, nowMs).map((row) => readTrackRow('opened', trackRowOf(row))),
    ),
    clicks: listOf('openandclick/list (clicked)', 'nothing', (ofDate, { offset }, nowMs) =>
      ofDate.tracked('clicked', offset, nowMs).map((row) => readTrackRow('clicked', trackRowOf(row))),
    ),
  }
}

/** What was sent on one date. */
class DateLists {
  #sent: SentDelivery[] = []
  #byEmailId = new Map<string, SentDelivery>()
  #tracked = new Map<string, Tracked[]>()
  #isSorted = true

  add(sent: SentDelivery): void {
    this.#isSorted = false
    this.#sent.push(sent)
    this.#byEmailId.set(sent.delivery.emailId, sent)
    for (const entry of sent.delivery.timeline) {
      if (entry.kind !== 'opened' && entry.kind !== 'clicked') continue
      const known = this.#tracked.get(entry.kind) ?? []
      this.#tracked.set(entry.kind, known)
      known.push({ ...sent, entry })
    }
  }

  /** What the query asks for of what was sent up to the instant. */
  sent({ offset, emailIds, recipient }: StatusQuery, sentUntilMs: number): readonly SentDelivery[] {
    this.#sort()
    const isListed = ({ delivery }: SentDelivery) => delivery.sentAtMs <= sentUntilMs
    const isAskedFor = ({ delivery }: SentDelivery) =>
      recipient === undefined || delivery.recipient.toLowerCase() === recipient.toLowerCase()
    if (emailIds) {
      const named = [...new Set(emailIds)].flatMap((emailId) => this.#byEmailId.get(emailId) ?? [])
      return byTime(named.filter(isListed), ({ delivery }) => delivery.sentAtMs).slice(
        offset,
        offset + pageRows,
      )
    }
    if (recipient !== undefined) {
      return this.#sent.filter((sent) => isListed(sent) && isAskedFor(sent)).slice(offset, offset + pageRows)
    }
    return this.#sent.slice(offset, offset + pageRows).filter(isListed)
  }

  tracked(kind: 'opened' | 'clicked', offset: number, nowMs: number): readonly Tracked[] {
    this.#sort()
    const part = (this.#tracked.get(kind) ?? []).slice(offset, offset + pageRows)
    return part.filter(({ entry }) => entry.atMs <= nowMs)
  }

  #sort(): void {
    if (this.#isSorted) return
    this.#sent = byTime(this.#sent, ({ delivery }) => delivery.sentAtMs)
    for (const [kind, rows] of this.#tracked)
      this.#tracked.set(
        kind,
        byTime(rows, ({ entry }) => entry.atMs),
      )
    this.#isSorted = true
  }
}

function byTime<Row>(rows: readonly Row[], timeOf: (row: Row) => number): Row[] {
  return rows.toSorted((one, other) => timeOf(one) - timeOf(other))
}
