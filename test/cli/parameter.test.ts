import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { startParameterStore, type EmulatedParameterStore } from '../emulated-parameter-store.ts'
import { projectRoot } from '../running-command.ts'

let store: EmulatedParameterStore
beforeEach(async () => {
  store = await startParameterStore()
})
afterEach(() => store.stop())

const digest = 'ab'.repeat(32)

/** Runs `ledger parameter …` as an operator of the stage prod does, with what is piped into it. */
async function parameter(
  command: string,
  input = '',
  environment: Readonly<Record<string, string>> = { TABLE_PREFIX: 'delivery-ledger-prod' },
): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, ['cli/main.ts', 'parameter', ...command.split(' ')], {
    cwd: projectRoot,
    env: {
      PATH: process.env.PATH,
      AWS_ENDPOINT_URL_SSM: store.url,
      AWS_REGION: 'ap-southeast-1',
      AWS_ACCESS_KEY_ID: 'emulated',
      AWS_SECRET_ACCESS_KEY: 'emulated',
      ...environment,
    },
  })
  child.stdin.end(input)
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve))
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
  return { code: await exited, output, errors }
}

describe('ledger parameter put', () => {
  it('keeps a secret encrypted, under the name of its deployment', async () => {
    expect(await parameter('put SENDCLOUD_APP_KEY', 'the app key\n')).toEqual({
      code: 0,
      output:
        'Put /delivery-ledger-prod/SENDCLOUD_APP_KEY. The ingest function knows it within five minutes.\n',
      errors: '',
    })
    expect([...store.parameters]).toEqual([
      ['/delivery-ledger-prod/SENDCLOUD_APP_KEY', { Value: 'the app key', Type: 'SecureString', Version: 1 }],
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

  it.each([
    [
      'put CALLBACK_TOKEN_SHA256',
      'hunter2',
      /CALLBACK_TOKEN_SHA256: expected SHA-256 digests of 64 hex digits/,
    ],
    ['put SENDCLOUD_APP_KEY', 'test_appkey', /SENDCLOUD_APP_KEY: expected keys of your own/],
    [
      'put TENCENTCLOUD_SECRET_KEY',
      ' \n',
      /TENCENTCLOUD_SECRET_KEY: nothing was given, and nothing was put\./,
    ],
    [
      'put SECRET',
      'x',
      /There is no parameter 'SECRET'\. There are: CALLBACK_TOKEN_SHA256, SENDCLOUD_APP_KEY, TEN/,
    ],
  ])('%s refuses %j, and keeps nothing', async (command, input, problem) => {
    const { code, errors } = await parameter(command, input)
    expect(errors).toMatch(problem)
    expect(errors).not.toContain('hunter2')
    expect({ code, kept: store.parameters.size }).toEqual({ code: 1, kept: 0 })
  })

  it('asks for a deployment where none is named', async () => {
    expect(await parameter('put SENDCLOUD_APP_KEY', 'x', {})).toMatchObject({
      code: 1,
      errors:
        'Say whose parameters: set TABLE_PREFIX (delivery-ledger-<stage>) and AWS_REGION. The local stack has none.\n',
    })
  })

  it('says what is to be allowed where it may not', async () => {
    store.refuseWith = 'AccessDeniedException'
    expect(await parameter('put SENDCLOUD_APP_KEY', 'x')).toMatchObject({
      code: 1,
      errors:
        'These credentials may not do that: allow ssm:PutParameter and ssm:GetParameters on parameter/delivery-ledger-prod/*.\n',
    })
  })
})

describe('ledger parameter list', () => {
  it('tells which are there, and no value', async () => {
    await parameter('put TENCENTCLOUD_SECRET_ID', 'hunter2')
    await parameter('put CALLBACK_TOKEN_SHA256', digest)
    expect((await parameter('list')).output).toBe(
      [
        '/delivery-ledger-prod/CALLBACK_TOKEN_SHA256    String        version 1  2026-11-18T11:06:40Z',
        '/delivery-ledger-prod/SENDCLOUD_APP_KEY        is not set',
        '/delivery-ledger-prod/TENCENTCLOUD_SECRET_ID   SecureString  version 1  2026-11-18T11:06:40Z',
        '/delivery-ledger-prod/TENCENTCLOUD_SECRET_KEY  is not set',
        '/delivery-ledger-prod/TENCENTCLOUD_TOKEN       is not set',
        '',
      ].join('\n'),
    )
  })
})
