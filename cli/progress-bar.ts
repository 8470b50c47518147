import cliProgress from 'cli-progress'

/** A bar on standard error, which leaves nothing behind. Ctrl-C ends the run, and the run ends the bar. @param of - what it shows beside the bar and the time that is left */
export function progressBar(of: string): cliProgress.SingleBar {
  return new cliProgress.SingleBar(
    { format: `  {bar} ${of}, {eta_formatted} left`, clearOnComplete: true, gracefulExit: false },
    cliProgress.Presets.shades_classic,
  )
}
