import type { DeliveryReader } from '../ledger/ports.ts'
import type { ReadRow, StatusPage } from '../reconcile/ports.ts'
import { RowRepairs } from '../reconcile/repair-rows.ts'
import { keptRowIn, polledInputOf, problemsOf, UnreadableRows } from '../reconcile/unreadable-rows.ts'
import type { Replayed } from './replay.ts'
import { tooMuchForItsRow, problemLines, type ProcessBodyDependencies } from '../ingest/process-body.ts'

/** How rows of the polls are read again. */
export interface PolledRows {
  /** For each provider with a poll: reads a row as the list of that name does. */
  readonly readers: ReadonlyMap<string, KeptRowReader>
  /** The missing facts depend on the stored row. */
  readonly rows: Pick<DeliveryReader, 'rowsOf'>
}

/** @param list - what the provider calls the list that the row is of */
export type KeptRowReader = (row: unknown, list: string) => ReadRow

/** The result of replaying one row. */
type Reading = Pick<Replayed, 'summary' | 'left'>

/** The reader of the poll whose row the body is; `undefined` where it is no row of a poll. */
export function readerOf(
  polled: PolledRows | undefined,
  { provider }: { readonly provider: string },
): KeptRowReader | undefined {
  const known = [...(polled?.readers ?? [])].find(([polledBy]) => provider === polledInputOf(polledBy))
  return known?.[1]
}

/** What a kept row reports now, without writing anything. */
export function readPolledRow(body: Uint8Array, reader: KeptRowReader): Reading {
  const kept = keptRowIn(body)
  if (!kept) return notKept
  return readingOf(reader(kept.row, kept.list))
}

/** Reads a kept row again and records what its delivery lacks, as a run does; what is still unreadable stays. */
export async function replayPolledRow(
  body: Uint8Array,
  reader: KeptRowReader,
  { deliveries, polled, clock, log }: ProcessBodyDependencies & { readonly polled: PolledRows },
): Promise<Reading> {
  const kept = keptRowIn(body)
  if (!kept) return notKept
  const read = reader(kept.row, kept.list)
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
  const { outcome, engagement = [], events = [] } = delivery ?? {}
  const kinds = [...(outcome ? [outcome.kind] : []), ...engagement, ...events.map(({ kind }) => kind)]
  return {
    summary: kinds.join(' '),
    left: unreadable ? { reason: 'invalid', problems: problemsOf(unreadable) } : 'resolved',
  }
}
