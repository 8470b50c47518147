import { createHash, createHmac, timingSafeEqual } from 'node:crypto'

/** A request as it came in; header names in lower case, the body as raw bytes. */
export interface SignedRequest {
  readonly method: string
  readonly path: string
  /** Without the question mark. */
  readonly query: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: Uint8Array
}

/** The one credential that is good, and the time by which a signature's age is judged. */
interface ExpectedSigner {
  readonly secretId: string
  readonly secretKey: string
  /** Of a temporary credential; without it a request must not carry one. */
  readonly token?: string | undefined
  readonly nowMs: number
}

/** `ok`, or one of the error codes that all Tencent APIs share. */
type SignatureVerdict =
  | 'ok'
  | 'AuthFailure.InvalidAuthorization'
  | 'AuthFailure.SecretIdNotFound'
  | 'AuthFailure.SignatureExpire'
  | 'AuthFailure.SignatureFailure'
  | 'AuthFailure.TokenFailure'

interface Authorization {
  readonly secretId: string
  readonly date: string
  /** Whose name the signing key carries: `ses`, or what the signer made of the host. */
  readonly scope: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

const maxSkewSeconds = 300
const authorizationPattern =
  /^TC3-HMAC-SHA256 Credential=([^/\s]+)\/(\d{4}-\d{2}-\d{2})\/([^/\s]+)\/tc3_request, ?SignedHeaders=([\w;-]+), ?Signature=([0-9a-f]{64})$/

/** Verifies a TC3-HMAC-SHA256 signature ("Signature v3" in Tencent's API documentation). */
export function verifyTc3Signature(request: SignedRequest, expected: ExpectedSigner): SignatureVerdict {
  const authorization = authorizationOf(header(request, 'authorization'))
  const timestamp = header(request, 'x-tc-timestamp')
  if (!authorization || !/^\d{1,12}$/.test(timestamp)) return 'AuthFailure.InvalidAuthorization'
  const skewSeconds = Math.abs(Number(timestamp) - expected.nowMs / 1000)
  if (skewSeconds > maxSkewSeconds) return 'AuthFailure.SignatureExpire'
  if (!sameText(authorization.secretId, expected.secretId)) return 'AuthFailure.SecretIdNotFound'
  if (!sameText(header(request, 'x-tc-token'), expected.token ?? '')) return 'AuthFailure.TokenFailure'
  const credentialDate = new Date(Number(timestamp) * 1000).toISOString().slice(0, 10)
  const isSigned =
    authorization.date === credentialDate &&
    ['content-type', 'host'].every((name) => authorization.signedHeaders.includes(name)) &&
    signers(header(request, 'host')).includes(authorization.scope) &&
    signedHosts(header(request, 'host')).some((host) =>
      sameText(
        signatureOf(request, authorization, { host, timestamp, secretKey: expected.secretKey }),
        authorization.signature,
      ),
    )
  return isSigned ? 'ok' : 'AuthFailure.SignatureFailure'
}

function authorizationOf(text: string): Authorization | undefined {
  const [, secretId, date, scope, signedHeaders, signature] = authorizationPattern.exec(text) ?? []
  if (!secretId || !date || !scope || !signedHeaders || !signature) return undefined
  return { secretId, date, scope, signedHeaders: signedHeaders.split(';'), signature }
}

function signatureOf(
  request: SignedRequest,
  { date, scope, signedHeaders }: Authorization,
  { host, timestamp, secretKey }: { host: string; timestamp: string; secretKey: string },
): string {
  const canonicalHeaders = signedHeaders.map((name) => {
    const value = name === 'host' ? host : header(request, name)
    return `${name}:${value.trim().toLowerCase()}\n`
  })
  const canonicalRequest = [
    request.method,
    request.path,
    request.query,
    canonicalHeaders.join(''),
    signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n')
  const toSign = [
    'TC3-HMAC-SHA256',
    timestamp,
    `${date}/${scope}/tc3_request`,
    sha256(canonicalRequest),
  ].join('\n')
  const signingKey = hmac(hmac(hmac(`TC3${secretKey}`, date), scope), 'tc3_request')
  return hmac(signingKey, toSign).toString('hex')
}

// SDK 4.1.76: sign.js signs `hostname`, while the Host header carries the port; other signers sign the header.
function signedHosts(host: string): readonly string[] {
  return [host.replace(/:\d+$/, ''), host]
}

// SDK 4.1.76: abstract_client.js takes the endpoint's first label (`127` of `127.0.0.1:8080`), whatever the API is.
function signers(host: string): readonly string[] {
  return ['ses', ...signedHosts(host).map((text) => text.split('.')[0] ?? text)]
}

function header(request: SignedRequest, name: string): string {
  const value = request.headers[name]
  return typeof value === 'string' ? value : ''
}

function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

function hmac(key: string | Uint8Array, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}

/** Takes a time that does not reveal where two texts differ. */
function sameText(one: string, other: string): boolean {
  return timingSafeEqual(Buffer.from(sha256(one)), Buffer.from(sha256(other)))
}
