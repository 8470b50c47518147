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
  vpcId: '',
  subnetId: '',
}
const problems = (of: {
  ingest?: object
  reconcile?: object
  names?: readonly string[]
  given?: Readonly<Record<string, unknown>>
}) =>
  problemsOf({
    usual,
    given: of.given ?? {},
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
    ['a digest that is none', { ingest: { CALLBACK_TOKEN_SHA256: 'x' } }, 'CALLBACK_TOKEN_SHA256: expected'],
    ['a stage with too long a name', { names: [`delivery-ledger-${'x'.repeat(60)}`] }, 'at most 60 letters'],
    ['a retention that the poll outlives', { reconcile: { RETENTION_DAYS: '7' } }, '31 days or more'],
    ['half of the keys of a store', { ingest: { AWS_SECRET_ACCESS_KEY: undefined } }, 'There is no store.'],
  ])('have %s', (_, of, expected) => {
    expect(problems(of)).toEqual([expect.stringContaining(expected)])
  })
})

describe('a first deploy', () => {
  it('is shown everything at once that it lacks', () => {
    const found = problemsOf({
      usual: { ...usual, runRole: '' },
      given: {},
      environments: { ingest: {}, reconcile: {} },
      functionNames: ['delivery-ledger-prod-ingest'],
    })
    expect(found).toEqual([
      expect.stringContaining('CALLBACK_TOKEN_SHA256 is not set. Set it in this shell'),
      expect.stringContaining('There is no store. Set DATABASE_URL'),
      expect.stringContaining('runRole: expected the name of a CAM role'),
    ])
  })
})

describe('a database that is reached through a tunnel of this machine', () => {
  it.each(['127.0.0.1:15432', 'localhost', '[::1]'])('is none that functions reach: %s', (host) => {
    const DATABASE_URL = `postgres://user:password@${host}/ledger`
    const ingest = { DATABASE_URL, AWS_REGION: undefined }
    expect(problems({ ingest })).toEqual([
      expect.stringContaining('DATABASE_URL: expected the address by which the functions reach the database'),
    ])
  })
})

describe('the store', () => {
  const noKeys = { AWS_REGION: undefined, AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined }
  const url = 'postgres://user:password@10.0.0.5:5432/ledger'
  const network = { vpcId: 'vpc-1a2b3c4d', subnetId: 'subnet-1a2b3c4d' }

  it.each([
    ['a PostgreSQL', { DATABASE_URL: url }, {}],
    ['a PostgreSQL in a private network', { DATABASE_URL: url }, network],
    ['a CloudBase environment', { CLOUDBASE_ENV_ID: 'my-env-1a2b3c' }, {}],
    ['the tables of DynamoDB', keys, {}],
  ])('is %s', (_, of, given) => {
    expect(problems({ ingest: { ...noKeys, ...of }, given })).toEqual([])
  })

  it.each([
    ['nothing', {}, {}, 'There is no store. Set DATABASE_URL in this shell'],
    [
      'both',
      { DATABASE_URL: url, CLOUDBASE_ENV_ID: 'e' },
      {},
      'DATABASE_URL and cloudbaseEnvId: expected one of them.',
    ],
    [
      'in the database of a shell where its region says DynamoDB',
      { ...keys, DATABASE_URL: url },
      {},
      'DATABASE_URL and awsRegion: expected one of them.',
    ],
    [
      'in CloudBase and in DynamoDB',
      { ...keys, CLOUDBASE_ENV_ID: 'e' },
      {},
      'cloudbaseEnvId and awsRegion: expected one of them',
    ],
    [
      'a URL of something else',
      { DATABASE_URL: 'mysql://h/d' },
      {},
      'DATABASE_URL: expected a URL such as postgres://',
    ],
    [
      'no id of an environment',
      { CLOUDBASE_ENV_ID: 'an id' },
      {},
      "cloudbaseEnvId: expected an environment's id",
    ],
    [
      'a wrong endpoint',
      { CLOUDBASE_ENV_ID: 'e', CLOUDBASE_ENDPOINT: 'tcb' },
      {},
      'cloudbaseEndpoint: expected a URL',
    ],
    [
      'CloudBase without a run role',
      { CLOUDBASE_ENV_ID: 'e' },
      { runRole: '' },
      'that may call tcb:ExecutePGSql',
    ],
    [
      'a network without a subnet',
      { DATABASE_URL: url },
      { vpcId: 'vpc-1a2b3c4d' },
      'subnetId: expected the id of a subnet',
    ],
    [
      'a subnet without a network',
      { DATABASE_URL: url },
      { subnetId: 'subnet-1a2b3c4d' },
      'vpcId: expected the id of a private network',
    ],
    ['CloudBase in a network', { CLOUDBASE_ENV_ID: 'e' }, network, 'expected none without DATABASE_URL'],
  ])('is not %s', (_, of, given, expected) => {
    const reconcile = { SES_POLL: 'off' }
    expect(problems({ ingest: { ...noKeys, ...of }, reconcile, given })).toEqual([
      expect.stringContaining(expected),
    ])
  })

  it('is not named with its password', () => {
    const ingest = { ...noKeys, DATABASE_URL: 'postgres://user:secret-word@host' }
    const said = problems({ ingest }).join()
    expect(said).toContain('DATABASE_URL')
    expect(said).not.toContain('secret-word')
  })
})
