import { UnwritableError } from '../ledger/ports.ts'

/** As the table of DynamoDB takes them. */
const maxRecipientBytes = 2_048
const maxMessageBytes = 1_024

/** An entry of an index takes 2,704 bytes, and beside a row the key is up to 60 longer. */
const maxKeyBytes = 2_500

/** Throws {@link UnwritableError} at a key that no row can have. */
export function requireKey(recipient: string, message = '-'): void {
  const bytes = { recipient: Buffer.byteLength(recipient), message: Buffer.byteLength(message) }
  requireBytes('recipient', bytes.recipient, maxRecipientBytes)
  requireBytes('message', bytes.message, maxMessageBytes)
  requireBytes('recipient and message', bytes.recipient + bytes.message, maxKeyBytes)
}

function requireBytes(what: string, bytes: number, max: number): void {
  if (bytes < 1 || bytes > max) {
    throw new UnwritableError(`${what}: expected a key of 1 to ${max} bytes, got ${bytes}.`)
  }
}
