import { canonicalDomain } from '../lib/core/address.ts'
import { CommandError } from './command-error.ts'

/** A domain as the tables store it, if one was asked for. Throws {@link CommandError} where the text is none. */
export function domainOption(name: string, text: string | undefined): string | undefined {
  const domain = text === undefined ? undefined : canonicalDomain(text)
  if (text === undefined || domain !== undefined) return domain
  throw new CommandError(`${name}: expected a domain, such as example.com.`)
}
