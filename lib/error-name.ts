/** A name is enough to search for, and cannot hold an address as a message could. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
