import { describe, expect, it } from '@jest/globals'
import { isLocal, withLocalDefaults } from '../../local/local-environment.ts'

const localStack = {
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
}

describe('an environment', () => {
  it.each([
    ['in which nothing is set', {}],
    ['in which everything is empty', { TABLE_PREFIX: '', SES_ENDPOINT: '', DYNAMODB_PORT: undefined }],
    ['that names the local tables', { TABLE_PREFIX: 'delivery-ledger-local' }],
  ])('%s points at the local stack', (_what, environment) => {
    expect(withLocalDefaults(environment)).toEqual(localStack)
  })

  it('that names ports points at them', () => {
    expect(
      withLocalDefaults({
        DYNAMODB_PORT: '9000',
        SES_PORT: '9001',
        SENDCLOUD_PORT: '9002',
        LOGS_PORT: '9003',
      }),
    ).toEqual({
      ...localStack,
      DYNAMODB_PORT: '9000',
      SES_PORT: '9001',
      SENDCLOUD_PORT: '9002',
      LOGS_PORT: '9003',
      AWS_ENDPOINT_URL_CLOUDWATCH_LOGS: 'http://127.0.0.1:9003',
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:9000',
      SES_ENDPOINT: 'http://127.0.0.1:9001',
      SENDCLOUD_ENDPOINT: 'http://127.0.0.1:9002/apiv2',
    })
  })

  it('keeps what is set', () => {
    const set = {
      AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:4566',
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'mine',
      PATH: '/bin',
    }
    expect(withLocalDefaults(set)).toEqual({ ...localStack, ...set })
  })

  it('never hands real credentials to a simulation', () => {
    const real = {
      TENCENTCLOUD_SECRET_ID: 'a real id',
      TENCENTCLOUD_SECRET_KEY: 'a real key',
      TENCENTCLOUD_TOKEN: 'a real token',
      SENDCLOUD_API_USER: 'a_real_user',
      SENDCLOUD_API_KEY: 'a real key',
    }
    expect(withLocalDefaults(real)).toEqual(localStack)
  })

  it('that names another SES is given no credentials for it, and keeps its own', () => {
    const SES_ENDPOINT = 'https://ses.tencentcloudapi.com'
    const environment = withLocalDefaults({ SES_ENDPOINT, TENCENTCLOUD_SECRET_ID: 'a real id' })
    expect(environment).toMatchObject({ SES_ENDPOINT, TENCENTCLOUD_SECRET_ID: 'a real id' })
    expect(environment).not.toHaveProperty('TENCENTCLOUD_SECRET_KEY')
    expect(environment).not.toHaveProperty('TENCENTCLOUD_TOKEN')
  })

  it.each([
    ['', {}],
    [' by a tunnel', { AWS_ENDPOINT_URL_DYNAMODB: 'http://localhost:9000' }],
    [' in an emulated AWS', { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:4566/' }],
  ])('of another deployment%s is left alone', (_reached, endpoint) => {
    const environment = { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'eu-west-1', ...endpoint }
    expect(withLocalDefaults(environment)).toEqual(environment)
    expect(isLocal(environment)).toBe(false)
  })

  it('that came is not changed', () => {
    const environment = Object.freeze({ PATH: '/bin' })
    expect(withLocalDefaults(environment)).toEqual({ ...localStack, PATH: '/bin' })
    expect(environment).toEqual({ PATH: '/bin' })
  })
})
