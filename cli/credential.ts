import { CommandError } from './command-error.ts'

// A secret cannot be read again once it is put, and a wrong one fails only at the first callback or run. So an
// impossible value is refused.

/** No provider documents the characters of its keys. Keys do not contain what pasting may add. */
const printable = /^[\x21-\x7e]+$/
const quotedOrPlaceholder = /^["'`<$]|["'`>]$/

/** Throws if one of them cannot be a signing key, or there is none. */
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

/** Throws if the value cannot be this setting of Tencent Cloud. */
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
