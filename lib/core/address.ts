/** The longest address: 64 for the local part, @, 255 for the domain (RFC 5321 §4.5.3.1). */
const maxAddressLength = 320

// One address and no list of them; a quoted local part may hold what separates addresses elsewhere.
const oneAddress = /^(?:[^\s\p{Cc}@,;:<>"]+|"[^\s\p{Cc}"]+")@[^\s\p{Cc}@,;:<>"]+$/u

/** Whether the text is one email address. Whether mail reaches it is for its domain to say. */
export function isAddress(text: string): boolean {
  return text.length <= maxAddressLength && oneAddress.test(text)
}

/** `Name <address>` → `address`: the poll and the callback may tell one sender with its name and without. */
export function bareAddress(from: string): string {
  return /<([^<>]+)>\s*$/.exec(from)?.[1] ?? from
}

// An address with another one to follow: `a@example.com, …`, `A <a@example.com>; …`.
const startOfList = /@[^\s@,;<>"]+>?\s*[,;]/

/** The one address that the text is, bare and trimmed, as it is spelled. `undefined` where it is none, or several. */
export function addressIn(text: string): string | undefined {
  const address = bareAddress(text.trim()).trim().toWellFormed()
  return isAddress(address) && !startOfList.test(text) ? address : undefined
}

/** The address as it stands in the tables: bare, trimmed, in lower case. `undefined` where the text is none, or several. */
export function recipientOf(text: string): string | undefined {
  return addressIn(text)?.toLowerCase()
}

/** The domain of an address, in lower case; `undefined` where the text is none. */
export function domainOf(text: string): string | undefined {
  const address = recipientOf(text)
  return address?.slice(address.lastIndexOf('@') + 1)
}
