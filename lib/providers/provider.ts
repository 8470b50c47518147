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

/** What one element of a callback's body turned out to be. */
export type Outcome =
  | { readonly type: 'event'; readonly event: DeliveryEvent }
  /** A mail that somebody sent to us: kept whole, and no delivery. */
  | { readonly type: 'inbound'; readonly mail: InboundMail }
  /** Well-formed, of a type that is not known here yet: kept, to be run again once it is. */
  | { readonly type: 'unrecognised'; readonly problem: FieldProblem }
  | { readonly type: 'invalid'; readonly problems: readonly FieldProblem[] }
  /** The body as a whole is not what the provider sends. */
  | { readonly type: 'unreadable'; readonly problem: FieldProblem }

/** What a provider posted: nothing of it is parsed yet. */
export interface Callback {
  readonly body: Uint8Array
  /** As it came; empty where none did. */
  readonly contentType: string
  /**
   * All headers, their names in lower case, for a provider that signs in one. Absent where a kept body is replayed: it was
   * checked when it came, and what is in it cannot depend on them.
   */
  readonly headers?: ReadonlyMap<string, string>
}

/**
 * What a signature says of a callback.
 * - `signed`: by one of the keys.
 * - `test`: by the public key, as a console's test of the URL is. It tells of nothing that happened.
 * - `unsigned`: it carries no signature at all, as a console's probe of the URL does.
 * - `forged`: it carries one that no key made, or only a part of one.
 * - `unverifiable`: it cannot be parsed, so it has no place where a signature could stand. Kept on the URL token's word.
 */
export type Authenticity = 'signed' | 'test' | 'unsigned' | 'forged' | 'unverifiable'

/** How a provider signs its callbacks. */
interface Signing {
  /** The variable of the environment that holds the keys: one, or two while a key is being replaced. */
  readonly keySetting: string
  /** A key that stands in the provider's documents: it authenticates nobody, so no setting may name it. */
  readonly publicKey?: string
  /** Never throws. Compares in constant time. */
  verify(callback: Callback, keys: readonly string[]): Authenticity
  /**
   * Whether a body whose sender is not proved tells of something that happened to a recipient. Then it is no probe, and is kept
   * until the signature is mended. Never throws.
   */
  isEvent(callback: Callback): boolean
}

/** Who posts what became of our mail: one file per provider. */
export interface Provider {
  /** Names the path: `POST /<name>/<token>`. Rows name whose mail it is: the same, for all who send mail. */
  readonly name: string
  /** Whether it is the application that sends, and not who sends mail for it. */
  readonly isApplication?: true
  /** A larger body is kept and not read. */
  readonly maxBodyBytes: number
  /** Absent where the provider signs nothing: the token in the path is all there is. */
  readonly signing?: Signing
  /**
   * Whether a message's key can be no other provider's, by its shape: then a body of another path that names it is refused.
   * Absent where keys have no shape of their own.
   */
  readonly ownsMessage?: (message: MessageKey) => boolean
  /**
   * The key of a message, by what sending it returned; `undefined` where that names none. Absent where that is the key
   * itself.
   */
  readonly keyOfSent?: (returned: string) => MessageKey | undefined
  /**
   * Reads a body into one outcome per element; a body without content is a probe and yields none. Never throws.
   *
   * @param nowMs - Our clock: what is told to have happened more than a day later is `invalid`. Of a kept body it is the
   *   clock of its replay, so that it becomes right with time.
   */
  read(callback: Callback, nowMs: number): readonly Outcome[]
}

/** Whose a message is, by the shape of its key; `undefined` where that says nothing. */
export function ownerOf(message: MessageKey, mailProviders: readonly Provider[]): string | undefined {
  return mailProviders.find(({ ownsMessage }) => ownsMessage?.(message))?.name
}

/** Names what came without repeating it: values may be addresses. */
export function typeName(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (value === '') return 'an empty string'
  if (typeof value === 'string') return nameOfText(value)
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}

/** Of a text that nobody can see to be wrong, why it is: `a string with U+FFFD in it`. */
function nameOfText(text: string): string {
  // What is longer is wrong by its length alone.
  const codePoint =
    text.length > 10_000 ? undefined : hiddenIn(text)?.codePointAt(0)?.toString(16).toUpperCase()
  return codePoint === undefined ? 'a string' : `a string with U+${codePoint.padStart(4, '0')} in it`
}
