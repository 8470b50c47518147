import { maskedAddress } from '../../lib/core/address.ts'

/** What looks like an address inside of other text: replies and subjects quote them. */
const addresses = /[^\s<>()[\]"'`,;:=]+@[^\s<>()[\]"'`,;:=]+/gu

/** The text with every address in it masked: `551 <s…@example.com> no such user`. */
export function maskedText(text: string): string {
  return text.replace(addresses, maskedAddress)
}
