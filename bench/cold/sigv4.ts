import { createHash, createHmac } from 'node:crypto'

interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

interface Posted {
  /** By names in lower case. `x-amz-date` among them: when it is signed. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * The `authorization` of a POST to the root of a service. All headers given are signed.
 * Source: IAM user guide, "Create a signed AWS API request", read 2026-11-22.
 */
export function authorizationOf(
  { headers, body }: Posted,
  { accessKeyId, secretAccessKey }: Credentials,
  region: string,
  service: string,
): string {
  const signed = Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1))
  const names = signed.map(([name]) => name).join(';')
  const lines = signed.map(([name, value]) => `${name}:${value.trim()}\n`).join('')
  const canonical = `POST\n/\n\n${lines}\n${names}\n${digestOf(body)}`
  const instant = headers['x-amz-date'] ?? ''
  const scope = [instant.slice(0, 8), region, service, 'aws4_request']
  const key = scope.reduce<string | Buffer>((secret, part) => hmac(secret, part), `AWS4${secretAccessKey}`)
  const toSign = ['AWS4-HMAC-SHA256', instant, scope.join('/'), digestOf(canonical)].join('\n')
  const signature = hmac(key, toSign).toString('hex')
  return `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope.join('/')}, SignedHeaders=${names}, Signature=${signature}`
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
