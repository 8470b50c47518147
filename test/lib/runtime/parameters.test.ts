import { describe, expect, it } from '@jest/globals'
import { parameterName, withParameters } from '../../../lib/runtime/parameters.ts'

const settings = ['SECRET_ID', 'SECRET_KEY', 'TOKEN']
const kept = new Map([
  ['/ledger-prod/SECRET_ID', 'id'],
  ['/ledger-prod/SECRET_KEY', 'key'],
])
const store = { valuesOf: () => Promise.resolve(kept) }
const unread = { valuesOf: () => Promise.reject(new Error('No parameter should be read.')) }

describe('the parameters of a deployment', () => {
  it('are named after it', () => {
    expect(parameterName('delivery-ledger-prod', 'SENDCLOUD_APP_KEY')).toBe(
      '/delivery-ledger-prod/SENDCLOUD_APP_KEY',
    )
  })

  it('complete its environment; those that do not exist stay unset', async () => {
    expect(await withParameters({ TABLE_PREFIX: 'ledger-prod', OTHER: 'x' }, settings, store)).toEqual({
      TABLE_PREFIX: 'ledger-prod',
      OTHER: 'x',
      SECRET_ID: 'id',
      SECRET_KEY: 'key',
      TOKEN: undefined,
    })
  })

  it.each([
    ['the environment sets one of them', { TABLE_PREFIX: 'ledger-prod', SECRET_KEY: 'mine' }, settings],
    ['no deployment is named', { TABLE_PREFIX: '' }, settings],
    ['none is wanted', { TABLE_PREFIX: 'ledger-prod' }, []],
  ])('are not read where %s', async (_when, environment, wanted) => {
    expect(await withParameters(environment, wanted, unread)).toEqual(environment)
  })

  it('are not read where there are none', async () => {
    const environment = { TABLE_PREFIX: 'ledger-prod' }
    expect(await withParameters(environment, settings, undefined)).toEqual(environment)
  })

  it('do not count as set where they are empty, as a template leaves what nobody gave', async () => {
    const environment = { TABLE_PREFIX: 'ledger-prod', SECRET_ID: '' }
    expect(await withParameters(environment, settings, store)).toMatchObject({ SECRET_ID: 'id' })
  })
})
