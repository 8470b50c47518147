import { describe, expect, it } from '@jest/globals'
import { ConfigError } from '../../lib/runtime/config.ts'
import { localSettings } from '../../local/settings.ts'

describe('the settings of the local stack', () => {
  it('have defaults, and point the functions at the stack', () => {
    const { callbackToken, queryToken, ...settings } = localSettings({})
    expect(settings).toEqual({
      port: 3000,
      dynamoDbPort: 8000,
      sesPort: 3001,
      sendCloudPort: 3002,
      logsPort: 3003,
      consolePort: 3010,
      queryPort: 3005,
      sendCloudAppKey: 'local-app-key',
      dataDir: undefined,
      tablePrefix: 'delivery-ledger-local',
      isSesSimulated: true,
      isSendCloudSimulated: true,
      functionEnvironment: {
        TABLE_PREFIX: 'delivery-ledger-local',
        CORRELATION_HEADER: 'X-Tencentcloudses-Cb-Order,SC-Custom-Order',
        RFC_MESSAGE_ID_INDEX: 'on',
        AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000',
        AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: 'http://127.0.0.1:3003',
        AWS_REGION: 'local',
        AWS_PROFILE: '',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        SES_ENDPOINT: 'http://127.0.0.1:3001',
        TENCENTCLOUD_SECRET_ID: 'local-secret-id',
        TENCENTCLOUD_SECRET_KEY: 'local-secret-key',
        TENCENTCLOUD_TOKEN: '',
        SENDCLOUD_ENDPOINT: 'http://127.0.0.1:3002/apiv2',
        SENDCLOUD_API_USER: 'example_trigger',
        SENDCLOUD_API_KEY: 'local-api-key',
        SENDCLOUD_APP_KEY: 'local-app-key',
      },
    })
    for (const token of [callbackToken, queryToken]) expect(token).toMatch(/^[A-Za-z0-9_-]{32}$/)
    expect(callbackToken).not.toBe(queryToken)
  })

  it('have another callback token at each start, unless it is set', () => {
    expect(localSettings({}).callbackToken).not.toBe(localSettings({}).callbackToken)
    expect(localSettings({ CALLBACK_TOKEN: 'a_Token1' }).callbackToken).toBe('a_Token1')
  })

  it.each([
    ['one key', 'first-key', 'first-key'],
    ['two keys', ' first-key , second-key', 'first-key'],
  ])('hand %s of SendCloud to the functions, and sign with the first', (_what, SENDCLOUD_APP_KEY, first) => {
    const settings = localSettings({ SENDCLOUD_APP_KEY })
    expect(settings.functionEnvironment).toMatchObject({ SENDCLOUD_APP_KEY })
    expect(settings.sendCloudAppKey).toBe(first)
  })

  it.each([[','], ['first-key,'], [',second-key'], [' , '], ['one,two,three']])(
    'refuse the keys %j of SendCloud',
    (SENDCLOUD_APP_KEY) => {
      expect(() => localSettings({ SENDCLOUD_APP_KEY })).toThrow(
        new ConfigError(['SENDCLOUD_APP_KEY: expected one or two keys, separated by a comma']),
      )
    },
  )

  it('are refused where no provider reports back the header of own ids', () => {
    expect(() => localSettings({ CORRELATION_HEADER: 'X-Order' })).toThrow(
      new ConfigError([
        'CORRELATION_HEADER: expected headers that a provider reports back, X-Tencentcloudses-Cb-… or SC-Custom-…, separated by commas',
      ]),
    )
  })

  it('are those that are set', () => {
    expect(
      localSettings({
        PORT: '0',
        DYNAMODB_PORT: '1',
        SES_PORT: '2',
        SENDCLOUD_PORT: '3',
        LOGS_PORT: '4',
        CONSOLE_PORT: '65535',
        QUERY_PORT: '5',
        QUERY_TOKEN: 'a_Token1',
        DATA_DIR: 'data',
        TABLE_PREFIX: 'mine',
      }),
    ).toMatchObject({
      port: 0,
      dynamoDbPort: 1,
      sesPort: 2,
      sendCloudPort: 3,
      logsPort: 4,
      consolePort: 65535,
      queryPort: 5,
      queryToken: 'a_Token1',
      dataDir: 'data',
      tablePrefix: 'mine',
    })
  })

  const realSes = {
    SES_ENDPOINT: 'https://ses.tencentcloudapi.com',
    TENCENTCLOUD_SECRET_ID: 'a real id',
    TENCENTCLOUD_SECRET_KEY: 'a real key',
  }

  it('simulate no SES where SES_ENDPOINT names one', () => {
    expect(localSettings(realSes)).toMatchObject({ isSesSimulated: false, functionEnvironment: realSes })
  })

  it('ask for the credentials of a real SES at the start', () => {
    expect(() => localSettings({ SES_ENDPOINT: 'https://ses.tencentcloudapi.com' })).toThrow(
      new ConfigError(['TENCENTCLOUD_SECRET_ID: is not set', 'TENCENTCLOUD_SECRET_KEY: is not set']),
    )
  })

  it.each([
    ['another TABLE_PREFIX', { TABLE_PREFIX: 'mine' }, 'mine'],
    [
      'credentials of the real SES',
      { TENCENTCLOUD_SECRET_ID: 'a real id', TENCENTCLOUD_SECRET_KEY: 'a real key' },
      'delivery-ledger-local',
    ],
  ])(
    'let the functions in at the emulator and the simulated SES, beside %s',
    (_what, environment, prefix) => {
      expect(localSettings(environment)).toMatchObject({
        isSesSimulated: true,
        functionEnvironment: {
          TABLE_PREFIX: prefix,
          AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000',
          SES_ENDPOINT: 'http://127.0.0.1:3001',
          TENCENTCLOUD_SECRET_ID: 'local-secret-id',
          TENCENTCLOUD_SECRET_KEY: 'local-secret-key',
        },
      })
    },
  )

  it('name each one that is wrong, and never repeat it', () => {
    const environment = { PORT: 'http', CALLBACK_TOKEN: 'hunter2', SES_ENDPOINT: 'ses', TABLE_PREFIX: 'a b' }
    expect(() => localSettings(environment)).toThrow(
      new ConfigError([
        'PORT: expected a port from 0 to 65535',
        'CALLBACK_TOKEN: expected at least 8 letters, digits, _ or -',
        'SES_ENDPOINT: expected a URL of a host, such as https://ses.tencentcloudapi.com',
        'TABLE_PREFIX: expected letters, digits, _ . and -',
      ]),
    )
  })

  it.each([['short'], ['seven-7'], ['has space 1'], ['a/slash/12'], ['percent%41x'], ['测试测试测试测试']])(
    'refuse the callback token %j, which a URL does not carry as it is',
    (token) => {
      expect(() => localSettings({ CALLBACK_TOKEN: token })).toThrow(ConfigError)
    },
  )
})
