/**
 * A name is enough to search for, and cannot hold an address as a message could. It is followed by the code of a failed
 * connection, such as `ECONNREFUSED`, or of a refused statement, such as `42501`, since the name of such an error says nothing.
 */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error
  const code = codeOf(error)
  return code === undefined ? error.name : `${error.name} ${code}`
}

/** The system's own code, or SQLSTATE, of the error or of its cause: if several addresses were tried, of the first. */
function codeOf(error: Error): string | undefined {
  const causes = [error, error.cause, ...(error instanceof AggregateError ? (error.errors as unknown[]) : [])]
  return causes
    .flatMap((cause) => (typeof cause === 'object' && cause !== null && 'code' in cause ? [cause.code] : []))
    .filter((code) => typeof code === 'string')
    .find((code) => /^(?:E[A-Z]{2,20}|[0-9A-Z]{5})$/.test(code))
}
