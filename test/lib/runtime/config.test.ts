import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  ConfigError,
  ingestEntries,
  parseEnvironment,
  parsePollSettings,
  parseSigningKeys,
  port,
  pollEntries,
  tableEntries,
  type Environment,
} from '../../../lib/runtime/config.ts'
import type { Provider } from '../../../lib/providers/provider.ts'

const digest = 'a'.repeat(64)
const other = 'b'.repeat(64)
const ingestEnvironment = { CALLBACK_TOKEN_SHA256: digest }
const reconcileEnvironment = { TENCENTCLOUD_SECRET_ID: 'an id', TENCENTCLOUD_SECRET_KEY: 'a key' }

const ingest = (reported: Environment = {}) =>
  parseEnvironment(ingestEntries, { ...ingestEnvironment, ...reported })
const reconcile = (reported: Environment = {}) =>
  parseEnvironment(pollEntries, { ...reconcileEnvironment, ...reported })

/** The problems that an environment has, one line each. */
function problemsOf(parse: () => unknown): readonly string[] {
  try {
    parse()
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n').slice(1)
    throw error
  }
  return []
}

describe('settings that are not set', () => {
  it('of ingest have defaults, but for the digest', () => {
    expect(ingest()).toEqual({
      TABLE_PREFIX: 'delivery-ledger-local',
      RETENTION_DAYS: 400,
      INBOUND_RETENTION_DAYS: 30,
      RFC_MESSAGE_ID_INDEX: false,
      UNVERIFIED_MB_PER_DAY: 100,
      CALLBACK_TOKEN_SHA256: [digest],
    })
  })

  it('of reconcile have defaults, but for the credentials', () => {
    expect(reconcile()).toEqual({
      TABLE_PREFIX: 'delivery-ledger-local',
      RETENTION_DAYS: 400,
      INBOUND_RETENTION_DAYS: 30,
      RFC_MESSAGE_ID_INDEX: false,
      SES_POLL: 'on',
      SENDCLOUD_ENDPOINT: 'https://api.sendcloud.net/apiv2',
      SENDCLOUD_REQUESTS_PER_SECOND: 1,
      SES_REGION: ['ap-guangzhou'],
      SES_REQUESTS_PER_SECOND: 1,
      SENDS_RECORDED: false,
      SYNC_PROVIDER_LISTS: true,
      BLOCKLIST_DAYS: 14,
      TENCENTCLOUD_SECRET_ID: 'an id',
      TENCENTCLOUD_SECRET_KEY: 'a key',
    })
  })

  it('of the commands that only look have defaults', () => {
    expect(parseEnvironment(tableEntries, {})).toEqual({
      TABLE_PREFIX: 'delivery-ledger-local',
      RETENTION_DAYS: 400,
    })
  })

  it('are those that are empty, too', () => {
    expect(ingest({ TABLE_PREFIX: '', RETENTION_DAYS: undefined })).toEqual(ingest())
    expect(problemsOf(() => ingest({ CALLBACK_TOKEN_SHA256: '' }))).toEqual([
      '  CALLBACK_TOKEN_SHA256: is not set',
    ])
  })

  it('are each named where they have no default', () => {
    expect(problemsOf(() => parseEnvironment(pollEntries, {}))).toEqual([
      '  TENCENTCLOUD_SECRET_ID: is not set',
      '  TENCENTCLOUD_SECRET_KEY: is not set',
    ])
  })

  it('are reported by an error that says what it is about', () => {
    expect(() => parseEnvironment(ingestEntries, {})).toThrow(
      'Settings are missing or wrong:\n  CALLBACK_TOKEN_SHA256: is not set',
    )
  })
})

describe('a good setting', () => {
  it.each<[string, string, unknown]>([
    ['TABLE_PREFIX', 'mail.prod_1-eu', 'mail.prod_1-eu'],
    ['TABLE_PREFIX', 'x'.repeat(200), 'x'.repeat(200)],
    ['TABLE_PREFIX', 'x', 'x'],
    ['RETENTION_DAYS', '1', 1],
    ['RETENTION_DAYS', '3650', 3650],
    ['CALLBACK_TOKEN_SHA256', `${digest},${other}`, [digest, other]],
    ['CALLBACK_TOKEN_SHA256', '0123456789abcdef'.repeat(4), ['0123456789abcdef'.repeat(4)]],
    ['CALLBACK_TOKEN_SHA256', ` ${digest.toUpperCase()} ,\n${other}\n`, [digest, other]],
  ])('of ingest: %s=%j', (name, value, expected) => {
    expect(ingest({ [name]: value })).toMatchObject({ [name]: expected })
  })

  it.each<[string, string, unknown]>([
    ['SES_ENDPOINT', 'https://ses.intl.tencentcloudapi.com', 'https://ses.intl.tencentcloudapi.com'],
    ['SES_ENDPOINT', 'http://127.0.0.1:3001/', 'http://127.0.0.1:3001/'],
    ['SES_REGION', 'ap-hongkong', ['ap-hongkong']],
    ['SES_REGION', 'ap-guangzhou, ap-hongkong,ap-guangzhou', ['ap-guangzhou', 'ap-hongkong']],
    ['SES_REQUESTS_PER_SECOND', '20', 20],
    ['SES_REQUESTS_PER_SECOND', '0.01', 0.01],
    ['SES_REQUESTS_PER_SECOND', '2.5', 2.5],
    ['SENDS_RECORDED', 'on', true],
    ['SENDS_RECORDED', 'off', false],
    ['SWEEP_AGES_DAYS', '6', [6]],
    ['SWEEP_AGES_DAYS', '29,3, 7,1,3', [1, 3, 7, 29]],
    ['TENCENTCLOUD_TOKEN', 'a token', 'a token'],
  ])('of reconcile: %s=%j', (name, value, expected) => {
    expect(reconcile({ [name]: value })).toMatchObject({ [name]: expected })
  })

  it.each([
    ['0', 0],
    ['3000', 3000],
    ['65535', 65535],
  ])('of a port: %j', (value, expected) => {
    expect(parseEnvironment({ PORT: port }, { PORT: value })).toEqual({ PORT: expected })
  })
})

describe('a wrong setting', () => {
  const days = 'a number of days from 1 to 3650'
  const digests = 'SHA-256 digests of 64 hex digits, separated by a comma'

  it.each([
    ['TABLE_PREFIX', 'mail prod', 'letters, digits, _ . and -'],
    ['TABLE_PREFIX', 'x'.repeat(201), 'letters, digits, _ . and -'],
    ['RETENTION_DAYS', '0', days],
    ['RETENTION_DAYS', '3651', days],
    ['RETENTION_DAYS', '-1', days],
    ['RETENTION_DAYS', '1.5', days],
    ['RETENTION_DAYS', 'a year', days],
    ['RETENTION_DAYS', '9'.repeat(400), days],
    ['RETENTION_DAYS', ' 400', days],
    ['CALLBACK_TOKEN_SHA256', 'hunter2', digests],
    ['CALLBACK_TOKEN_SHA256', `${digest}a`, digests],
    ['CALLBACK_TOKEN_SHA256', `${digest},`, digests],
    ['CALLBACK_TOKEN_SHA256', ',', digests],
    ['CALLBACK_TOKEN_SHA256', 'g'.repeat(64), digests],
    ['CALLBACK_TOKEN_SHA256', `${digest},${digest},${other}`, 'one or two digests, separated by a comma'],
  ])('of ingest is named with what was expected: %s=%j', (name, value, expected) => {
    expect(problemsOf(() => ingest({ [name]: value }))).toEqual([`  ${name}: expected ${expected}`])
  })

  const url = 'a URL of a host, such as https://ses.tencentcloudapi.com'
  const pace = 'requests per second, such as 1'
  const ages = 'days from 1 to 29, separated by commas, such as 3,29'
  const lastDay =
    'a last day from 6 on, when no mail is retried any more: soft bounces may still change until then'

  it.each([
    ['SES_ENDPOINT', 'ses.tencentcloudapi.com', url],
    ['SES_ENDPOINT', 'ftp://ses.tencentcloudapi.com', url],
    ['SES_ENDPOINT', 'https://ses.tencentcloudapi.com/path', url],
    ['SES_ENDPOINT', 'https://', url],
    ['SES_ENDPOINT', 'see https://ses.tencentcloudapi.com', url],
    ['SES_POLL', 'no', 'on or off'],
    ['SES_REGION', 'guangzhou', 'a region such as ap-guangzhou, or several separated by commas'],
    ['SES_REGION', 'AP-GUANGZHOU', 'a region such as ap-guangzhou, or several separated by commas'],
    ['SES_REQUESTS_PER_SECOND', '0', 'requests per second, at least 0.01'],
    ['SES_REQUESTS_PER_SECOND', '0.009', 'requests per second, at least 0.01'],
    ['SES_REQUESTS_PER_SECOND', '20.1', 'requests per second, at most 20'],
    ['SES_REQUESTS_PER_SECOND', '-1', pace],
    ['SES_REQUESTS_PER_SECOND', '1e1', pace],
    ['SES_REQUESTS_PER_SECOND', '1.', pace],
    ['SES_REQUESTS_PER_SECOND', '1000', pace],
    ['SES_REQUESTS_PER_SECOND', 'NaN', pace],
    ['SES_REQUESTS_PER_SECOND', 'fast', pace],
    ['SENDS_RECORDED', 'yes', 'on or off'],
    ['SYNC_PROVIDER_LISTS', 'yes', 'on or off'],
    ['SWEEP_AGES_DAYS', '0,29', ages],
    ['SWEEP_AGES_DAYS', '30', ages],
    ['SWEEP_AGES_DAYS', '3;29', ages],
    ['SWEEP_AGES_DAYS', '29,', ages],
    ['SWEEP_AGES_DAYS', '1,5', lastDay],
  ])('of reconcile is named with what was expected: %s=%j', (name, value, expected) => {
    expect(problemsOf(() => reconcile({ [name]: value }))).toEqual([`  ${name}: expected ${expected}`])
  })

  it.each([['65536'], ['-1'], ['http'], ['80.5'], ['0x50']])('of a port is named: %j', (value) => {
    expect(problemsOf(() => parseEnvironment({ PORT: port }, { PORT: value }))).toEqual([
      '  PORT: expected a port from 0 to 65535',
    ])
  })

  it('does not hide another, or one that is missing', () => {
    const environment = { RETENTION_DAYS: 'a year', SES_REGION: 'nowhere', TENCENTCLOUD_SECRET_ID: 'an id' }
    expect(problemsOf(() => parseEnvironment(pollEntries, environment))).toEqual([
      '  RETENTION_DAYS: expected a number of days from 1 to 3650',
      '  SES_REGION: expected a region such as ap-guangzhou, or several separated by commas',
      '  TENCENTCLOUD_SECRET_KEY: is not set',
    ])
  })

  it('is never repeated', () => {
    const names = [...Object.keys(ingestEntries), ...Object.keys(pollEntries)]
    const secret = fc.stringMatching(/^[!-~]{0,8}hunter2[!-~]{0,80}$/)
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), secret), (environment) => {
        const entries = { ...ingestEntries, ...pollEntries }
        expect(problemsOf(() => parseEnvironment(entries, environment)).join()).not.toContain('hunter2')
      }),
    )
  })
})

describe('the keys of providers that sign', () => {
  const unsigned: Provider = { name: 'plain', maxBodyBytes: 1, read: () => [] }
  const signing = {
    keySetting: 'SIGNED_KEY',
    publicKey: 'public',
    verify: () => 'signed' as const,
    isEvent: () => true,
  }
  const signed: Provider = { ...unsigned, name: 'signed', signing }

  it.each([
    [undefined, []],
    ['', []],
    ['one', ['one']],
    [' one , two ', ['one', 'two']],
    ['one,', ['one']],
    [',', []],
  ])('stand in the variable that the provider names: %j', (value, expected) => {
    expect(parseSigningKeys(signed, { SIGNED_KEY: value })).toEqual(expected)
    expect(parseSigningKeys(unsigned, { SIGNED_KEY: value })).toEqual([])
  })

  it('are two at the most, and a wrong value is not repeated', () => {
    expect(problemsOf(() => parseSigningKeys(signed, { SIGNED_KEY: 'one,two,three' }))).toEqual([
      '  SIGNED_KEY: expected one or two keys, separated by a comma',
    ])
  })

  it('are nobody else’s: the one of the documents is refused', () => {
    expect(problemsOf(() => parseSigningKeys(signed, { SIGNED_KEY: 'one,public' }))).toEqual([
      "  SIGNED_KEY: expected keys of your own, not the one published in the provider's documents",
    ])
  })
})

describe('the poll', () => {
  it('needs its credentials unless somebody says that there is none', () => {
    expect(problemsOf(() => parsePollSettings({}))).toEqual([
      '  TENCENTCLOUD_SECRET_ID: is not set',
      '  TENCENTCLOUD_SECRET_KEY: is not set',
    ])
    expect(parsePollSettings({ SES_POLL: 'off' })).toBeUndefined()
    expect(parsePollSettings(reconcileEnvironment)).toMatchObject({ TENCENTCLOUD_SECRET_ID: 'an id' })
  })

  it('needs rows that stay for longer than it reaches back', () => {
    const staying = (days: string) => ({ ...reconcileEnvironment, RETENTION_DAYS: days })
    expect(problemsOf(() => parsePollSettings(staying('30')))).toEqual([
      '  RETENTION_DAYS: expected 31 days or more while the poll is on, since it reaches back 30',
    ])
    expect(parsePollSettings(staying('31'))).toMatchObject({ RETENTION_DAYS: 31 })
    expect(parsePollSettings({ SES_POLL: 'off', RETENTION_DAYS: '1' })).toBeUndefined()
  })
})
