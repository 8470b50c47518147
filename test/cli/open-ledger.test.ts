import { describe, expect, it } from '@jest/globals'
import { requireRetention } from '../../cli/open-ledger.ts'

const names = ['RETENTION_DAYS', 'INBOUND_RETENTION_DAYS']

describe('a command that writes', () => {
  it.each([
    {},
    { TABLE_PREFIX: 'delivery-ledger-local' },
    { TABLE_PREFIX: 'mine', AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000' },
    { TABLE_PREFIX: 'delivery-ledger-prod', RETENTION_DAYS: '400', INBOUND_RETENTION_DAYS: '30' },
  ])('may write into %j', (environment) => {
    expect(() => {
      requireRetention(environment, ...names)
    }).not.toThrow()
  })

  it('may not write into a deployment whose retention nobody told', () => {
    const environment = { TABLE_PREFIX: 'delivery-ledger-prod', RETENTION_DAYS: '' }
    expect(() => {
      requireRetention(environment, ...names)
    }).toThrow(
      'Set RETENTION_DAYS and INBOUND_RETENTION_DAYS to what delivery-ledger-prod was deployed with: rows that are written take their retention from it.',
    )
  })
})
