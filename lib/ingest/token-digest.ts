import { createHash, timingSafeEqual } from 'node:crypto'

/** The digest of a callback token that the function is given: SHA-256, lower-case hex. */
export function tokenDigest(token: string): string {
  return createHash('sha256').update(token, 'utf8').digest('hex')
}

/**
 * Whether a token's digest is among the accepted ones. Every digest is compared, each in constant time, so that the
 * response time reveals nothing about any of them.
 */
export function isAcceptedToken(token: string, acceptedDigests: readonly string[]): boolean {
  const digest = Buffer.from(tokenDigest(token), 'hex')
  return acceptedDigests
    .map((accepted) => Buffer.from(accepted, 'hex'))
    .map((accepted) => accepted.length === digest.length && timingSafeEqual(accepted, digest))
    .includes(true)
}
