import type { DeliveryReader } from '../ledger/ports.ts'
import type { ReadRow, StatusPage } from '../reconcile/ports.ts'
import { RowRepairs } from '../reconcile/repair-rows.ts'
import { keptRowIn, polledInputOf, problemsOf, UnreadableRows } from '../reconcile/unreadable-rows.ts'
import type { Replayed } from './replay.ts'
import { tooMuchForItsRow, problemLines, type ProcessBodyDependencies } from '../ingest/process-body.ts'

/** How rows of a provider's poll are read again. */
export interface PolledRows {
  /** The provider whose poll listed them. */
  readonly provider: string
  /** Reads a row as the poll does. */
  readonly readRow: (row: unknown) => ReadRow
  /** The missing facts depend on the stored row. */
  readonly rows: Pick<DeliveryReader, 'rowsOf'>
}

/** The result of replaying one row. */
type Reading = Pick<Replayed, 'summary' | 'left'>

/** Whether the body is a row of this poll. */
export function isPolledRow(polled: PolledRows, { provider }: { readonly provider: string }): boolean {
  return provider === polledInputOf(polled.provider)
}

/** What a kept row reports now, without writing anything. */
export function readPolledRow(body: Uint8Array, polled: PolledRows): Reading {
  const kept = keptRowIn(body)
  if (!kept) return notKept
  return readingOf(polled.readRow(kept.row))
}

/** Reads a kept row again and records what its delivery lacks, as a run does; what is still unreadable stays. */
export async function replayPolledRow(
  body: Uint8Array,
  polled: PolledRows,
  { deliveries, clock, log }: ProcessBodyDependencies,
): Promise<Reading> {
  const kept = keptRowIn(body)
  if (!kept) return notKept
  const read = polled.readRow(kept.row)
  const repairs = new RowRepairs({
    deliveries: {
      record: (event) => deliveries.record(event),
      rowsOf: (keys) => polled.rows.rowsOf(keys),
    },
    log,
    unreadable: new UnreadableRows(undefined),
  })
  const page: StatusPage = {
    deliveries: read.delivery ? [read.delivery] : [],
    unreadable: [],
    rows: 1,
    isLast: true,
  }
  await repairs.apply(page, kept.requestDate, clock.now())
  const { summary, left } = readingOf(read)
  if (left !== 'resolved' || repairs.refused === 0) return { summary, left }
  return { summary, left: { reason: 'unwritable', problems: problemLines([tooMuchForItsRow('/row')]) } }
}

const notKept: Reading = {
  summary: '',
  left: { reason: 'unreadable', problems: ['body: expected a row as it is kept, got another'] },
}

function readingOf({ delivery, unreadable }: ReadRow): Reading {
  const kinds = [...(delivery?.outcome ? [delivery.outcome.kind] : []), ...(delivery?.engagement ?? [])]
  return {
    summary: kinds.join(' '),
    left: unreadable ? { reason: 'invalid', problems: problemsOf(unreadable) } : 'resolved',
  }
}
