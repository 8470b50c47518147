import { readFileSync } from 'node:fs'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { variablesOfStage } from '../../cli/stage-option.ts'
import { startParameterStore, type EmulatedParameterStore } from '../emulated-parameter-store.ts'
import { projectRoot } from '../running-command.ts'

describe('--stage and --region', () => {
  it.each([
    [{}, {}, {}],
    [{}, { region: 'eu-west-1' }, { AWS_REGION: 'eu-west-1' }],
    [{}, { stage: 'prod' }, { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'ap-southeast-1' }],
    [
      { AWS_REGION: 'eu-west-1' },
      { stage: 'prod' },
      { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'eu-west-1' },
    ],
    [
      { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'eu-west-1' },
      { stage: 'prod', region: 'ap-east-1' },
      { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'ap-east-1' },
    ],
  ])('in %j, %j mean %j', (environment, options, expected) => {
    expect(variablesOfStage(environment, options)).toEqual(expected)
  })

  it('refuse to go against TABLE_PREFIX', () => {
    expect(() => variablesOfStage({ TABLE_PREFIX: 'delivery-ledger-dev' }, { stage: 'prod' })).toThrow(
      '--stage prod means TABLE_PREFIX=delivery-ledger-prod, but this shell sets TABLE_PREFIX=delivery-ledger-dev. Leave --stage out, or unset TABLE_PREFIX.',
    )
  })

  it.each(['', 'a b', 'prod/eu', 'a23456789b23456789c23456789d23456789e23'])(
    'refuse the stage %j',
    (stage) => {
      expect(() => variablesOfStage({}, { stage })).toThrow(
        '--stage: expected a stage, such as prod: at most 38 letters, digits and hyphens.',
      )
    },
  )

  it('choose the region that serverless.yml does', () => {
    const declared = readFileSync(`${projectRoot}serverless.yml`, 'utf8')
    expect(declared).toContain("region: ${opt:region, env:AWS_REGION, 'ap-southeast-1'}")
  })
})

describe('ledger', () => {
  let store: EmulatedParameterStore
  beforeAll(async () => {
    store = await startParameterStore()
  })
  afterAll(() => store.stop())

  async function ledger(...words: readonly string[]): Promise<string> {
    const env = {
      PATH: process.env.PATH,
      AWS_ENDPOINT_URL_SSM: store.url,
      AWS_ACCESS_KEY_ID: 'emulated',
      AWS_SECRET_ACCESS_KEY: 'emulated',
    }
    const { stdout } = await promisify(execFile)(process.execPath, [`${projectRoot}cli/main.ts`, ...words], {
      env,
    })
    return stdout
  }

  it.each([
    ['--stage prod parameter list'],
    ['parameter --stage prod list'],
    ['parameter list --stage=prod --region eu-west-1'],
  ])('takes the stage before and after the name of a command: %s', async (line) => {
    expect(await ledger(...line.split(' '))).toContain('/delivery-ledger-prod/SENDCLOUD_APP_KEY')
  })

  it('shows both in the help of each command', async () => {
    const help = await ledger('token', 'new', '--help')
    expect(help).toMatch(/^Global Options:\n +--stage <stage> +.*\n[^]*--region <region> /m)
  })
})
