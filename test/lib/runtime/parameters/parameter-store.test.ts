import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { parameterReader } from '../../../../lib/runtime/parameters/parameter-reader.ts'
import { parameterKeeper } from '../../../../lib/runtime/parameters/parameter-keeper.ts'
import { startParameterStore, type EmulatedParameterStore } from '../../../emulated-parameter-store.ts'

// The real client over HTTP. `npm run test:aws` does the same with moto.

const patient = new AbortController().signal
const before = { ...process.env }
let store: EmulatedParameterStore
beforeEach(async () => {
  store = await startParameterStore()
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_SSM: store.url,
    AWS_REGION: 'ap-southeast-1',
    AWS_ACCESS_KEY_ID: 'emulated',
    AWS_SECRET_ACCESS_KEY: 'emulated',
  })
})
afterEach(async () => {
  process.env = { ...before }
  await store.stop()
})

describe('the parameter reader', () => {
  it('returns the values of those that exist, decrypted', async () => {
    store.parameters.set('/ledger/A', { Value: 'secret', Type: 'SecureString', Version: 1 })
    store.parameters.set('/ledger/B', { Value: 'plain', Type: 'String', Version: 1 })
    const values = await parameterReader().valuesOf(['/ledger/A', '/ledger/B', '/ledger/C'], patient)
    expect([...values]).toEqual([
      ['/ledger/A', 'secret'],
      ['/ledger/B', 'plain'],
    ])
    expect(store.actions).toEqual(['GetParameters'])
  })

  it('rejects where it may not', async () => {
    store.refuseWith = 'AccessDeniedException'
    await expect(parameterReader().valuesOf(['/ledger/A'], patient)).rejects.toMatchObject({
      name: 'AccessDeniedException',
    })
    expect(store.actions).toEqual(['GetParameters'])
  })
})

describe('a wait for parameters', () => {
  it('ends when whoever waits has no more time', async () => {
    store.isSilent = true
    const wait = parameterReader().valuesOf(['/ledger/A'], AbortSignal.timeout(50))
    await expect(wait).rejects.toMatchObject({ name: 'AbortError' })
  })
})

describe('the parameter keeper', () => {
  it('puts a value, and another in its place, and shows both but not their values', async () => {
    const keeper = parameterKeeper()
    const parameter = { name: '/ledger/A', isSecret: true, description: 'what it is for' }
    await keeper.put({ ...parameter, value: 'one' })
    await keeper.put({ ...parameter, value: 'two' })
    expect(store.parameters.get('/ledger/A')).toEqual({ Value: 'two', Type: 'SecureString', Version: 2 })
    const found = await keeper.found(['/ledger/A', '/ledger/B'])
    expect([...found]).toEqual([
      ['/ledger/A', { isSecret: true, version: 2, changedAtMs: Date.parse('2026-11-18T11:06:40Z') }],
    ])
    keeper.close()
  })
})
