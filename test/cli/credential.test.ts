import { describe, expect, it } from '@jest/globals'
import { checkCredential, checkKeys } from '../../cli/credential.ts'

const [id, key] = ['AKIDz8krbsJ5yKBZQpn74WFkmLPx3ABCDEFG', 'Gu5t9xGARNpq86cd98joQYCN3EXAMPLE']

describe('a credential of Tencent Cloud', () => {
  it.each([
    ['TENCENTCLOUD_SECRET_ID', id],
    ['TENCENTCLOUD_SECRET_ID', 'IKIDz8krbsJ5yKBZQpn74WFkmLPx3ABCDEFG'],
    ['TENCENTCLOUD_SECRET_KEY', key],
    ['TENCENTCLOUD_SECRET_KEY', 'Yq0m3b5W+1/2c4V6n8M0aS2dF4gH6jK8lP0oI2uY4t0='],
    ['TENCENTCLOUD_TOKEN', 'a'.repeat(4_096)],
  ])('%s may be %s', (setting, value) => {
    expect(() => {
      checkCredential(setting, value)
    }).not.toThrow()
  })

  it.each([
    ['cut off', 'AKID'],
    ['with a space', 'AKIDz8krbsJ5yKBZQpn74WFkmLPx3 EXAMPLE'],
    ['in quotes', `"${id}"`],
    ['of two lines', `${id}\n${key}`],
    ['where it is from', 'https://console.tencentcloud.com/cam/capi'],
    ['in another script', 'АКІD'.repeat(9)],
    ['longer than a parameter', 'a'.repeat(4_097)],
  ])('is not what is %s', (_, value) => {
    expect(() => {
      checkCredential('TENCENTCLOUD_SECRET_ID', value)
    }).toThrow(
      'TENCENTCLOUD_SECRET_ID: expected 12 to 4096 letters, digits and the signs _ + / = . ~ -, as Tencent Cloud makes its credentials; nothing was put.',
    )
  })

  it('is not the SecretId where another is asked for', () => {
    expect(() => {
      checkCredential('TENCENTCLOUD_SECRET_KEY', id)
    }).toThrow(
      'TENCENTCLOUD_SECRET_KEY: this looks like the SecretId, which is TENCENTCLOUD_SECRET_ID; nothing was put.',
    )
  })
})

describe('keys with which a provider signs', () => {
  it.each([[['a-key']], [['old-key', 'nEw_k3y!']]])('may be %j', (keys) => {
    expect(() => {
      checkKeys('SENDCLOUD_APP_KEY', keys)
    }).not.toThrow()
  })

  it.each([
    [[]],
    [['the app key']],
    [['"a-quoted-key"']],
    [['old-key', "'a-quoted-key'"]],
    [['<old>', '<new>']],
    [['$SENDCLOUD_APP_KEY']],
    [['ключ']],
  ])('are not %j', (keys) => {
    expect(() => {
      checkKeys('SENDCLOUD_APP_KEY', keys)
    }).toThrow(
      'SENDCLOUD_APP_KEY: expected a key, or two with a comma between them, of letters, digits and signs, without spaces and quotes; nothing was put.',
    )
  })
})
