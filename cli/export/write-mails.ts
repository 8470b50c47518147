import type { DeliveryScanner } from '../../lib/ledger/ports.ts'
import { scanDeliveries } from '../scan-deliveries.ts'
import type { ExportCheckpoint, ExportState } from './export-checkpoint.ts'
import { isExported, type ExportFilter } from './export-row.ts'
import type { ExportOutput } from './text-output.ts'

/** An export that is under way: where it writes, and how far it is. */
interface Export {
  readonly output: ExportOutput
  readonly filter: ExportFilter
  readonly state: ExportState
  readonly signal: AbortSignal
  /** Keeps how far it is. */
  readonly store: (at: ExportCheckpoint) => Promise<void>
  readonly onRows: (rows: number) => void
}

/**
 * Writes the mails from where the state is, page by page, and stores behind each page how far it has come. Wherever it ends or
 * fails, an output that begins with the stored bytes, and the stored state, go on so that each mail is written once.
 */
export async function writeMails(
  scanner: Pick<DeliveryScanner, 'wholePages'>,
  { output, filter, state, signal, store, onRows }: Export,
): Promise<void> {
  await scanDeliveries(scanner, {
    state,
    signal,
    onPage: async (deliveries) => {
      const mails = deliveries.filter((delivery) => isExported(delivery, filter))
      await output.write(mails)
      state.mails += mails.length
    },
    onState: async () => {
      onRows(state.rows)
      await store({ bytes: output.bytes(), state })
    },
  })
}
