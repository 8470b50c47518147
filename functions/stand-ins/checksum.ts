// In the bundles this replaces `@smithy/core/checksum` (serverless.yml): the AWS SDK signs with SHA-256, and contains
// it in JavaScript for a Node without OpenSSL, besides checksums that load zlib.
import { createHash, createHmac, type Hash } from 'node:crypto'

type Bytes = string | ArrayBuffer | ArrayBufferView
type Digesting = Hash | ReturnType<typeof createHmac>

/** SHA-256, or with a secret its HMAC, as `Checksum` of `@smithy/types` defines it. */
// ts-unused-exports:disable-next-line
export class Sha256 {
  readonly #secret: Bytes | undefined
  #hash: Digesting

  constructor(secret?: Bytes) {
    this.#secret = secret
    this.#hash = started(secret)
  }

  update(data: Bytes): void {
    this.#hash.update(toView(data))
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(new Uint8Array(this.#hash.digest()))
  }

  reset(): void {
    this.#hash = started(this.#secret)
  }
}

function started(secret: Bytes | undefined): Digesting {
  return secret === undefined ? createHash('sha256') : createHmac('sha256', toView(secret))
}

function toView(data: Bytes): string | Buffer {
  if (typeof data === 'string') return data
  return ArrayBuffer.isView(data)
    ? Buffer.from(data.buffer, data.byteOffset, data.byteLength)
    : Buffer.from(data)
}
