import * as v from 'valibot'
import type { Clock } from '../../lib/runtime/ports.ts'

/** A callback URL without its path, and the timeout. */
export interface Front {
  readonly url: URL
  readonly timeoutMs: number
  readonly clock: Clock
}

/** The HTTP response. Of its body only what the ledger itself may have sent is kept. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  /** Of a problem (RFC 9457), as the ledger answers them. */
  readonly title: string | undefined
  /** As the ledger confirms what it recorded. */
  readonly recorded: number | undefined
  readonly atMs: number
  readonly tookMs: number
}

/** Why there was no response. */
export interface Silence {
  readonly silence: 'unknown host' | 'nothing listens' | 'too late' | 'no TLS' | 'TLS not trusted' | 'cut off'
  /** Node's own word for it. */
  readonly code: string
}

const ledgerBody = v.pipe(
  v.string(),
  v.parseJson(),
  v.object({ title: v.optional(v.string()), recorded: v.optional(v.number()) }),
)

/** One GET. It follows no redirects: path or headers may hold a token, which must not be sent elsewhere. */
export async function ask(
  { url, timeoutMs, clock }: Front,
  path: string,
  sent: Readonly<Record<string, string>> = {},
): Promise<Answer | Silence> {
  const askedMs = clock.now()
  try {
    const response = await fetch(new URL(path, url), {
      redirect: 'manual',
      headers: sent,
      signal: AbortSignal.timeout(timeoutMs),
    })
    const atMs = clock.now()
    const body = v.safeParse(ledgerBody, await response.text())
    const { title, recorded } = body.success ? body.output : {}
    const { status, headers } = response
    return { status, headers, title, recorded, atMs, tookMs: atMs - askedMs }
  } catch (error) {
    const code = codeOf(error)
    return { silence: silences.get(code) ?? (untrusted.test(code) ? 'TLS not trusted' : 'cut off'), code }
  }
}

const silences: ReadonlyMap<string, Silence['silence']> = new Map([
  ['ENOTFOUND', 'unknown host'],
  ['EAI_AGAIN', 'unknown host'],
  ['ECONNREFUSED', 'nothing listens'],
  ['TimeoutError', 'too late'],
  ['ETIMEDOUT', 'too late'],
  ['UND_ERR_CONNECT_TIMEOUT', 'too late'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'no TLS'],
])

// As OpenSSL and Node name what is wrong with a certificate.
const untrusted = /^(?:ERR_TLS|ERR_SSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_)/

/** Only the codes and names that fetch reports, since a message may repeat the URL. */
const fault = v.object({
  name: v.optional(v.string(), 'UnknownError'),
  code: v.fallback(v.optional(v.string()), undefined),
})
const fetchFault = v.object({ ...fault.entries, cause: v.optional(fault) })

function codeOf(error: unknown): string {
  const { name, code, cause } = v.parse(fetchFault, error)
  return cause?.code ?? code ?? cause?.name ?? name
}
