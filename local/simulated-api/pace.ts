/** Returns whether one more call fits into the window that ends now; a call that is refused takes no room. */
export function paceOf(calls: number | undefined, windowMs: number): (nowMs: number) => boolean {
  if (calls === undefined) return () => true
  let letThroughAtMs: readonly number[] = []
  return (nowMs) => {
    letThroughAtMs = letThroughAtMs.filter((atMs) => atMs > nowMs - windowMs)
    if (letThroughAtMs.length >= calls) return false
    letThroughAtMs = [...letThroughAtMs, nowMs]
    return true
  }
}
