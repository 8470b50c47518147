import { describe, expect, it } from '@jest/globals'
import { environmentOf, problemsOf, usualCron } from '../../deploy/tencent/settings.ts'

const digest = '0'.repeat(64)
const keys = { AWS_REGION: 'ap-east-1', AWS_ACCESS_KEY_ID: 'id', AWS_SECRET_ACCESS_KEY: 'key' }
const usual = {
  runtime: 'Nodejs20.19',
  ingestConcurrency: 20,
  schedule: '',
  logset: '',
  logTopic: '',
  runRole: 'a-role',
}
const problems = (of: { ingest?: object; reconcile?: object; names?: readonly string[] }) =>
  problemsOf({
    usual,
    given: {},
    environments: {
      ingest: { CALLBACK_TOKEN_SHA256: digest, ...keys, ...of.ingest },
      reconcile: { ...keys, ...of.reconcile },
    },
    functionNames: of.names ?? ['delivery-ledger-prod-ingest'],
  })

describe("a function's environment", () => {
  it("has the file's settings, this shell's secrets, and those that are deployed", () => {
    const environment = environmentOf('ingest', {
      file: { RETENTION_DAYS: 90, CORRELATION_HEADER: '' },
      shell: { SENDCLOUD_APP_KEY: 'new', SENDCLOUD_API_KEY: 'not for ingest', DATABASE_URL: '' },
      deployed: {
        SENDCLOUD_APP_KEY: 'old',
        CALLBACK_TOKEN_SHA256: digest,
        DATABASE_URL: 'old',
        RETENTION_DAYS: '400',
        ADDED_IN_THE_CONSOLE: 'x',
      },
    })
    expect(environment).toEqual({
      RETENTION_DAYS: '90',
      SENDCLOUD_APP_KEY: 'new',
      CALLBACK_TOKEN_SHA256: digest,
    })
  })
})

describe('the schedule', () => {
  it('is every five minutes, and hourly where windows of five minutes are paid', () => {
    expect(usualCron({})).toBe('0 */5 * * * * *')
    expect(usualCron({ DATABASE_URL: 'postgres://h/d' })).toBe('0 */5 * * * * *')
    expect(usualCron({ CLOUDBASE_ENV_ID: 'an-environment' })).toBe('0 0 * * * * *')
  })
})

describe('the settings', () => {
  it('are right', () => {
    expect(problems({})).toEqual([])
    expect(problems({ reconcile: { SES_POLL: 'off', RETENTION_DAYS: '7' } })).toEqual([])
  })

  it.each([
    ['a name that is reserved', { ingest: { TENCENTCLOUD_REGION: 'x' } }, 'SCF keeps names that begin so'],
    ['a digest that is none', { ingest: { CALLBACK_TOKEN_SHA256: 'x' } }, 'callbackTokenSha256: expected'],
    ['a stage with too long a name', { names: [`delivery-ledger-${'x'.repeat(60)}`] }, 'at most 60 letters'],
    ['a retention that the poll outlives', { reconcile: { RETENTION_DAYS: '7' } }, '31 days or more'],
    ['half of the keys of a store', { ingest: { AWS_SECRET_ACCESS_KEY: undefined } }, 'There is no store.'],
  ])('have %s', (_, of, expected) => {
    expect(problems(of)).toEqual([expect.stringContaining(expected)])
  })
})
