import type { DeliveryEvent } from '../core/event.ts'
import type { InboundMail } from '../core/inbound-mail.ts'
import type { MessageKey } from '../core/message.ts'
import { hiddenIn } from '../core/text.ts'

/** One thing wrong with one place of a body. Never holds a value that could be an address or a secret. */
export interface FieldProblem {
  /** JSON pointer (RFC 6901) into the body; empty for the body as a whole. */
  readonly pointer: string
  readonly expected: string
  readonly received: string
}

/** The result of reading one element of a body. */
export type Outcome =
  | { readonly type: 'event'; readonly event: DeliveryEvent }
  /** A mail that was sent to us: kept whole, not a delivery. */
  | { readonly type: 'inbound'; readonly mail: InboundMail }
  /** Well-formed, but of an unknown type: kept, to be replayed once it is known. */
  | { readonly type: 'unrecognised'; readonly problem: FieldProblem }
  | { readonly type: 'invalid'; readonly problems: readonly FieldProblem[] }
  /** The body as a whole is not what the provider sends. */
  | { readonly type: 'unreadable'; readonly problem: FieldProblem }

/** What a provider posted, not yet parsed. */
export interface Callback {
  readonly body: Uint8Array
  /** As received; empty if there was none. */
  readonly contentType: string
  /**
   * All headers, their names in lower case, for a provider that signs in one. Absent in a replay: the signature was
   * checked on arrival, and the content cannot depend on them.
   */
  readonly headers?: ReadonlyMap<string, string>
}

/**
 * The verdict on a callback's signature.
 * - `signed`: by one of the keys.
 * - `test`: by the public key, as in a console's test of the URL. It reports nothing that happened.
 * - `unsigned`: without a signature, as in a console's probe of the URL.
 * - `forged`: with one that no key made, or only a part of one.
 * - `unverifiable`: it cannot be parsed, so no signature can be found. Kept, trusting the URL token.
 */
export type Authenticity = 'signed' | 'test' | 'unsigned' | 'forged' | 'unverifiable'

/** How a provider signs its callbacks. */
interface Signing {
  /** The environment variable that holds the keys: one, or two while a key is being replaced. */
  readonly keySetting: string
  /** A key published in the provider's documents: it authenticates nobody, so no setting may hold it. */
  readonly publicKey?: string
  /** Never throws. Compares in constant time. */
  verify(callback: Callback, keys: readonly string[]): Authenticity
  /**
   * Whether an unproved body reports an event of a recipient. Then it is not a probe, and is kept until the signature
   * is repaired. Never throws.
   */
  isEvent(callback: Callback): boolean
}

/** A sender of webhook events: one file per provider. */
export interface Provider {
  /** The name in the path: `POST /<name>/<token>`. Rows carry the same name, for all providers of mail. */
  readonly name: string
  /** Whether this is the application that sends, not a provider of mail. */
  readonly isApplication?: true
  /** A larger body is kept and not read. */
  readonly maxBodyBytes: number
  /** Absent if the provider does not sign: the token in the path is the only proof. */
  readonly signing?: Signing
  /**
   * Whether the shape of a message's key is this provider's alone: then bodies of other paths that name it are refused.
   * Absent if keys have no shape of their own.
   */
  readonly ownsMessage?: (message: MessageKey) => boolean
  /**
   * The key of a message from the id that sending returned; `undefined` if that is invalid. Absent if the id is the key
   * itself.
   */
  readonly keyOfSent?: (returned: string) => MessageKey | undefined
  /**
   * Reads a body into one outcome per element; a body without content is a probe and yields none. Never throws.
   *
   * @param nowMs - Our clock: an event dated more than a day later is `invalid`. For a kept body it is the time of its
   *   replay, so it becomes valid with time.
   */
  read(callback: Callback, nowMs: number): readonly Outcome[]
}

/** The provider of a message, by the shape of its key; `undefined` if that is not conclusive. */
export function ownerOf(message: MessageKey, mailProviders: readonly Provider[]): string | undefined {
  return mailProviders.find(({ ownsMessage }) => ownsMessage?.(message))?.name
}

/** Describes a value without repeating it: it may be an address. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value === '') return 'an empty string'
  if (typeof value === 'string') return nameOfText(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Names an invisible fault of a text: `a string with U+FFFD in it`. */
function nameOfText(text: string): string {
  // A longer text is wrong by its length alone.
  const codePoint =
    text.length > 10_000 ? undefined : hiddenIn(text)?.codePointAt(0)?.toString(16).toUpperCase()
  return codePoint === undefined ? 'a string' : `a string with U+${codePoint.padStart(4, '0')} in it`
}
