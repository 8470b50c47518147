import { beforeEach, describe, expect, it } from '@jest/globals'
import { minuteMs } from '../../../lib/core/instant.ts'
import type { ParameterReader } from '../../../lib/runtime/ports.ts'
import type { Provider } from '../../../lib/providers/provider.ts'
import { signingKeys, type SigningKeys } from '../../../lib/ingest/signing-keys.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'

const plain: Provider = { name: 'plain', maxBodyBytes: 1, read: () => [] }
const signing = {
  keySetting: 'SIGNED_KEY',
  publicKey: 'public',
  verify: () => 'signed' as const,
  isEvent: () => true,
}
const signed: Provider = { ...plain, name: 'signed', signing }

let clock: ReturnType<typeof virtualClock>
let values: Map<string, string>
let asked: (readonly string[])[]
let logged: { readonly event: string }[]
let isDown: boolean
const parameters: ParameterReader = {
  valuesOf(names) {
    asked.push(names)
    return isDown ? Promise.reject(new TypeError('the store is down')) : Promise.resolve(new Map(values))
  },
}

beforeEach(() => {
  clock = virtualClock('2026-11-22T08:00:00Z')
  values = new Map([['/ledger-prod/SIGNED_KEY', 'a-key']])
  asked = []
  logged = []
  isDown = false
})

function keysOf(
  environment: Readonly<Record<string, string>> = {},
): (provider: Provider) => ReturnType<SigningKeys> {
  const log = (event: string, fields = {}) => logged.push({ event, ...fields })
  const keys = signingKeys({ TABLE_PREFIX: 'ledger-prod', ...environment }, { parameters, clock, log })
  const patient = new AbortController().signal
  return (provider) => keys(provider, patient)
}

describe('the keys of a provider that signs', () => {
  it('are read from the parameter that is named after deployment and setting', async () => {
    expect(await keysOf()(signed)).toEqual(['a-key'])
    expect(asked).toEqual([['/ledger-prod/SIGNED_KEY']])
  })

  it('are those of the environment where it sets them, and then no parameter is read', async () => {
    expect(await keysOf({ SIGNED_KEY: 'one, two' })(signed)).toEqual(['one', 'two'])
    expect(asked).toEqual([])
  })

  it('are none where there is no such parameter', async () => {
    values.clear()
    expect(await keysOf()(signed)).toEqual([])
  })

  it('are not asked for where the provider does not sign', async () => {
    expect(await keysOf()(plain)).toEqual([])
    expect(asked).toEqual([])
  })

  it('are read again after five minutes, and not before', async () => {
    const keys = keysOf()
    await keys(signed)
    values.set('/ledger-prod/SIGNED_KEY', 'another')
    await clock.sleep(5 * minuteMs - 1)
    expect(await keys(signed)).toEqual(['a-key'])
    await clock.sleep(1)
    expect(await keys(signed)).toEqual(['another'])
    expect(asked).toHaveLength(2)
  })

  it('stay as they were while they cannot be read again, and that is logged', async () => {
    const keys = keysOf()
    await keys(signed)
    isDown = true
    await clock.sleep(5 * minuteMs)
    expect(await keys(signed)).toEqual(['a-key'])
    expect(logged).toEqual([{ event: 'setting unreadable', setting: 'SIGNED_KEY', problem: 'TypeError' }])
  })

  it('are not asked for again at once where they could not be read', async () => {
    const keys = keysOf()
    await keys(signed)
    isDown = true
    await clock.sleep(5 * minuteMs)
    await keys(signed)
    await clock.sleep(10_000 - 1)
    expect(await keys(signed)).toEqual(['a-key'])
    expect(asked).toHaveLength(2)
    isDown = false
    values.set('/ledger-prod/SIGNED_KEY', 'another')
    await clock.sleep(1)
    expect(await keys(signed)).toEqual(['another'])
  })

  it('are unknown as long as they have never been read, and asked for again after ten seconds', async () => {
    const keys = keysOf()
    isDown = true
    await expect(keys(signed)).rejects.toThrow('the store is down')
    isDown = false
    await clock.sleep(10_000 - 1)
    await expect(keys(signed)).rejects.toThrow('SIGNED_KEY could not be read a moment ago.')
    await clock.sleep(1)
    expect(await keys(signed)).toEqual(['a-key'])
  })

  it('are refused without being repeated where they are those of the documents', async () => {
    values.set('/ledger-prod/SIGNED_KEY', 'hunter2,public')
    await expect(keysOf()(signed)).rejects.toThrow(
      /^(?![^]*hunter2)[^]*SIGNED_KEY: expected keys of your own/,
    )
  })
})
