import { createServer } from 'node:http'
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { registerDoctor } from '../../cli/doctor.ts'
import type { Check } from '../../cli/doctor/check.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { tableNames } from '../../lib/table/names.ts'
import { close, listen } from '../../local/listening-server.ts'
import { freePorts, simulatedSesCredentials } from '../../local/local-environment.ts'
import { localSettings } from '../../local/settings.ts'
import { startLocalStack, type LocalStack } from '../../local/stack.ts'
import { rowsOf } from '../embedded-tables.ts'
import { startEmulatedFunctions, type EmulatedFunctions } from '../emulated-functions.ts'
import { startParameterStore, type EmulatedParameterStore } from '../emulated-parameter-store.ts'
import { run } from '../running-command.ts'
import { runInProcess } from './in-process.ts'
import { startRefusingDynamoDb } from './doctor/refusing-dynamodb.ts'

const token = 'Zk3pQ8vXw1LmN7bYt5RcJ2hGf9DsA4uE6'
let stack: LocalStack
let local: Record<string, string>

beforeAll(async () => {
  const settings = localSettings({
    ...freePorts,
    CALLBACK_TOKEN: token,
  })
  stack = await startLocalStack(settings, { clock: systemClock, log: () => undefined })
  await stack.reconcile()
  const portOf = (url: string) => new URL(url).port
  local = {
    PORT: portOf(stack.callbackUrls.tencentSes),
    DYNAMODB_PORT: portOf(stack.dynamoDbEndpoint),
    SES_PORT: portOf(stack.simulatedSes!.url),
    SENDCLOUD_PORT: portOf(stack.simulatedSendCloud!.url),
  }
})
afterAll(() => stack.stop())

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** Whatever this machine has, the doctor has none of it. */
const noAws = {
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: '/nowhere',
  AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
}

/** What `ledger doctor …` prints, on either stream, and with what it ends. Whatever it is, no token is in it. */
async function doctor(
  options: string,
  environment: Record<string, string>,
): Promise<{ output: string; exitCode: number }> {
  const words = ['doctor', ...options.split(' ').filter((word) => word !== '')]
  const { code, output, errors } = await runInProcess(registerDoctor, words, { ...environment, ...noAws })
  expect(output + errors).not.toContain(token)
  return { output: output + errors, exitCode: code }
}

/** The same in a process of its own, where an error of a socket is an `Error` to the AWS SDK: under jest it is one of another realm. */
async function spawnedDoctor(
  environment: Record<string, string>,
): Promise<{ output: string; exitCode: number | null }> {
  const command = run(`${process.execPath} cli/ledger.mjs doctor`, { ...environment, ...noAws })
  const exitCode = await command.exited
  expect(command.output()).not.toContain(token)
  return { output: command.output(), exitCode }
}

async function checksOf(
  options: string,
  environment: Record<string, string>,
): Promise<ReadonlyMap<string, Check>> {
  const { output } = await doctor(`${options} --json`, environment)
  return new Map((JSON.parse(output) as Check[]).map((check) => [check.check, check]))
}

async function portOfNobody(): Promise<string> {
  const server = createServer()
  const port = await listen(server, 0, 'the test')
  await close(server)
  return String(port)
}

describe('the doctor', () => {
  it('finds nothing wrong with a local stack, and leaves nothing in it', async () => {
    const { output, exitCode } = await spawnedDoctor({ ...local, CALLBACK_TOKEN: token })
    expect(output).toMatch(
      new RegExp(
        [
          '^✓ function URL  answers in \\d+ ms',
          '✓ token         is accepted; nothing was stored',
          '✓ wrong token   is refused \\(401\\)',
          '✓ sendcloud     is set up: the function has its key',
          '✓ clock         is .*',
          `✓ DynamoDB      answers at http://127\\.0\\.0\\.1:${local.DYNAMODB_PORT}`,
          '✓ tables        5 of delivery-ledger-local, as serverless\\.yml declares them',
          '✓ schedule      the last run ended \\d+ s ago: nothing was left to ask',
          '✓ quarantine    is empty',
          '✓ poll API      accepts the credentials of this shell; ap-guangzhou lists no mail of today: .*',
          '✓ block list    may be read: ListBlackEmailAddress, ListCustomBlacklist',
          '✓ emailStatus   accepts the credentials of this shell; SendCloud lists no mail of today',
          '✓ bounce list   may be read: bounce/list, unsubscribe/list, complaint/list',
          '',
          '13 passed, 0 failed, 0 not checked\\.',
          '$',
        ].join('\n'),
      ),
    )
    expect(exitCode).toBe(0)
    const tables = tableNames(stack.tablePrefix)
    for (const table of [tables.deliveries, tables.quarantine, tables.inbound, tables.suppressions]) {
      expect(await rowsOf(stack.dynamoDb, table)).toEqual([])
    }
  })

  it('takes the token and the URL as options, too', async () => {
    const { PORT, ...others } = local
    const checks = await checksOf(`--url http://localhost:${PORT}/ --token ${token}`, others)
    expect(checks.get('token')).toMatchObject({ verdict: 'passed' })
    expect(checks.get('sendcloud')).toMatchObject({ verdict: 'passed' })
  })

  it('tries the token that a path has of its own', async () => {
    const own = { CALLBACK_TOKEN_SENDCLOUD: token, CALLBACK_TOKEN_SENT: token }
    const right = await checksOf('', { ...local, CALLBACK_TOKEN: 'that-of-all', ...own })
    expect(right.get('token')).toMatchObject({ verdict: 'failed' })
    expect(right.get('sendcloud')).toMatchObject({ verdict: 'passed' })
    expect(right.get('sent token')).toMatchObject({ verdict: 'passed' })
    const swapped = { CALLBACK_TOKEN_SENDCLOUD: 'another-1', CALLBACK_TOKEN_SENT: 'another-2' }
    const wrong = await checksOf('', { ...local, CALLBACK_TOKEN: token, ...swapped })
    expect(wrong.get('token')).toMatchObject({ verdict: 'passed' })
    expect(wrong.get('sendcloud')).toMatchObject({
      verdict: 'failed',
      found: 'the token in CALLBACK_TOKEN_SENDCLOUD is not accepted (401)',
    })
    expect(wrong.get('sent token')).toMatchObject({ verdict: 'failed', found: 'is not accepted (401)' })
  })

  it('leaves out what takes the token where it has none', async () => {
    const { output, exitCode } = await doctor('', local)
    expect(output).toContain('– token         not checked: set CALLBACK_TOKEN to it, or give it by --token\n')
    expect(output).toContain('11 passed, 0 failed, 2 not checked.')
    expect(exitCode).toBe(0)
  })

  it('says on the next line what to do about a failure, and ends with 1', async () => {
    const { output, exitCode } = await doctor('', { ...local, CALLBACK_TOKEN: `${token}f`.slice(1) })
    expect(output).toMatch(
      /^✗ token {9}is not accepted \(401\)\n {16}→ Give the end of the callback URLs that `npm start` printed\.\n✓ wrong/m,
    )
    expect(output).toContain(
      '– sendcloud     not checked: the token is not accepted. Where this path has its own, set CALLBACK_TOKEN_SENDCLOUD to it\n',
    )
    expect(exitCode).toBe(1)
  })

  it('repeats no token of a URL that is not the function URL alone', async () => {
    for (const url of [
      stack.callbackUrls.tencentSes,
      `http://127.0.0.1/?${token}`,
      `http://${token}@127.0.0.1/`,
      `127.0.0.1/${token}`,
      `ftp://127.0.0.1/`,
    ]) {
      const { output, exitCode } = await doctor(`--url ${url}`, local)
      expect(output).toBe(
        '--url: expected the function URL alone, such as https://abc123.lambda-url.ap-southeast-1.on.aws, without a path. The token of a callback URL goes into CALLBACK_TOKEN.\n',
      )
      expect(exitCode).toBe(1)
    }
  })

  it('repeats no token to whom an echo answers', async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === '/' ? 404 : 400, { 'x-echo': request.url })
      response.end(JSON.stringify({ title: request.url === '/' ? 'No such path' : request.url }))
    })
    const port = await listen(server, 0, 'the test')
    stops.push(() => close(server))
    const checks = await checksOf('', { ...local, PORT: String(port), CALLBACK_TOKEN: token })
    expect(checks.get('token')).toMatchObject({
      verdict: 'failed',
      found: 'was answered 400 instead of 200 and a count',
    })
  })

  it('looks at everything else where nothing answers', async () => {
    const nobody = await portOfNobody()
    const environment = {
      PORT: nobody,
      DYNAMODB_PORT: nobody,
      SES_PORT: nobody,
      SENDCLOUD_PORT: nobody,
      CALLBACK_TOKEN: token,
    }
    const { output, exitCode } = await spawnedDoctor(environment)
    expect(output).toMatch(
      new RegExp(
        [
          `^✗ function URL  nothing listens at 127\\.0\\.0\\.1:${nobody}`,
          ' {16}→ Start the local stack \\(npm start\\), or say by --url where callbacks are taken\\.',
          '– token         not checked: the function did not answer',
          '– wrong token   not checked: the function did not answer',
          '– sendcloud     not checked: the function did not answer',
          '– clock         not checked: no response had a date',
          `✗ DynamoDB      No DynamoDB answers at http://127\\.0\\.0\\.1:${nobody}\\. Is the local stack running \\(npm start\\)\\? .*`,
          ' {16}→ Start the local stack \\(npm start\\)\\.',
          '✗ poll API      does not answer as it should \\(NoAnswer\\)',
          ' {16}→ .* Start the local stack \\(npm start\\)\\.',
          '– block list    not checked: see poll API',
          '✗ emailStatus   does not answer as it should \\(NoAnswer\\)',
          ' {16}→ .* Try again\\.',
          '– bounce list   not checked: see emailStatus',
          '',
          '0 passed, 4 failed, 6 not checked\\.',
          '$',
        ].join('\n'),
      ),
    )
    expect(exitCode).toBe(1)
  })

  it('counts what waits in quarantine, which is no failure', async () => {
    const before = await fetch(stack.callbackUrls.tencentSes, { method: 'POST', body: 'hello' })
    expect(before.status).toBe(400)
    const { output, exitCode } = await doctor('', local)
    expect(output).toMatch(
      /^✓ quarantine {4}1 body waits to be dealt with\n {16}→ `npx ledger quarantine list` names what came and was not understood; `replay` runs it again, `dismiss` puts junk aside\.\n/m,
    )
    expect(exitCode).toBe(0)
  })
})

describe('of a deployment, the doctor', () => {
  const prod = { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'ap-southeast-1' }
  let functions: EmulatedFunctions
  let store: EmulatedParameterStore

  async function emulate(): Promise<void> {
    functions = await startEmulatedFunctions()
    store = await startParameterStore()
    stops.push(functions.stop, store.stop)
  }

  /** As on AWS, but for where its services are. */
  function inAws(): Record<string, string> {
    return {
      ...prod,
      AWS_ENDPOINT_URL: stack.dynamoDbEndpoint,
      AWS_ENDPOINT_URL_LAMBDA: functions.endpoint,
      AWS_ENDPOINT_URL_SSM: store.url,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    }
  }

  it('finds its URL and its settings by its name alone', async () => {
    await emulate()
    functions.functions.set('delivery-ledger-prod-ingest', {
      environment: {},
      url: `http://127.0.0.1:${local.PORT}/`,
    })
    functions.functions.set('delivery-ledger-prod-reconcile', {
      environment: { SES_REGION: 'ap-singapore', SES_ENDPOINT: stack.simulatedSes!.url },
    })
    const put = (setting: string, Value: string) =>
      store.parameters.set(`/delivery-ledger-prod/${setting}`, { Value, Type: 'SecureString', Version: 1 })
    put('TENCENTCLOUD_SECRET_ID', simulatedSesCredentials.secretId)
    put('TENCENTCLOUD_SECRET_KEY', simulatedSesCredentials.secretKey)
    const checks = await checksOf('', { ...inAws(), SES_REGION: 'ap-guangzhou', CALLBACK_TOKEN: token })
    expect(checks.get('function URL')).toMatchObject({ verdict: 'passed' })
    expect(checks.get('token')).toMatchObject({ verdict: 'passed' })
    expect(checks.get('settings')).toMatchObject({ verdict: 'passed' })
    expect(checks.get('parameters')).toMatchObject({ verdict: 'passed' })
    expect(checks.get('poll API')).toMatchObject({
      verdict: 'passed',
      found: expect.stringMatching(/^accepts the credentials of the deployment; ap-singapore lists/),
    })
  })

  it('looks at what needs no URL where AWS knows none, and says how to name it', async () => {
    await emulate()
    const checks = await checksOf('', { ...inAws(), CALLBACK_TOKEN: token })
    expect(checks.get('function URL')).toEqual({
      check: 'function URL',
      verdict: 'not-checked',
      found:
        'not checked: AWS knows no function URL of delivery-ledger-prod-ingest there. Say by --url where it is: `npx serverless info --stage prod --region ap-southeast-1` prints it',
    })
    for (const name of ['token', 'wrong token', 'sendcloud', 'clock']) {
      expect(checks.get(name)).toMatchObject({ found: 'not checked: the function URL is not known' })
    }
    expect(checks.get('DynamoDB')).toMatchObject({
      verdict: 'passed',
      found: `answers at ${stack.dynamoDbEndpoint}`,
    })
    expect(checks.get('tables')).toMatchObject({
      verdict: 'failed',
      found: 'there are none called delivery-ledger-prod-…',
    })
    expect(checks.get('settings')).toMatchObject({ verdict: 'failed' })
    expect(checks.get('parameters')).toMatchObject({ verdict: 'failed' })
    expect(checks.get('poll API')).toMatchObject({ verdict: 'not-checked' })
  })

  it('says which permission finds its URL', async () => {
    await emulate()
    functions.refuseWith = 'AccessDeniedException'
    expect((await checksOf('', inAws())).get('function URL')).toMatchObject({
      verdict: 'not-checked',
      found: expect.stringContaining(
        'allow lambda:GetFunctionUrlConfig on function:delivery-ledger-prod-ingest',
      ),
    })
  })

  it('sees from outside what it can without AWS credentials', async () => {
    const checks = await checksOf(`--url http://127.0.0.1:${local.PORT}`, { ...prod, CALLBACK_TOKEN: token })
    expect(checks.get('token')).toMatchObject({ verdict: 'passed' })
    expect(checks.get('DynamoDB')).toEqual({
      check: 'DynamoDB',
      verdict: 'not-checked',
      found: expect.stringMatching(
        /^not checked, nor what is in it\. AWS has no credentials here: set AWS_PROFILE, or sign in with the AWS CLI\./,
      ),
    })
    expect(checks.get('poll API')).toMatchObject({ verdict: 'not-checked' })
    expect([...checks.keys()]).not.toContain('tables')
  })

  it('asks for the region', async () => {
    const { TABLE_PREFIX } = prod
    const checks = await checksOf(`--url http://127.0.0.1:${local.PORT}`, { TABLE_PREFIX })
    expect(checks.get('DynamoDB')).toMatchObject({
      verdict: 'not-checked',
      found:
        'not checked, nor what is in it. Set AWS_REGION to the region of the deployment, such as ap-southeast-1.',
    })
  })

  it('does not take the tables of this machine for those of another', async () => {
    const checks = await checksOf('--url http://no-such-host.invalid', local)
    const expected = {
      verdict: 'not-checked',
      found:
        'not checked: set TABLE_PREFIX (delivery-ledger-<stage>) and AWS_REGION to say which deployment this is',
    }
    expect(checks.get('DynamoDB')).toMatchObject(expected)
    expect(checks.get('poll API')).toMatchObject(expected)
  })

  it('finds no tables under a name that nobody deployed', async () => {
    await emulate()
    const checks = await checksOf('', { ...inAws(), TABLE_PREFIX: 'nobody' })
    const missing = { verdict: 'not-checked', found: 'not checked: its table is not there' }
    expect(checks.get('tables')).toMatchObject({ found: 'there are none called nobody-…' })
    expect(checks.get('schedule')).toMatchObject(missing)
    expect(checks.get('quarantine')).toMatchObject(missing)
  })

  it('speaks of no local stack, and of no setting that is not set, where nothing answers', async () => {
    const nobody = `http://127.0.0.1:${await portOfNobody()}`
    const { output } = await spawnedDoctor({
      ...prod,
      AWS_ENDPOINT_URL: nobody,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    })
    expect(output).toContain(
      `✗ DynamoDB      No DynamoDB answers at ${nobody}. AWS_ENDPOINT_URL says to look there.\n` +
        '                → Check AWS_REGION and AWS_ENDPOINT_URL and the way there.\n',
    )
    expect(output).toContain(
      '→ Try again; should it stay so, check AWS_REGION and AWS_ENDPOINT_URL and the way there.\n',
    )
    expect(output).not.toMatch(/npm start|AWS_ENDPOINT_URL_|SES_ENDPOINT/)
  })

  it('says which permission it lacks', async () => {
    const { endpoint, stop } = await startRefusingDynamoDb('AccessDeniedException')
    stops.push(stop)
    const checks = await checksOf('', { ...local, AWS_ENDPOINT_URL_DYNAMODB: endpoint })
    expect(checks.get('tables')).toMatchObject({
      verdict: 'failed',
      advice: 'Allow dynamodb:DescribeTable on it to these credentials.',
    })
    expect(checks.get('schedule')).toEqual({
      check: 'schedule',
      verdict: 'failed',
      found: 'may not be read',
      advice: 'Allow dynamodb:GetItem on its table to these credentials.',
    })
    expect(checks.get('quarantine')).toMatchObject({
      verdict: 'failed',
      advice: 'Allow dynamodb:Scan on the index open of its table to these credentials.',
    })
  })

  it('says that a setting is wrong, and sees the rest', async () => {
    const checks = await checksOf(`--url http://127.0.0.1:${local.PORT}`, {
      TABLE_PREFIX: 'no prefix',
      AWS_ENDPOINT_URL_DYNAMODB: stack.dynamoDbEndpoint,
    })
    expect(checks.get('DynamoDB')).toEqual({
      check: 'DynamoDB',
      verdict: 'failed',
      found: 'was not asked',
      advice: 'Settings are missing or wrong: TABLE_PREFIX: expected letters, digits, _ . and -',
    })
    expect(checks.get('wrong token')).toMatchObject({ verdict: 'passed' })
  })
})
