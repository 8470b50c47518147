import { describe, expect, it } from '@jest/globals'
import { serverSettings } from '../../../functions/server/settings.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'

const needed = {
  DATABASE_URL: 'postgres://ledger:a-password@127.0.0.1:5432/mail',
  CALLBACK_TOKEN_SHA256: tokenDigest('a-token'),
  SES_POLL: 'off',
}

const problemsOf = (settings: Readonly<Record<string, string | undefined>>): string => {
  try {
    serverSettings(settings)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

describe('the settings of the server', () => {
  it('are few, and the others have a default', () => {
    expect(serverSettings(needed)).toMatchObject({
      host: '127.0.0.1',
      port: 8080,
      everyMs: 300_000,
      schema: 'delivery-ledger-prod',
      isQueried: false,
      environment: { TABLE_PREFIX: 'delivery-ledger-prod' },
    })
  })

  it('name the schema and the places to listen at', () => {
    const own = {
      PORT: '9000',
      HOST: '::',
      SCHEDULE_MINUTES: '10',
      TABLE_PREFIX: 'mail',
      QUERY_TOKEN_SHA256: tokenDigest('q'),
    }
    expect(serverSettings({ ...needed, ...own })).toMatchObject({
      host: '::',
      port: 9_000,
      everyMs: 600_000,
      schema: 'mail',
      isQueried: true,
    })
  })

  it('are all looked at before anything is done, and no value is repeated', () => {
    const problems = problemsOf({
      DATABASE_URL: 'mysql://ledger:a-password@127.0.0.1/mail',
      PORT: 'http',
      SCHEDULE_MINUTES: '0',
      CALLBACK_TOKEN_SHA256: 'the-token-itself',
      QUERY_TOKEN_SHA256: 'another-token-itself',
      CALLBACK_TOKEN_SHA256_SENDCLOUD: 'a-third-one',
      SENDCLOUD_API_USER: 'example_trigger',
    })
    const named = [...problems.matchAll(/^ {2}(\w+): /gm)].map(([, name]) => name)
    expect(named.sort()).toEqual([
      'CALLBACK_TOKEN_SHA256',
      'CALLBACK_TOKEN_SHA256_SENDCLOUD',
      'DATABASE_URL',
      'PORT',
      'QUERY_TOKEN_SHA256',
      'SCHEDULE_MINUTES',
      'SENDCLOUD_API_KEY',
      'TENCENTCLOUD_SECRET_ID',
      'TENCENTCLOUD_SECRET_KEY',
    ])
    expect(problems).not.toMatch(/a-password|itself|third|example_trigger/)
  })

  it.each([
    [
      'rows that the poll would outlive',
      {
        SES_POLL: undefined,
        RETENTION_DAYS: '20',
        TENCENTCLOUD_SECRET_ID: 'x',
        TENCENTCLOUD_SECRET_KEY: 'x',
      },
      'RETENTION_DAYS',
    ],
    [
      'a password that makes another URL',
      { DATABASE_URL: 'postgres://ledger:a#password@127.0.0.1:5432/mail' },
      'DATABASE_URL',
    ],
    ['three keys', { SENDCLOUD_APP_KEY: 'a,b,c' }, 'SENDCLOUD_APP_KEY'],
    ['neither on nor off', { SES_POLL: 'no' }, 'SES_POLL'],
  ])('do not allow %s', (_, settings, name) => {
    expect(problemsOf({ ...needed, ...settings })).toContain(`${name}: expected`)
  })
})
