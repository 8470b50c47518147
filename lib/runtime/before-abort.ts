/**
 * What the work comes to, unless the signal ends the wait for it: then it rejects with the signal's reason. So whoever waits is
 * answered even where the work heeds no signal and never ends.
 */
export async function beforeAbort<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return work
  const waiting = new AbortController()
  const aborted = new Promise<never>((_, reject) => {
    const end = () => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('The time was up.'))
    }
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true, signal: waiting.signal })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    waiting.abort()
  }
}
