import { createHash } from 'node:crypto'

/** Names a body: the same body of the same provider has the same id. */
export function contentIdOf(provider: string, body: Uint8Array): string {
  return createHash('sha256').update(provider).update('\n').update(body).digest('hex')
}
