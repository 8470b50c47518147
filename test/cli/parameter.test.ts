import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Command } from 'commander'
import { startParameterStore, type EmulatedParameterStore } from '../emulated-parameter-store.ts'
import { runInProcess, type Ended } from './in-process.ts'

let store: EmulatedParameterStore
beforeAll(async () => {
  store = await startParameterStore()
})
beforeEach(() => {
  store.parameters.clear()
  store.refuseWith = undefined
})
afterAll(() => store.stop())

const digest = 'ab'.repeat(32)
const token = 'a1b2c3'.repeat(8)

// It reads whose stage it is when it is loaded.
const register = async (program: Command) => {
  const { registerParameter } = await import('../../cli/parameter.ts')
  registerParameter(program)
}

/** Runs `ledger parameter …` as an operator of the stage prod does, with what is piped into it. */
function parameter(
  command: string,
  input = '',
  environment: Readonly<Record<string, string>> = { TABLE_PREFIX: 'delivery-ledger-prod' },
): Promise<Ended> {
  const aws = {
    AWS_ENDPOINT_URL_SSM: store.url,
    AWS_REGION: 'ap-southeast-1',
    AWS_ACCESS_KEY_ID: 'emulated',
    AWS_SECRET_ACCESS_KEY: 'emulated',
  }
  return runInProcess(register, ['parameter', ...command.split(' ')], { ...aws, ...environment }, input)
}

describe('ledger parameter put', () => {
  it('keeps a secret encrypted, under the name of its deployment', async () => {
    expect(await parameter('put SENDCLOUD_APP_KEY', 'the-app-key\n')).toEqual({
      code: 0,
      output:
        'Put /delivery-ledger-prod/SENDCLOUD_APP_KEY. The ingest function knows it within five minutes.\n',
      errors: '',
    })
    expect([...store.parameters]).toEqual([
      ['/delivery-ledger-prod/SENDCLOUD_APP_KEY', { Value: 'the-app-key', Type: 'SecureString', Version: 1 }],
    ])
  })

  it('keeps the digest as it is, since `serverless deploy` reads it', async () => {
    expect(await parameter('put CALLBACK_TOKEN_SHA256', `${digest}\n`)).toMatchObject({
      output:
        'Put /delivery-ledger-prod/CALLBACK_TOKEN_SHA256. It is accepted after the next `npx serverless deploy --stage prod --region ap-southeast-1`.\n',
    })
    expect(store.parameters.get('/delivery-ledger-prod/CALLBACK_TOKEN_SHA256')).toMatchObject({
      Value: digest,
      Type: 'String',
    })
  })

  it('keeps the digest of the query API as that of a callback URL', async () => {
    expect(await parameter('put QUERY_TOKEN_SHA256', `${digest}\n`)).toMatchObject({
      code: 0,
      output: expect.stringMatching(
        /^Put \/delivery-ledger-prod\/QUERY_TOKEN_SHA256\. It is accepted after the next /,
      ),
    })
    expect(store.parameters.get('/delivery-ledger-prod/QUERY_TOKEN_SHA256')).toMatchObject({
      Value: digest,
      Type: 'String',
    })
    expect(await parameter('put QUERY_TOKEN_SHA256', token)).toMatchObject({
      code: 1,
      errors: expect.stringMatching(/^QUERY_TOKEN_SHA256: this looks like the token\. /),
    })
    expect(await parameter('remove QUERY_TOKEN_SHA256')).toMatchObject({
      output:
        "Removed /delivery-ledger-prod/QUERY_TOKEN_SHA256. What is deployed goes on with the digest it has; with queryApi 'on' the next `serverless deploy` stops for want of it.\n",
    })
  })

  it.each([
    [
      'put CALLBACK_TOKEN_SHA256',
      'hunter2',
      /CALLBACK_TOKEN_SHA256: expected SHA-256 digests of 64 hex digits/,
    ],
    [
      'put CALLBACK_TOKEN_SHA256',
      token,
      /^CALLBACK_TOKEN_SHA256: this looks like the token\. Its digest is the second line that `token new` printed; nothing was put\.\n$/,
    ],
    ['put CALLBACK_TOKEN_SHA256', `${digest},${token}`, /this looks like the token/],
    [
      'put CALLBACK_TOKEN_SHA256_SENDCLOUD',
      token,
      /^CALLBACK_TOKEN_SHA256_SENDCLOUD: this looks like the token/,
    ],
    ['put CALLBACK_TOKEN_SHA256_SENT', 'hunter2', /CALLBACK_TOKEN_SHA256_SENT: expected SHA-256 digests/],
    [
      'put CALLBACK_TOKEN_SHA256 --key-id alias/mine',
      digest,
      /CALLBACK_TOKEN_SHA256 is no secret and is not encrypted: leave --key-id out\./,
    ],
    ['put SENDCLOUD_APP_KEY', 'test_appkey', /SENDCLOUD_APP_KEY: expected keys of your own/],
    [
      'put TENCENTCLOUD_SECRET_KEY',
      ' \n',
      /TENCENTCLOUD_SECRET_KEY: nothing was given, and nothing was put\./,
    ],
    ['put SENDCLOUD_APP_KEY', 'the app key', /^SENDCLOUD_APP_KEY: expected a key, or two with a comma/],
    ['put TENCENTCLOUD_TOKEN', 'a token', /^TENCENTCLOUD_TOKEN: expected 12 to 4096 letters/],
    [
      'put SECRET',
      'x',
      /There is no parameter 'SECRET'\. There are: CALLBACK_TOKEN_SHA256, CALLBACK_TOKEN_SHA256_TENCENT_SES, CALLBACK_TOKEN_SHA256_SENDCLOUD, CALLBACK_TOKEN_SHA256_SENT, QUERY_TOKEN_SHA256, SENDCLOUD_APP_KEY, TEN/,
    ],
  ])('%s refuses %j, and keeps nothing', async (command, input, problem) => {
    const { code, errors } = await parameter(command, input)
    expect(errors).toMatch(problem)
    if (input.trim().length > 1) expect(errors).not.toContain(input)
    expect({ code, kept: store.parameters.size }).toEqual({ code: 1, kept: 0 })
  })

  it('asks for a deployment where none is named', async () => {
    expect(await parameter('put SENDCLOUD_APP_KEY', 'x', {})).toMatchObject({
      code: 1,
      errors:
        'Say whose parameters: set TABLE_PREFIX (delivery-ledger-<stage>) and AWS_REGION. The local stack has none.\n',
    })
  })

  it('says in its help that it wants the digest', async () => {
    expect((await parameter('put --help')).output).toContain(
      'CALLBACK_TOKEN_SHA256 wants the digest, which is the second line that `npx ledger token new` prints, and not the token.',
    )
  })

  it('encrypts with a key of your own, if given one', async () => {
    await parameter('put SENDCLOUD_APP_KEY --key-id alias/mine', 'the-app-key')
    expect(store.parameters.get('/delivery-ledger-prod/SENDCLOUD_APP_KEY')).toMatchObject({
      KeyId: 'alias/mine',
    })
  })

  it.each(['delivery-ledger', 'delivery-ledger-', 'ledger-prod', 'delivery-ledger-prod.eu'])(
    'refuses a name that no stage makes: %s',
    async (prefix) => {
      const { code, errors } = await parameter('put SENDCLOUD_APP_KEY', 'x', { TABLE_PREFIX: prefix })
      expect(errors).toBe(
        `TABLE_PREFIX: expected delivery-ledger-<stage>, such as delivery-ledger-prod, since no stage makes ${prefix}: nobody would read what is put there.\n`,
      )
      expect({ code, kept: store.parameters.size }).toEqual({ code: 1, kept: 0 })
    },
  )

  it('says how to change the type of one that is there', async () => {
    const name = '/delivery-ledger-prod/TENCENTCLOUD_SECRET_ID'
    store.parameters.set(name, { Value: 'old', Type: 'String', Version: 1 })
    expect(await parameter('put TENCENTCLOUD_SECRET_ID', 'AKIDNewExample')).toMatchObject({
      code: 1,
      errors: `${name} is there as String and is to be SecureString, and AWS changes no type. Run \`npx ledger parameter remove TENCENTCLOUD_SECRET_ID\`, and put it again.\n`,
    })
    await parameter('remove TENCENTCLOUD_SECRET_ID')
    expect(await parameter('put TENCENTCLOUD_SECRET_ID', 'AKIDNewExample')).toMatchObject({ code: 0 })
    expect(store.parameters.get(name)).toMatchObject({ Value: 'AKIDNewExample', Type: 'SecureString' })
  })

  it('says what is to be allowed where it may not', async () => {
    store.refuseWith = 'AccessDeniedException'
    expect(await parameter('put SENDCLOUD_APP_KEY', 'x')).toMatchObject({
      code: 1,
      errors:
        'These credentials may not do that: allow ssm:PutParameter, ssm:GetParameters and ssm:DeleteParameter on parameter/delivery-ledger-prod/*.\n',
    })
  })
})

describe('ledger parameter list', () => {
  it('shows which are there, and no value', async () => {
    await parameter('put TENCENTCLOUD_SECRET_ID', 'AKIDhunter2hunter2')
    await parameter('put CALLBACK_TOKEN_SHA256', digest)
    await parameter('put CALLBACK_TOKEN_SHA256_SENDCLOUD', digest)
    expect((await parameter('list')).output).toBe(
      [
        '/delivery-ledger-prod/CALLBACK_TOKEN_SHA256              String        version 1  2026-11-18T11:06:40Z',
        '/delivery-ledger-prod/CALLBACK_TOKEN_SHA256_TENCENT_SES  is not set',
        '/delivery-ledger-prod/CALLBACK_TOKEN_SHA256_SENDCLOUD    String        version 1  2026-11-18T11:06:40Z',
        '/delivery-ledger-prod/CALLBACK_TOKEN_SHA256_SENT         is not set',
        '/delivery-ledger-prod/QUERY_TOKEN_SHA256                 is not set',
        '/delivery-ledger-prod/SENDCLOUD_APP_KEY                  is not set',
        '/delivery-ledger-prod/TENCENTCLOUD_SECRET_ID             SecureString  version 1  2026-11-18T11:06:40Z',
        '/delivery-ledger-prod/TENCENTCLOUD_SECRET_KEY            is not set',
        '/delivery-ledger-prod/TENCENTCLOUD_TOKEN                 is not set',
        '/delivery-ledger-prod/SENDCLOUD_API_USER                 is not set',
        '/delivery-ledger-prod/SENDCLOUD_API_KEY                  is not set',
        '',
      ].join('\n'),
    )
  })
  it('points at a secret that is not kept as one', async () => {
    const name = '/delivery-ledger-prod/SENDCLOUD_APP_KEY'
    store.parameters.set(name, { Value: 'hunter2', Type: 'String', Version: 1 })
    expect((await parameter('list')).output).toContain(
      `${name.padEnd(55)}  String        version 1  2026-11-18T11:06:40Z  should be SecureString, and is readable in the console: \`npx ledger parameter remove SENDCLOUD_APP_KEY\`, and put it again\n`,
    )
  })
})

describe('ledger parameter remove', () => {
  it.each([
    [
      'CALLBACK_TOKEN_SHA256',
      digest,
      'What is deployed goes on with the digest it has, and the next `serverless deploy` stops for want of it.',
    ],
    [
      'CALLBACK_TOKEN_SHA256_SENT',
      digest,
      'After the next `serverless deploy` /sent is opened by the token of all paths.',
    ],
    [
      'SENDCLOUD_APP_KEY',
      'the-app-key',
      'Within five minutes callbacks of sendcloud are answered 503, and sendcloud tries again.',
    ],
    [
      'TENCENTCLOUD_SECRET_KEY',
      'a-secret-key',
      "The poll's next run fails, and every one after it, unless sesPoll is 'off' in serverless.yml.",
    ],
    [
      'TENCENTCLOUD_TOKEN',
      'a-temporary-token',
      'The next run of the poll does without it, as a permanent key does.',
    ],
  ])('takes %s away, and says what follows', async (setting, value, follows) => {
    await parameter(`put ${setting}`, value)
    expect(await parameter(`remove ${setting}`)).toEqual({
      code: 0,
      output: `Removed /delivery-ledger-prod/${setting}. ${follows}\n`,
      errors: '',
    })
    expect(store.parameters.size).toBe(0)
  })

  it('says that there was nothing', async () => {
    expect(await parameter('remove TENCENTCLOUD_TOKEN')).toMatchObject({
      code: 1,
      errors: 'There is no /delivery-ledger-prod/TENCENTCLOUD_TOKEN: nothing was removed.\n',
    })
  })

  it('also reaches what was put under a name that no stage makes', async () => {
    store.parameters.set('/mine/TENCENTCLOUD_TOKEN', { Value: 'x', Type: 'SecureString', Version: 1 })
    await parameter('remove TENCENTCLOUD_TOKEN', '', { TABLE_PREFIX: 'mine' })
    expect(store.parameters.size).toBe(0)
  })
})
