import { createRequire } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import { providers } from '../../lib/providers/registry.ts'

// `serverless info` and `serverless deploy` run it. The emulated AWS of `npm run test:aws` has no function URLs.

interface Plugin {
  readonly hooks: Readonly<Record<string, () => void>>
}
const CallbackUrls = createRequire(import.meta.url)('../../deploy/callback-urls.cjs') as new (serverless: {
  serviceOutputs: Map<string, unknown>
  service: { functions: { ingest: { environment: Readonly<Record<string, string>> } } }
}) => Plugin

function printed(
  outputs: readonly (readonly [string, unknown])[],
  environment: Readonly<Record<string, string>> = {},
): Map<string, unknown> {
  const serviceOutputs = new Map(outputs)
  new CallbackUrls({ serviceOutputs, service: { functions: { ingest: { environment } } } }).hooks[
    'after:aws:info:displayEndpoints'
  ]?.()
  return serviceOutputs
}

describe('the callback URLs that a deploy prints', () => {
  it('are whole, but for the token', () => {
    const url = 'https://abc123.lambda-url.ap-southeast-1.on.aws/'
    expect(printed([['endpoint', url]]).get('callback URLs')).toEqual([
      'https://abc123.lambda-url.ap-southeast-1.on.aws/tencent-ses/<token>',
      'https://abc123.lambda-url.ap-southeast-1.on.aws/sendcloud/<token>',
      'https://abc123.lambda-url.ap-southeast-1.on.aws/sent/<token>',
    ])
  })

  it('come with what the token is', () => {
    expect(printed([['endpoint', 'https://abc123.on.aws/']]).get('<token>')).toBe(
      'the first line that `npx ledger token new` printed. `npx ledger --stage <stage> urls --with-token` asks for it and prints the URLs whole.',
    )
  })

  it('say which has a token of its own', () => {
    const own = {
      CALLBACK_TOKEN_SHA256: 'ab',
      CALLBACK_TOKEN_SHA256_SENDCLOUD: 'cd',
      CALLBACK_TOKEN_SHA256_SENT: '',
    }
    expect(printed([['endpoint', 'https://abc123.on.aws/']], own).get('callback URLs')).toEqual([
      'https://abc123.on.aws/tencent-ses/<token>',
      'https://abc123.on.aws/sendcloud/<token for sendcloud>',
      'https://abc123.on.aws/sent/<token>',
    ])
  })

  it('are one for every path that the function knows', () => {
    const urls = printed([['endpoint', 'https://abc123.on.aws/']]).get('callback URLs') as string[]
    expect(urls).toHaveLength(providers.length)
    expect(urls.map((url) => url.split('/').at(-2)).sort()).toEqual(providers.map(({ name }) => name).sort())
  })

  it('and what the query API answers, where that is deployed', () => {
    const [ingest, query] = ['https://abc123.on.aws/', 'https://def456.on.aws/']
    const outputs = printed([['endpoints', [`ingest: ${ingest}`, `query: ${query}`]]])
    expect(outputs.get('callback URLs')).toEqual([
      'https://abc123.on.aws/tencent-ses/<token>',
      'https://abc123.on.aws/sendcloud/<token>',
      'https://abc123.on.aws/sent/<token>',
    ])
    expect(outputs.get('query API')).toEqual([
      'https://def456.on.aws/suppressions/<address>',
      'https://def456.on.aws/deliveries?recipient=<address>',
      'https://def456.on.aws/openapi.json',
    ])
    expect(printed([['endpoint', ingest]]).has('query API')).toBe(false)
  })

  it('are left out where nothing is deployed', () => {
    expect([...printed([])]).toEqual([])
  })
})
