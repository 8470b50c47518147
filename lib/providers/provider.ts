import type { DeliveryEvent } from '../core/event.ts'

/** One thing wrong with one place of a body. Never holds a value that could be an address or a secret. */
export interface FieldProblem {
  /** JSON pointer (RFC 6901) into the body; empty for the body as a whole. */
  readonly pointer: string
  readonly expected: string
  readonly received: string
}

/** What one element of a callback's body turned out to be. */
export type Outcome =
  | { readonly type: 'event'; readonly event: DeliveryEvent }
  /** Well-formed, of a type that is not known here yet: kept, to be run again once it is. */
  | { readonly type: 'unrecognised'; readonly problem: FieldProblem }
  | { readonly type: 'invalid'; readonly problems: readonly FieldProblem[] }
  /** The body as a whole is not what the provider sends. */
  | { readonly type: 'unreadable'; readonly problem: FieldProblem }

/** Who sends callbacks: one file per provider. */
export interface Provider {
  /** Names the provider in rows, and its path: `POST /<name>/<token>`. */
  readonly name: string
  /** A larger body is refused before it is decoded. */
  readonly maxBodyBytes: number
  /** Reads a body into one outcome per element; a body without content is a probe and yields none. Never throws. */
  read(body: Uint8Array): readonly Outcome[]
}

/** Names what came without repeating it: values may be addresses. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value === '') return 'an empty string'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
