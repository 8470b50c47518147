import { describe, expect, it } from '@jest/globals'
import { createHash, createHmac } from 'node:crypto'
import { verifyTc3Signature } from '../../../local/simulated-ses/tc3-signature.ts'
import type { SignedRequest } from '../../../local/simulated-ses/tc3-signature.ts'

// The worked example of Tencent's "Signature v3" documentation (DescribeInstances), with the key it publishes.
const signer = {
  secretId: 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE',
  secretKey: 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE',
  nowMs: 1551113065_000,
}
const body = String.raw`{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
const publishedAuthorization =
  'TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, ' +
  'SignedHeaders=content-type;host, ' +
  'Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168'

function published(changes: Partial<Record<string, string>> = {}, changedBody = body): SignedRequest {
  return {
    method: 'POST',
    path: '/',
    query: '',
    headers: {
      authorization: publishedAuthorization,
      'content-type': 'application/json; charset=utf-8',
      host: 'cvm.tencentcloudapi.com',
      'x-tc-timestamp': '1551113065',
      ...changes,
    },
    body: Buffer.from(changedBody),
  }
}

/** The example signed anew, rightly, whatever is signed: so that only what is signed can be wrong. */
function signedAnew({
  date = '2019-02-25',
  scope = 'cvm',
  headers = 'content-type;host',
  host = 'cvm.tencentcloudapi.com',
}) {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const hmac = (key: string | Buffer, text: string) => createHmac('sha256', key).update(text).digest()
  const values = new Map([
    ['content-type', 'application/json; charset=utf-8'],
    ['host', host],
    ['x-tc-action', 'describeinstances'],
  ])
  const lines = headers.split(';').map((name) => `${name}:${values.get(name) ?? ''}\n`)
  const canonical = `POST\n/\n\n${lines.join('')}\n${headers}\n${sha256(body)}`
  const text = `TC3-HMAC-SHA256\n1551113065\n${date}/${scope}/tc3_request\n${sha256(canonical)}`
  const key = hmac(hmac(hmac(`TC3${signer.secretKey}`, date), scope), 'tc3_request')
  const credential = `${signer.secretId}/${date}/${scope}/tc3_request`
  return `TC3-HMAC-SHA256 Credential=${credential}, SignedHeaders=${headers}, Signature=${hmac(key, text).toString('hex')}`
}

describe('a TC3 signature', () => {
  it('is good as Tencent publishes it', () => {
    expect(verifyTc3Signature(published(), signer)).toBe('ok')
    expect(signedAnew({})).toBe(publishedAuthorization)
  })

  it('may cover more headers, whose values count in lower case', () => {
    const authorization = signedAnew({ headers: 'content-type;host;x-tc-action' })
    const request = published({ authorization, 'x-tc-action': 'DescribeInstances' })
    expect(verifyTc3Signature(request, signer)).toBe('ok')
    const changed = published({ authorization, 'x-tc-action': 'TerminateInstances' })
    expect(verifyTc3Signature(changed, signer)).toBe('AuthFailure.SignatureFailure')
  })

  it.each([
    ['the host without its port, by the first label', '127', '127.0.0.1'],
    ['the host with its port, by the first label', '127', '127.0.0.1:8080'],
    ['the name ses', 'ses', '127.0.0.1:8080'],
  ])('may be made for another host: %s', (_what, scope, host) => {
    const request = published({ authorization: signedAnew({ scope, host }), host: '127.0.0.1:8080' })
    expect(verifyTc3Signature(request, signer)).toBe('ok')
  })

  it.each([
    ['another body', published({}, body.replace('1', '2'))],
    ['another content type', published({ 'content-type': 'application/json' })],
    ['another host', published({ host: 'cvm.example.com' })],
    [
      'a credential date that is not the timestamp’s',
      published({ authorization: signedAnew({ date: '2019-02-26' }) }),
    ],
    ['the name of another API', published({ authorization: signedAnew({ scope: 'cbs' }) })],
    ['the host left unsigned', published({ authorization: signedAnew({ headers: 'content-type' }) })],
    ['the content type left unsigned', published({ authorization: signedAnew({ headers: 'host' }) })],
  ])('fails for %s', (_what, request) => {
    expect(verifyTc3Signature(request, signer)).toBe('AuthFailure.SignatureFailure')
  })

  it('is good for five minutes either way', () => {
    for (const offsetMs of [-300_000, 300_000]) {
      expect(verifyTc3Signature(published(), { ...signer, nowMs: signer.nowMs + offsetMs })).toBe('ok')
    }
    for (const offsetMs of [-301_000, 301_000]) {
      expect(verifyTc3Signature(published(), { ...signer, nowMs: signer.nowMs + offsetMs })).toBe(
        'AuthFailure.SignatureExpire',
      )
    }
  })

  it.each([
    ['no Authorization', { authorization: '' }],
    ['another scheme', { authorization: 'Bearer abc' }],
    ['an older algorithm', { authorization: publishedAuthorization.replace('TC3-HMAC-SHA256', 'TC2') }],
    ['no timestamp', { 'x-tc-timestamp': '' }],
    ['a timestamp that is no number', { 'x-tc-timestamp': 'now' }],
  ])('cannot be read from %s', (_what, headers) => {
    expect(verifyTc3Signature(published(headers), signer)).toBe('AuthFailure.InvalidAuthorization')
  })
})
