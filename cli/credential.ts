import { CommandError } from './command-error.ts'

// What is put as a secret is seen by nobody any more, and what is wrong with it shows at the first callback or run. So what cannot
// be a credential is not put.

/** No provider says of what its keys are made. What a paste brings along, they are not made of. */
const printable = /^[\x21-\x7e]+$/
const quotedOrPlaceholder = /^["'`<$]|["'`>]$/

/** Throws where one of them cannot be what a provider signs with, or there is none. */
export function checkKeys(setting: string, keys: readonly string[]): void {
  if (keys.length > 0 && keys.every((key) => printable.test(key) && !quotedOrPlaceholder.test(key))) return
  throw new CommandError(
    `${setting}: expected a key, or two with a comma between them, of letters, digits and signs, without spaces and quotes; nothing was put.`,
  )
}

/**
 * In Tencent's samples a SecretId has 36 characters and a SecretKey 32, and temporary ones have more: a short one was cut off. A
 * parameter of the standard tier holds 4096.
 */
const credential = /^[\w+/=.~-]{12,4096}$/
const secretId = /^[AI]KID[A-Za-z0-9]{32}$/

/** Throws where the value cannot be this setting of Tencent Cloud. */
export function checkCredential(setting: string, value: string): void {
  if (!credential.test(value)) {
    throw new CommandError(
      `${setting}: expected 12 to 4096 letters, digits and the signs _ + / = . ~ -, as Tencent Cloud makes its credentials; nothing was put.`,
    )
  }
  if (setting !== 'TENCENTCLOUD_SECRET_ID' && secretId.test(value)) {
    throw new CommandError(
      `${setting}: this looks like the SecretId, which is TENCENTCLOUD_SECRET_ID; nothing was put.`,
    )
  }
}
