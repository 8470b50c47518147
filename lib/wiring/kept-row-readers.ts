import type { KeptRowReader } from '../quarantine/replay-poll-rows.ts'
import { sendCloudProvider } from '../status-apis/sendcloud/fields.ts'
import { readOpenOrClick } from '../status-apis/sendcloud/open-and-click.ts'
import { readStatusRow as readSendCloudRow } from '../status-apis/sendcloud/status-row.ts'
import { polledProvider } from '../status-apis/ses/get-send-email-status.ts'
import { readStatusRow as readSesRow } from '../status-apis/ses/status-row.ts'

/** How rows that were kept in quarantine are read again, for each provider with a poll. */
export const keptRowReaders: ReadonlyMap<string, KeptRowReader> = new Map<string, KeptRowReader>([
  [polledProvider, (row) => readSesRow(polledProvider, row)],
  [sendCloudProvider, (row, list) => readOpenOrClick(row, list) ?? readSendCloudRow(row)],
])
