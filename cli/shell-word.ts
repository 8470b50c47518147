/**
 * Text as one word of a shell, for a command that somebody pastes: an address may hold what a shell would run
 * (`` `id`@example.com `` is one).
 */
export function shellWord(text: string): string {
  return /^[\w.+@-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}
