import { beforeEach, describe, expect, it } from '@jest/globals'
import { registerUrls } from '../../cli/urls.ts'
import { emulatedDeployment } from './emulated-deployment.ts'
import { runInProcess, type Ended } from './in-process.ts'

const deployment = emulatedDeployment()
const host = 'https://abc123.lambda-url.ap-southeast-1.on.aws'
/** SHA-256 of `first-token` and of `other-token`. */
const ofFirst = '55b4b48f529c3d2daa027cbffa6cfb6a03690424550f22109e39917406c8243b'
const ofOther = '6c67163bbed989f232b31acc4f04df54b31285bfc01bd022c735b71e041a4754'

beforeEach(() => {
  deploy({ CALLBACK_TOKEN_SHA256: ofFirst, CALLBACK_TOKEN_SHA256_SENDCLOUD: '' })
})

function deploy(environment: Readonly<Record<string, string>>): void {
  deployment.functions.functions.set('delivery-ledger-prod-ingest', { environment, url: `${host}/` })
}

function urls(words: string, input = '', environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const prod = { ...deployment.endpoints, TABLE_PREFIX: 'delivery-ledger-prod', ...environment }
  return runInProcess(registerUrls, ['urls', ...words.split(' ').filter(Boolean)], prod, input)
}

describe('ledger urls', () => {
  it('prints the URLs of the deployment, and what the token is', async () => {
    expect(await urls('')).toEqual({
      code: 0,
      output: `tencent-ses  ${host}/tencent-ses/<token>
sendcloud    ${host}/sendcloud/<token>
sent         ${host}/sent/<token>

<token> is the first line that \`npx ledger token new\` printed. It is stored nowhere, so it cannot be shown here: --with-token asks for it.
`,
      errors: '',
    })
  })

  it('prints them whole with the token, for the paths that it opens', async () => {
    deploy({ CALLBACK_TOKEN_SHA256: `${ofOther}, ${ofFirst}`, CALLBACK_TOKEN_SHA256_SENDCLOUD: ofOther })
    const { output } = await urls('--with-token', 'first-token\n')
    expect(output).toBe(`tencent-ses  ${host}/tencent-ses/first-token
sendcloud    ${host}/sendcloud/<token for sendcloud>
sent         ${host}/sent/first-token

Whoever has one of these URLs can report deliveries: keep them as passwords.
`)
    const own = await urls('--with-token --json', 'other-token')
    expect(JSON.parse(own.output)).toContainEqual({ path: 'sendcloud', url: `${host}/sendcloud/other-token` })
  })

  it.each([
    [
      'third-token',
      /^No path of delivery-ledger-prod accepts this token\. Was its digest put and deployed\?/,
    ],
    [ofFirst, /^That is the digest of the token\. The URL ends with the token itself/],
    ['two words', /^That is no token: expected letters and digits alone/],
    ['', /^That is no token/],
  ])('refuses %j, and does not repeat it', async (token, problem) => {
    const { code, output, errors } = await urls('--with-token', token)
    expect(errors).toMatch(problem)
    if (token !== '') expect(errors).not.toContain(token)
    expect({ code, output }).toEqual({ code: 1, output: '' })
  })

  it('says why it knows none', async () => {
    deployment.functions.functions.clear()
    expect(await urls('')).toMatchObject({
      code: 1,
      errors:
        'The URL is not known: AWS knows no function URL of delivery-ledger-prod-ingest there. `npx serverless info --stage prod --region ap-southeast-1` prints it, too.\n',
    })
  })

  it('prints those of the local stack', async () => {
    const { output } = await urls('--with-token', 'any-token', { TABLE_PREFIX: '', PORT: '3005' })
    expect(output).toMatch(/^tencent-ses {2}http:\/\/127\.0\.0\.1:3005\/tencent-ses\/any-token\n/)
  })
})
