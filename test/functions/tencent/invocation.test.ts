import { describe, expect, it } from '@jest/globals'
import {
  deadlineMsOf,
  runRoleCredentials,
  withPollCredentials,
} from '../../../functions/tencent/invocation.ts'

const ofProcess = {
  TENCENTCLOUD_SECRETID: 'id-of-the-cold-start',
  TENCENTCLOUD_SECRETKEY: 'key-of-the-cold-start',
  TENCENTCLOUD_SESSIONTOKEN: 'token-of-the-cold-start',
}
const renewed = {
  TENCENTCLOUD_SECRETID: 'id-of-now',
  TENCENTCLOUD_SECRETKEY: 'key-of-now',
  TENCENTCLOUD_SESSIONTOKEN: 'token-of-now',
}
const contextWith = (environment?: string) => ({
  time_limit_in_ms: 1_000,
  ...(environment !== undefined && { environment }),
})

describe('the credentials of the run role', () => {
  it("are the context's, which are renewed, before those of the process", () => {
    expect(runRoleCredentials(contextWith(JSON.stringify(renewed)), ofProcess)).toEqual({
      secretId: 'id-of-now',
      secretKey: 'key-of-now',
      token: 'token-of-now',
    })
  })

  it.each([
    ['has no environment', undefined],
    ['has one that is no JSON', '{'],
    ['has other variables alone', '{"TZ":"Asia/Shanghai","RETRIES":3}'],
    ['has half of them', '{"TENCENTCLOUD_SECRETID":"id-of-now"}'],
  ])('are those of the process, all of them, where the context %s', (_, environment) => {
    expect(runRoleCredentials(contextWith(environment), ofProcess)).toEqual({
      secretId: 'id-of-the-cold-start',
      secretKey: 'key-of-the-cold-start',
      token: 'token-of-the-cold-start',
    })
  })

  it('are none without a run role', () => {
    expect(runRoleCredentials(contextWith('{}'), {})).toBeUndefined()
  })
})

describe('the settings of an invocation', () => {
  it("have the run role's credentials under the poll's names", () => {
    expect(withPollCredentials({ SES_REGION: 'ap-hongkong' }, contextWith(JSON.stringify(renewed)))).toEqual({
      SES_REGION: 'ap-hongkong',
      TENCENTCLOUD_SECRET_ID: 'id-of-now',
      TENCENTCLOUD_SECRET_KEY: 'key-of-now',
      TENCENTCLOUD_TOKEN: 'token-of-now',
    })
  })

  it("have the function's own keys, without the run role's token, where it has some", () => {
    const own = { SES_SECRET_ID: 'id-of-another-account', SES_SECRET_KEY: 'its-key' }
    expect(withPollCredentials(own, contextWith(JSON.stringify(renewed)))).toMatchObject({
      TENCENTCLOUD_SECRET_ID: 'id-of-another-account',
      TENCENTCLOUD_SECRET_KEY: 'its-key',
      TENCENTCLOUD_TOKEN: undefined,
    })
  })
})

describe('the deadline', () => {
  it('is the whole limit after the beginning', () => {
    expect(deadlineMsOf({ time_limit_in_ms: 840_000 }, 1_000)).toBe(841_000)
  })

  it.each([{}, { time_limit_in_ms: '840000' }, { time_limit_in_ms: 0 }])('is nowhere in %j', (context) => {
    expect(() => deadlineMsOf(context as never, 1_000)).toThrow('Expected time_limit_in_ms in the context')
  })
})
