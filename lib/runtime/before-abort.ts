/**
 * The result of the work, unless the signal aborts first: then it rejects with the signal's reason. So the caller gets
 * a response even if the work ignores signals and never ends.
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
