import cliProgress from 'cli-progress'

/** A bar on standard error, which leaves nothing behind. Ctrl-C ends the run, and the run ends the bar. @param of - what it shows beside the bar and the time that is left */
export function progressBar(of: string): cliProgress.SingleBar {
  return new cliProgress.SingleBar(
    { format: `  {bar} ${of}, {eta_formatted} left`, clearOnComplete: true, gracefulExit: false },
    cliProgress.Presets.shades_classic,
  )
}

/**
 * The same of rows of a table, begun at those that were read before. DynamoDB counts every few hours: the total is never less than
 * what was read.
 */
export function rowsBar(
  expectedRows: number,
  readRows = 0,
): { readonly update: (rows: number) => void; readonly stop: () => void } {
  const bar = progressBar('{value}/{total} rows')
  bar.start(Math.max(expectedRows, readRows), readRows)
  return {
    update(rows) {
      bar.setTotal(Math.max(expectedRows, rows))
      bar.update(rows)
    },
    stop() {
      bar.stop()
    },
  }
}
