/** The server that `npm run test:postgres` has started. */
export function serverUrl(): string {
  const url = process.env.TEST_DATABASE_URL
  if (url === undefined) throw new Error('Run this by npm run test:postgres.')
  return url
}
