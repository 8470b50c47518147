/** The first Ctrl-C aborts the signal, so that the run ends cleanly; the second ends the program. */
export async function untilInterrupted<T>(
  message: string,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const interrupted = new AbortController()
  const interrupt = () => {
    process.stderr.write(`\n${message}\n`)
    interrupted.abort()
  }
  const signals = ['SIGINT', 'SIGTERM'] as const
  for (const signal of signals) process.once(signal, interrupt)
  try {
    return await run(interrupted.signal)
  } finally {
    for (const signal of signals) process.removeListener(signal, interrupt)
  }
}
