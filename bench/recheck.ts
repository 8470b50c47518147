/**
 * What `ledger suppressions recheck` takes of memory and time over a million rows: the real use case over made rows, in
 * pages as DynamoDB gives them, so what is measured is ours alone. `npm run bench:recheck`
 */
import { emptySuppression, withEvidence, type Suppression } from '../lib/core/suppression.ts'
import type { Delivery } from '../lib/core/delivery.ts'
import type { EventKind } from '../lib/core/event.ts'
import { parseFact } from '../lib/core/fact.ts'
import { recheck, recheckFromStart, type RecheckState } from '../lib/suppressions/recheck.ts'
import { eachAsync } from '../local/in-memory-ledger/engine-rules.ts'
import { labelledReplies } from './replies/labelled-replies.ts'

const rows = Number(process.env.ROWS ?? 1_000_000)
/** A megabyte of rows of 700 bytes. */
const rowsInPage = 1_500
const startMs = Date.parse('2026-11-01T00:00:00Z')
const replies = labelledReplies().flatMap(([, set]) => set.map(({ reply }) => reply))

/** Every twentieth mail bounced; every second of those addresses is on the list already. */
function deliveryOf(index: number): Delivery {
  const time = new Date(startMs + index * 1_000).toISOString().replace('.000', '')
  const isBounced = index % 20 === 0
  const kind: EventKind = isBounced ? 'bounced' : 'delivered'
  const text = isBounced ? `${time} hard ${replies[index % replies.length] ?? ''}` : `${time} 250 ok`
  return {
    recipient: `recipient-${index}@example.com`,
    message: `qcloudses-30-251200670-date-20261101080000-${index}`,
    provider: 'tencent-ses',
    status: isBounced ? 'bounced' : 'delivered',
    spellings: [],
    emailIds: [],
    facts: new Map([[kind, [parseFact(kind, text)]]]),
    columns: new Map([['subject', `Order ${index}`]]),
  }
}

function suppressionOf(index: number): Suppression {
  const { recipient, message } = deliveryOf(index)
  return withEvidence(emptySuppression(recipient), {
    recipient,
    reason: 'hard-bounce',
    occurredAtMs: startMs + index * 1_000,
    source: 'callback',
    provider: 'tencent-ses',
    message,
    detail: '550 5.1.1 no such user',
  })
}

function* eachPage<T>(count: number, itemOf: (index: number) => T) {
  for (let from = 0; from < count; from += rowsInPage) {
    const length = Math.min(rowsInPage, count - from)
    const items = Array.from({ length }, (_, index) => itemOf(from + index))
    yield { items, rows: length, ...(from + length < count && { next: String(from + length) }) }
  }
}

const pagesOf = <T>(count: number, itemOf: (index: number) => T) => eachAsync(eachPage(count, itemOf))

let peakBytes = 0
let written = 0
const before = process.memoryUsage.rss()
const begin = performance.now()
const end: RecheckState = await recheck(
  {
    deliveries: {
      pages: () => pagesOf(rows, deliveryOf),
      approximateRows: () => Promise.resolve(rows),
      ofRecipient: (recipient) => Promise.resolve([deliveryOf(Number(/\d+/.exec(recipient)?.[0]))]),
    },
    suppressions: {
      pages: () => pagesOf(rows / 40, (index) => suppressionOf(index * 40)),
      approximateRows: () => Promise.resolve(rows / 40),
      ofRecipients: (recipients) =>
        Promise.resolve(
          new Map(
            recipients.flatMap((recipient) => {
              const index = Number(/\d+/.exec(recipient)?.[0])
              return index % 40 === 0 ? [[recipient, suppressionOf(index)] as const] : []
            }),
          ),
        ),
      suppress: () => {
        written += 1
        return Promise.resolve()
      },
      remove: () => Promise.resolve(undefined),
    },
    clock: { now: () => startMs + rows * 1_000, sleep: () => Promise.resolve() },
    blocklistDays: 14,
  },
  {
    isDryRun: false,
    isRemoving: false,
    from: recheckFromStart,
    signal: new AbortController().signal,
    onFinding: () => undefined,
    onState: () => {
      peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
    },
  },
)
const seconds = (performance.now() - begin) / 1_000
const megabytes = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MB`
const lines = [
  `${end.deliveries.toLocaleString('en-US')} rows of deliveries and ${end.suppressions.toLocaleString('en-US')} of the list: ${end.added} added, ${end.doubtful} in doubt, ${written} writes`,
  `  ${Math.round(end.deliveries / seconds).toLocaleString('en-US')} rows a second, ${megabytes(peakBytes)} at most (${megabytes(before)} before)`,
  `  pages of ${rowsInPage} rows: ${Math.ceil(rows / rowsInPage)} scans; at list price each reads a megabyte, 128 read units`,
]
process.stdout.write(`${lines.join('\n')}\n`)
