import { hiddenIn, trimmed } from './text.ts'

/** The longest recipient: 64 for the local part, @, 255 for the domain (RFC 5321 §4.5.3.1). */
const maxRecipientLength = 320
/** A decomposed letter takes two places, and so may one that is escaped. */
const maxSpellingLength = 2 * maxRecipientLength
/** A name and an address. A line of a mail's header holds 998 characters (RFC 5322 §2.1.1), and names are folded. */
const maxMailboxLength = 2_000

/** An address as the tables store it, and as it was received. */
export interface Addressed {
  /** The key: see {@link recipientOf}. */
  readonly recipient: string
  /** The address as received, without a name, where that differs from `recipient`. */
  readonly spelling?: string
}

/**
 * The one address in a text, with or without a name: `Ann <ann@example.com>`. `undefined` if the text holds none or
 * several. All input is read by this function: callbacks, the poll, `/sent`, `isSuppressed` and the commands.
 */
export function readAddress(text: string): Addressed | undefined {
  if (text.length > maxMailboxLength) return undefined
  const { name, address } = mailboxIn(trimmed(text))
  if (namesAnother(name)) return undefined
  const spelling = trimmed(address)
  const recipient = canonical(spelling)
  if (recipient === undefined) return undefined
  return recipient === spelling ? { recipient } : { recipient, spelling }
}

/**
 * The address as the tables store it, the same for all its spellings. `undefined` if the text holds none or several.
 *
 * - The local part in lower case and composed (NFC), quoted only where it must be: "all quoted forms MUST be treated as
 *   equivalent" (RFC 5321 §4.1.2). Nothing more: only its domain knows what else a local part means.
 * - The domain as it is looked up in the DNS: in lower case, `xn--` where it is not ASCII (UTS 46), without the dot of
 *   the root. This form was chosen because providers report it, because mapping it again changes nothing in any version
 *   of Unicode, and because no two of its letters look alike.
 */
export function recipientOf(text: string): string | undefined {
  return readAddress(text)?.recipient
}

/** The one address in the text, bare and trimmed, in its own spelling. `undefined` if there is none or several. */
export function addressIn(text: string): string | undefined {
  const read = readAddress(text)
  return read && (read.spelling ?? read.recipient)
}

/** Whether the text is one email address, without a name. Whether mail reaches it is not checked. */
export function isAddress(text: string): boolean {
  return canonical(text) !== undefined
}

/** `someone@example.com` → `s…@example.com`: enough for who sent it to know it again. */
export function maskedAddress(address: string): string {
  return address.replace(/(?<=^.).*(?=@)/su, '…')
}

/** `Name <address>` → `address`, without checking it: one sender may be reported with a name and without. */
export function bareAddress(from: string): string {
  return mailboxIn(from).address
}

/** A quoted local part may hold what ends an address elsewhere. */
const angled = /<((?:"(?:[^"\\]|\\.)*")?[^<>"]*)>\s*$/s

function mailboxIn(text: string): { name: string; address: string } {
  const found = angled.exec(text)
  return found?.[1] ? { name: text.slice(0, found.index), address: found[1] } : { name: '', address: text }
}

// An address with another one to follow: `a@example.com, …`, `A <a@example.com>; …`, `<a@example.com> …`.
const anotherAddress = /@[^\s@,;<>"，；、]+>?\s*[,;，；、]|<[^<>]*@[^<>]*>/

/** Whether the text before an address is not a name but another address. Quoted text is part of a name. */
function namesAnother(name: string): boolean {
  return anotherAddress.test(name.replace(/"(?:[^"\\]|\\.)*"/gs, '""'))
}

function canonical(spelling: string): string | undefined {
  if (spelling.length > maxSpellingLength || hiddenIn(spelling) !== undefined) return undefined
  const composed = spelling.normalize('NFC')
  const at = composed.lastIndexOf('@')
  const local = canonicalLocalPart(composed.slice(0, Math.max(at, 0)))
  const domain = canonicalDomain(composed.slice(at + 1))
  if (local === undefined || domain === undefined) return undefined
  const recipient = `${local}@${domain}`
  return recipient.length <= maxRecipientLength ? recipient : undefined
}

// Dots are allowed anywhere: mailboxes of Japanese carriers have had them at the end, and two in a row.
const dotString = /^[^\s"(),:;<>@[\\\]]+$/u
const quotedString = /^"((?:[^"\\]|\\.)+)"$/su

function canonicalLocalPart(text: string): string | undefined {
  const isPlain = dotString.test(text)
  const content = isPlain ? text : quotedString.exec(text)?.[1]?.replace(/\\(.)/gsu, '$1')
  if (content === undefined) return undefined
  const lowered = content.toLowerCase().normalize('NFC')
  if (dotString.test(lowered)) return lowered
  return isPlain ? undefined : `"${lowered.replace(/["\\]/g, String.raw`\$&`)}"`
}

/** A domain in the form that the tables store; `undefined` if the text is not a domain. */
export function canonicalDomain(text: string): string | undefined {
  if (text.startsWith('[')) return canonicalLiteral(text)
  // The four full stops of UTS 46.
  const domain = text.replace(/[.。．｡]$/, '')
  const ascii = /^[\0-\x7f]*$/.test(domain) ? domain.toLowerCase() : asciiDomain(domain)
  return ascii !== undefined && isDomain(ascii) ? ascii : undefined
}

// Letters, digits, hyphens inside a label, and underscores, which no host should have and some do.
const domainName = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/

function isDomain(text: string): boolean {
  return text.length <= 253 && domainName.test(text)
}

const hyphenAtEdge = /(?:^|[.。．｡])[-－﹣]|[-－﹣](?:[.。．｡]|$)/
/** Characters that a URL would not read as part of its host. */
const noDomain = /[^\P{ASCII}a-zA-Z0-9._-]/u

/** By the URL standard, which uses UTS 46. One more label keeps digits at the end from being read as an IPv4 address. */
function asciiDomain(domain: string): string | undefined {
  if (noDomain.test(domain) || hyphenAtEdge.test(domain)) return undefined
  return hostOf(`${domain}.a`)?.slice(0, -'.a'.length)
}

function hostOf(host: string): string | undefined {
  const url = `ws://${host}`
  return URL.canParse(url) ? new URL(url).hostname : undefined
}

/** `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 §4.1.3); no other kind is registered. An IPv6 address as RFC 5952 has it. */
function canonicalLiteral(text: string): string | undefined {
  const parts = /^\[(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})\]$/.exec(text)?.slice(1).map(Number)
  if (parts) return parts.every((part) => part <= 255) ? `[${parts.join('.')}]` : undefined
  const version6 = /^\[ipv6:([\da-f:.]{2,45})\]$/i.exec(text)?.[1]
  const host = version6 === undefined ? undefined : hostOf(`[${version6}]`)
  return host?.replace('[', '[ipv6:')
}

/** The domain of an address, in lower case; `undefined` if the text is not an address. */
export function domainOf(text: string): string | undefined {
  const address = recipientOf(text)
  return address?.slice(address.lastIndexOf('@') + 1)
}
