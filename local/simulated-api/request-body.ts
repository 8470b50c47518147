import type { IncomingMessage } from 'node:http'

const usualMaxBytes = 1_000_000

/** Reads a request's body. Rejects when it is larger than any call can be (default: 1 MB), or breaks off. */
export async function bodyOf(message: IncomingMessage, maxBodyBytes = usualMaxBytes): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  const stream: AsyncIterable<Buffer> = message
  for await (const chunk of stream) {
    size += chunk.length
    if (size > maxBodyBytes) throw new Error(`body of more than ${maxBodyBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
