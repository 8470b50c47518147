import { systemClock } from '../../lib/runtime/clock.ts'
import { withoutDirectives } from '../../lib/runtime/embedded-metrics.ts'
import { jsonLog } from '../../lib/runtime/log.ts'
import { startServer } from './server.ts'
import { serverSettings } from './settings.ts'

// `npm run server`: everything in one process, for a machine or a container of one's own.

const log = withoutDirectives(jsonLog((line) => process.stdout.write(`${line}\n`), systemClock.now))

try {
  const starting = startServer(serverSettings(process.env), { clock: systemClock, log })
  let isStopping = false
  const stop = async (signal: NodeJS.Signals) => {
    // Whoever asks again does not want to wait.
    if (isStopping) process.exit(1)
    isStopping = true
    log('stopping', { signal })
    const server = await starting.catch(() => undefined)
    await server?.stop()
    log('stopped')
    // A run that did not end in time goes on otherwise. Its lease ends by itself.
    process.exit()
  }
  // At once: a signal may come before the line that says it listens was read.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal))
  await starting
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
