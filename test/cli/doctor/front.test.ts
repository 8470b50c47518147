import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { createServer as createSocketServer, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { ask, type Answer, type Front, type Silence } from '../../../cli/doctor/ask.ts'
import type { Check } from '../../../cli/doctor/check.ts'
import { checkClock } from '../../../cli/doctor/clock.ts'
import { checkFunctionUrl } from '../../../cli/doctor/function-url.ts'
import { checkSigningKey } from '../../../cli/doctor/signing-keys.ts'
import { checkToken, checkWrongToken } from '../../../cli/doctor/tokens.ts'
import { sendCloud } from '../../../lib/providers/sendcloud/sendcloud.ts'
import { tencentSes } from '../../../lib/providers/tencent-ses/tencent-ses.ts'
import { close, listen } from '../../../local/listening-server.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'

const token = '5d41402abc4b2a76b9719d911017c592aabbccddeeff0011'
const prod = { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'ap-southeast-1' }
const json = { 'content-type': 'application/problem+json' }

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

function frontAt(url: string): Front {
  return { url: new URL(url), timeoutMs: 5_000, clock: virtualClock('2026-11-21T08:00:00Z') }
}

async function started(server: Server, scheme = 'http'): Promise<Front> {
  const port = await listen(server, 0, 'the test')
  stops.push(() => close(server))
  return frontAt(`${scheme}://127.0.0.1:${port}/`)
}

function serving(answer: RequestListener): Promise<Front> {
  return started(createServer(answer))
}

/** Answers everything alike. */
function answering(status: number, body = '', headers: Record<string, string> = {}): Promise<Front> {
  return serving((_request, response) => {
    response.writeHead(status, headers).end(body)
  })
}

/** The function's responses: any other request is refused. */
function ledger(answers: Readonly<Record<string, readonly [number, object]>>): Promise<Front> {
  return serving((request, response) => {
    const [status, body] = answers[request.url ?? ''] ?? [
      401,
      { title: 'The token in the path is not accepted', status: 401 },
    ]
    response.writeHead(status, json).end(JSON.stringify(body))
  })
}

async function urlCheck(front: Front, environment: Record<string, string> = prod): Promise<Check> {
  return checkFunctionUrl(await ask(front, '/'), front, environment)
}

describe('the function URL', () => {
  it('answers where the ledger has no such path', async () => {
    const front = await ledger({ '/': [404, { title: 'No such path', status: 404 }] })
    expect(await urlCheck(front)).toEqual({
      check: 'function URL',
      verdict: 'passed',
      found: 'answers in 0 ms',
    })
  })

  it('lacks a permission where AWS answers 403', async () => {
    const front = await answering(403, '{"Message":"Forbidden."}', { 'x-amzn-errortype': 'AccessDenied' })
    expect(await urlCheck(front)).toEqual({
      check: 'function URL',
      verdict: 'failed',
      found: 'AWS answers 403: nobody may call it',
      advice:
        "A public function URL needs auth type NONE and two permissions, lambda:InvokeFunctionUrl and lambda:InvokeFunction: `npx serverless deploy --stage prod --region ap-southeast-1` makes them. If it stays so, the account's organization forbids it, or the function is gone (`npx serverless info --stage prod --region ap-southeast-1`).",
    })
  })

  it.each([
    [403, '', 'answers 403, and is not delivery-ledger'],
    [200, '<html>It works!</html>', 'answers 200, and is not delivery-ledger'],
    [404, '{"title":"Another\'s"}', 'answers 404, and is not delivery-ledger'],
    [301, '', 'answers 301, a redirection, and is not delivery-ledger'],
  ])('is another one where a stranger answers %i', async (status, body, found) => {
    const front = await answering(status, body, { location: '/elsewhere' })
    expect(await urlCheck(front)).toEqual({
      check: 'function URL',
      verdict: 'failed',
      found: `${front.url.host} ${found}`,
      advice: 'Check --url: `npx serverless info --stage prod --region ap-southeast-1` prints it.',
    })
  })

  it('of the local stack is another one where something else has its port', async () => {
    const front = await answering(200, '<html>It works!</html>')
    expect(await urlCheck(front, {})).toMatchObject({
      found: `${front.url.host} answers 200, and is not delivery-ledger`,
      advice:
        'Something else listens there. Start the local stack at another PORT, and set the same one here.',
    })
  })

  it('of the local stack says no word of a deploy where it answers 503 to everything', async () => {
    const front = await answering(503, '{"title":"The events could not be written; send them again"}', json)
    expect(await urlCheck(front, {})).toMatchObject({
      advice: 'A setting of it is missing or wrong: what `npm start` prints names it.',
    })
  })

  it('is flooded where AWS answers 429', async () => {
    expect(await urlCheck(await answering(429))).toMatchObject({
      verdict: 'failed',
      found: 'AWS answers 429: too many requests at once',
      advice:
        "Look for a flood in the metrics of the function. Else raise ingestConcurrency in serverless.yml and deploy, or the account's own limit.",
    })
  })

  it('belongs to a function without its settings where that answers 503 to everything', async () => {
    const front = await answering(503, '{"title":"The events could not be written; send them again"}', json)
    expect(await urlCheck(front)).toMatchObject({
      verdict: 'failed',
      found: 'the function answers 503 whatever it is asked',
      advice:
        'A setting of it is missing or wrong, such as CALLBACK_TOKEN_SHA256: `npx serverless logs --function ingest --stage prod --region ap-southeast-1 --startTime 1h` names it. Deploy with it.',
    })
  })

  it.each([500, 502, 503, 504])('belongs to a function that fails where %i is answered', async (status) => {
    expect(await urlCheck(await answering(status, 'Internal Server Error'))).toMatchObject({
      verdict: 'failed',
      found: `answers ${status}`,
      advice:
        'The function fails before it can answer, or a relay in front does not reach it: look into `npx serverless logs --function ingest --stage prod --region ap-southeast-1 --startTime 1h`.',
    })
  })

  it('has an unknown host', async () => {
    expect(await urlCheck(frontAt('http://no-such-host.invalid/'), {})).toMatchObject({
      verdict: 'failed',
      found: expect.stringMatching(
        /^no address is known for no-such-host\.invalid \((ENOTFOUND|EAI_AGAIN)\)$/,
      ),
      advice:
        'Check --url: `npx serverless info --stage <stage>` prints it. Or no name server answers this machine.',
    })
  })

  it('is of a port at which nothing listens', async () => {
    const front = await answering(200)
    for (const stop of stops.splice(0)) await stop()
    expect(await urlCheck(front, {})).toMatchObject({
      verdict: 'failed',
      found: `nothing listens at ${front.url.host}`,
      advice: 'Start the local stack (npm start), or say by --url where callbacks are taken.',
    })
  })

  it('does not answer in time', async () => {
    const front = await serving(() => undefined)
    expect(await urlCheck({ ...front, timeoutMs: 100 })).toMatchObject({
      verdict: 'failed',
      found: 'no answer within 0.1 s',
      advice:
        'Something on the way may drop what is sent (a firewall, a security group), or the function hangs: look into `npx serverless logs --function ingest --stage prod --region ap-southeast-1 --startTime 1h`.',
    })
  })

  it('does not end its answer in time', async () => {
    const front = await serving((_request, response) => response.write('{'))
    expect(await urlCheck({ ...front, timeoutMs: 100 })).toMatchObject({ found: 'no answer within 0.1 s' })
  })

  it('speaks no TLS', async () => {
    const { url } = await answering(200)
    expect(await urlCheck(frontAt(`https://${url.host}/`))).toMatchObject({
      verdict: 'failed',
      found: `${url.host} speaks no TLS`,
      advice:
        'Set TLS up there. Until then its URL begins with http://, and anybody on the way can read the token.',
    })
  })

  it('fails at TLS', async () => {
    const front = await started(createTlsServer({}), 'https')
    expect(await urlCheck(front)).toMatchObject({
      verdict: 'failed',
      found: expect.stringMatching(/^TLS fails \(ERR_SSL_\S+\)$/),
      advice: `Give ${front.url.host} a certificate for that name, by an authority that everybody knows: providers will not trust it either.`,
    })
  })

  it('cuts the connection', async () => {
    const server = createSocketServer((socket) => socket.destroy())
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    stops.push(
      () =>
        new Promise((resolve) =>
          server.close(() => {
            resolve()
          }),
        ),
    )
    const address = server.address()
    const port = typeof address === 'object' ? address!.port : 0
    expect(await urlCheck(frontAt(`http://127.0.0.1:${port}/`))).toMatchObject({
      verdict: 'failed',
      found: expect.stringMatching(/^the connection ends without an answer \(\w+\)$/),
      advice: 'Check the port, and whether the URL is to begin with https://.',
    })
  })
})

describe('the token', () => {
  it('is accepted by a GET of its callback URL', async () => {
    const seen: string[] = []
    const front = await serving((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      response.end('{"recorded":0}')
    })
    expect(await checkToken({ path: 'tencent-ses' }, front, token, prod)).toMatchObject({
      verdict: 'passed',
      found: 'is accepted; nothing was stored',
    })
    expect(seen).toEqual([`GET /tencent-ses/${token}`])
  })

  it('is not sent where anybody on the way could read it', async () => {
    const seen: string[] = []
    const server = createServer((request, response) => {
      seen.push(request.url ?? '')
      response.end('{"recorded":0}')
    })
    // The doctor knows this machine by other names only.
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.2', resolve))
    stops.push(() => close(server))
    const host = `127.0.0.2:${(server.address() as AddressInfo).port}`
    expect(await checkToken({ path: 'tencent-ses' }, frontAt(`http://${host}/`), token, prod)).toEqual({
      check: 'token',
      verdict: 'failed',
      found: `was not sent: on the way to http://${host} anybody could read it`,
      advice:
        'Give --url the https:// URL. If there is none, set up TLS: callbacks to that URL reveal the token to everybody on the way.',
    })
    expect(await checkSigningKey(sendCloud, frontAt(`http://${host}/`), token, prod)).toEqual({
      check: 'sendcloud',
      verdict: 'not-checked',
      found: 'not checked: the token was not sent',
    })
    expect(seen).toEqual([])
  })

  it('is not known where it is refused', async () => {
    expect(await checkToken({ path: 'tencent-ses' }, await ledger({}), 'hello-world', prod)).toEqual({
      check: 'token',
      verdict: 'failed',
      found: 'is not accepted (401)',
      advice:
        'Give the token whose digest is deployed; or deploy with afa27b44d43b02a9fea41d13cedc2e4016cfcf87c5dbf990e593669aa8ce286d among CALLBACK_TOKEN_SHA256, which is the digest of this one.',
    })
  })

  it('of the local stack is what that printed', async () => {
    expect(await checkToken({ path: 'tencent-ses' }, await ledger({}), 'hello-world', {})).toMatchObject({
      found: 'is not accepted (401)',
      advice: 'Give the end of the callback URLs that `npm start` printed.',
    })
  })

  it('is taken for its digest where it looks like one', async () => {
    expect(await checkToken({ path: 'tencent-ses' }, await ledger({}), 'ab'.repeat(32), prod)).toMatchObject({
      verdict: 'failed',
      advice:
        'This looks like a digest. Give the token itself, the end of the callback URL; its digest is what is deployed.',
    })
  })

  it.each(['https://example.com/tencent-ses/abc', 'two words', 'abc\n', '<token>'])(
    'is none where it could not stand in a path: %j',
    async (given) => {
      const front = frontAt('http://127.0.0.1:1/')
      expect(await checkToken({ path: 'tencent-ses' }, front, given, prod)).toEqual({
        check: 'token',
        verdict: 'failed',
        found: 'what was given is no token',
        advice:
          'Give the end of the callback URL alone: letters and digits, nothing before them and nothing behind.',
      })
    },
  )

  it('is not checked where none is given', async () => {
    expect(
      await checkToken({ path: 'tencent-ses' }, frontAt('http://127.0.0.1:1/'), undefined, prod),
    ).toMatchObject({
      verdict: 'not-checked',
      found: 'not checked: set CALLBACK_TOKEN to it, or give it by --token',
    })
  })

  it.each([
    [200, 'hello', 'was answered 200 instead of 200 and a count'],
    [429, '', 'was answered 429 instead of 200 and a count'],
  ])("is not taken for accepted by a %i that is not the ledger's", async (status, body, found) => {
    expect(
      await checkToken({ path: 'tencent-ses' }, await answering(status, body), token, prod),
    ).toMatchObject({
      verdict: 'failed',
      found,
      advice:
        'The URL did answer a moment before. Try again; should it stay so, something in front of the function answers for it.',
    })
  })

  it('is sent to nobody else by a redirection', async () => {
    const elsewhere: string[] = []
    const other = await serving((request, response) => {
      elsewhere.push(request.url ?? '')
      response.end('{"recorded":0}')
    })
    const front = await serving((request, response) => {
      response.writeHead(307, { location: `${other.url.origin}${request.url}` }).end()
    })
    expect(await checkToken({ path: 'tencent-ses' }, front, token, prod)).toMatchObject({ verdict: 'failed' })
    expect(elsewhere).toEqual([])
  })
})

describe('a wrong token', () => {
  it('is another one each time, and refused', async () => {
    const seen = new Set<string>()
    const front = await serving((request, response) => {
      seen.add(request.url ?? '')
      response.writeHead(401, json).end('{"title":"The token in the path is not accepted"}')
    })
    const refused = { verdict: 'passed', found: 'is refused (401)' }
    expect(await checkWrongToken(front)).toMatchObject(refused)
    expect(await checkWrongToken(front)).toMatchObject(refused)
    expect([...seen]).toEqual([
      expect.stringMatching(/^\/tencent-ses\/[0-9a-f]{48}$/),
      expect.stringMatching(/^\/tencent-ses\/[0-9a-f]{48}$/),
    ])
  })

  it('opens the door of a front that takes anything', async () => {
    expect(await checkWrongToken(await answering(200, '{"recorded":0}'))).toMatchObject({
      verdict: 'failed',
      found: 'was answered 200: anybody may write',
      advice:
        'Take away what answers in front of the function, or deploy the code of this project again: it refuses every token whose digest it does not have.',
    })
  })

  it("is not taken for refused by somebody else's 401", async () => {
    expect(await checkWrongToken(await answering(401, 'Login, please'))).toMatchObject({
      verdict: 'failed',
      found: 'was answered 401, but not by the ledger',
    })
  })
})

describe('the key of a provider that signs', () => {
  const path = `/sendcloud/${token}`
  const withoutKey = {
    title: 'SENDCLOUD_APP_KEY is not set, so no signature can be checked',
  }

  it('is there where a probe is answered 200', async () => {
    const front = await ledger({ [path]: [200, { recorded: 0 }] })
    expect(await checkSigningKey(sendCloud, front, token, prod)).toEqual({
      check: 'sendcloud',
      verdict: 'passed',
      found: 'is set up: the function has its key',
    })
  })

  it('may be missing where the provider is not used', async () => {
    const front = await ledger({ [path]: [503, withoutKey] })
    expect(await checkSigningKey(sendCloud, front, token, prod)).toEqual({
      check: 'sendcloud',
      verdict: 'not-checked',
      found: 'is not set up: the function has no SENDCLOUD_APP_KEY. That is right where it is not used',
    })
  })

  it('may not be missing where the environment has one', async () => {
    const front = await ledger({ [path]: [503, withoutKey] })
    const environment = { ...prod, SENDCLOUD_APP_KEY: 'a-key' }
    expect(await checkSigningKey(sendCloud, front, token, environment)).toEqual({
      check: 'sendcloud',
      verdict: 'failed',
      found: 'the function has no SENDCLOUD_APP_KEY',
      advice:
        "It is set here, and not in the deployment's parameters: `npx ledger parameter put SENDCLOUD_APP_KEY`. The function knows it within five minutes.",
    })
  })

  it.each([
    ['no token is given', undefined, 'not checked: that takes the token'],
    [
      'the token is not accepted',
      token,
      'not checked: the token is not accepted. Where this path has its own, set CALLBACK_TOKEN_SENDCLOUD to it',
    ],
  ])('is not checked where %s', async (_, given, found) => {
    expect(await checkSigningKey(sendCloud, await ledger({}), given, prod)).toMatchObject({
      verdict: 'not-checked',
      found,
    })
  })

  it('is not known where the function fails', async () => {
    expect(await checkSigningKey(sendCloud, await answering(500), token, prod)).toMatchObject({
      verdict: 'failed',
      found: 'was answered 500 instead of 200',
      advice: 'Try again; should it stay so, something in front of the function answers for it.',
    })
  })

  it('is none of a provider that does not sign', async () => {
    expect(await checkSigningKey(tencentSes, await ledger({}), token, prod)).toMatchObject({
      verdict: 'not-checked',
    })
  })
})

describe('the clock', () => {
  const answeredAt = (date: string): Promise<Answer | Silence> =>
    answering(200, '', { date }).then((front) => ask(front, '/'))

  it.each([
    ['Sat, 21 Nov 2026 07:59:59 GMT', 'is right'],
    ['Sat, 21 Nov 2026 07:59:20 GMT', 'is 40 s ahead'],
    ['Sat, 21 Nov 2026 08:05:00 GMT', 'is 5 min behind'],
  ])('is near enough to %s', async (date, found) => {
    expect(checkClock(await answeredAt(date))).toEqual({ check: 'clock', verdict: 'passed', found })
  })

  it.each([
    ['Sat, 21 Nov 2026 07:54:59 GMT', 'is 5 min ahead'],
    ['Sat, 21 Nov 2026 11:00:00 GMT', 'is 3 h behind'],
  ])('is too far from %s', async (date, found) => {
    expect(checkClock(await answeredAt(date))).toEqual({
      check: 'clock',
      verdict: 'failed',
      found,
      advice:
        "Set this machine's clock (NTP): Tencent refuses requests signed by one that is more than 5 minutes off, so `ledger reconcile` fails here.",
    })
  })

  it('is not checked where nobody says what time it is', async () => {
    const expected = { verdict: 'not-checked', found: 'not checked: no response had a date' }
    expect(checkClock({ silence: 'too late', code: 'TimeoutError' })).toMatchObject(expected)
    expect(checkClock(await answeredAt('today'))).toMatchObject(expected)
  })
})
