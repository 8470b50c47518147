import { bareAddress, canonicalDomain, recipientOf } from '../core/address.ts'
import { claimedSentAtOf, sentAtOf } from '../core/message.ts'
import { emailIdParts } from '../providers/sendcloud/email-id.ts'
import { decodeText, unpacked } from '../providers/body/text.ts'

// Whom a body names, however it is encoded. What is kept in quarantine may be anything, so nothing here relies on its being
// what a provider sends: texts are decoded in every way that a body can need, and searched.

/** Whom a body names. */
interface Mentions {
  /** Those of the addresses looked for. */
  readonly named: ReadonlySet<string>
  /** Whether it may concern somebody else, too: it has another address, or an element without any of these. */
  readonly namesOthers: boolean
  /** When the earliest message was sent that it names; absent where it names none that shows it. */
  readonly sentAtMs?: number
}

const nobody: Mentions = { named: new Set(), namesOthers: false }

/** As much as a provider's largest body holds. */
const maxUnpackedBytes = 6 * 1024 * 1024

/**
 * Which of these addresses a body names: plain, in another spelling, in escapes of JSON, a form or a mail, in gzip or base64.
 * Each character is looked at a fixed number of times.
 * @param addresses - as the tables store them
 */
export function mentionsIn(body: Uint8Array, contentType: string, addresses: ReadonlySet<string>): Mentions {
  const texts = textsOf(body, contentType)
  const decoded = texts.flatMap(decodings)
  const named = new Set(decoded.flatMap((text) => [...addressesIn(text, addresses).named]))
  if (named.size === 0) return nobody
  const [text = ''] = texts
  const sentAtMs = earliestSentAt(decoded)
  return {
    named,
    namesOthers: concernsOthers(text, contentType, named),
    ...(sentAtMs !== undefined && { sentAtMs }),
  }
}

/**
 * Which of these addresses a field of a mail names, in whatever spelling: an address with or without a name, or an emailId. What
 * is neither names whom it surely names, and nobody whose address may be the end of another one.
 */
export function namedIn(field: string, addresses: ReadonlySet<string>): ReadonlySet<string> {
  const recipient = recipientOf(bareAddress(field))
  const ofEmailId = recipientOf(emailIdParts(field)?.recipient ?? '')
  const whole = [recipient, ofEmailId].filter((one) => one !== undefined && addresses.has(one))
  if (recipient !== undefined || whole.length > 0) return new Set(whole as string[])
  const { named, doubtful } = addressesIn(field, addresses)
  return new Set([...named].filter((address) => !doubtful.has(address)))
}

/** The text in its own charset; where that fails, in those that any bytes can be read in. */
function textsOf(body: Uint8Array, contentType: string): readonly string[] {
  const opened = unpacked(body, maxUnpackedBytes)
  const bytes = 'bytes' in opened ? opened.bytes : body
  const decoded = decodeText(bytes, contentType)
  if ('text' in decoded) return [decoded.text]
  return [new TextDecoder().decode(bytes), Buffer.from(bytes).toString('latin1')]
}

/** The text, and what it is without its escapes: JSON may stand in a form, and a form's value in JSON. */
function decodings(text: string): readonly string[] {
  const steps = [withoutJsonEscapes, withoutPercents, withoutJsonEscapes, withoutPercents]
  const decoded = [text]
  for (const step of steps) decoded.push(step(decoded.at(-1) ?? ''))
  const last = decoded.at(-1) ?? ''
  const all = [...decoded, text.replaceAll('+', ' '), withoutPercents(text.replaceAll('+', ' '))]
  return [...new Set([...all, withoutMailEscapes(last), base64In(last)])]
}

const jsonEscape = /\\(?:u([\da-f]{4})|x([\da-f]{2})|([bf]|[nrt])|(.))/gis

function withoutJsonEscapes(text: string): string {
  if (!text.includes('\\')) return text
  return text.replace(jsonEscape, (_escape, unit?: string, byte?: string, control?: string, itself = '') => {
    const code = unit ?? byte
    if (code !== undefined) return String.fromCharCode(parseInt(code, 16))
    return control === undefined ? String(itself) : ' '
  })
}

function withoutPercents(text: string): string {
  if (!text.includes('%')) return text
  return text.replace(/(?:%[\da-f]{2})+/gi, (escapes) => hexText(escapes.replaceAll('%', '')))
}

/** Quoted-printable (RFC 2045 §6.7), also in encoded words, and numbers of HTML. */
function withoutMailEscapes(text: string): string {
  return text
    .replace(/=\r?\n/g, '')
    .replace(/(?:=[\da-f]{2})+/gi, (escapes) => hexText(escapes.replaceAll('=', '')))
    .replace(/&#(?:x([\da-f]{1,6})|(\d{1,7}));/gi, (entity: string, hex?: string, decimal?: string) => {
      const code = hex === undefined ? Number(decimal) : parseInt(hex, 16)
      return code <= 0x10ffff ? String.fromCodePoint(code) : entity
    })
}

function hexText(hex: string): string {
  return Buffer.from(hex, 'hex').toString('utf8')
}

/** What the base64 in it holds, as far as that is text with an address. */
function base64In(text: string): string {
  // Split at what cannot be in it: a pattern of the run itself has no bound, and overflows the stack at some megabytes.
  return text
    .split(/(?:\r?\n){2,}|[^\w+/=\r\n-]+/)
    .filter((run) => run.length >= 8)
    .map((run) => Buffer.from(run.replace(/[\r\n]/g, ''), 'base64').toString('utf8'))
    .filter((decoded) => decoded.includes('@'))
    .join('\n')
}

interface Found {
  readonly named: ReadonlySet<string>
  /** Those of them that may be the end of another address, too. */
  readonly doubtful: ReadonlySet<string>
  /** Whether something that looks like an address is none of these. */
  readonly hasOthers: boolean
}

const domainRun = /\[[^\]\s]{1,60}\]|[\p{L}\p{M}\p{N}._。．｡－﹣-]{1,255}/uy
/** What cannot be in a local part unless it is quoted. */
const endOfLocal = /[\s"<>(),:;@\\[\]]/
const maxLocalLength = 320
/** What surely goes on with the local part. */
const partOfWord = /[a-z0-9._+-]/
/** What can be part of it as well (RFC 5322 §3.2.3, RFC 6531): `o'brien@…` is not `brien@…`, and `收件人ann@…` may be `ann@…`. */
const perhapsPartOfWord = /[\p{L}\p{M}\p{N}!#$%&'*/=?^`{|}~]$/u
/** Whom an emailId names begins behind it: `…-inbound0$ann@example.com`. */
const endOfEmailId = /inbound\d{1,4}\$$/

function addressesIn(given: string, addresses: ReadonlySet<string>): Found {
  const text = given.normalize('NFC').toLowerCase()
  const known = localsByDomain(addresses)
  const named = new Set<string>()
  const doubtful = new Set<string>()
  let hasOthers = false
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    const before = text[at - 1] ?? ' '
    if (before !== '"' && endOfLocal.test(before)) continue
    const domains = domainsAt(text, at + 1)
    const ours = domains.flatMap((domain) => addressBefore(text, at, domain, known.get(domain)) ?? [])
    for (const { address, isDoubtful } of ours) {
      named.add(address)
      if (isDoubtful) doubtful.add(address)
    }
    if (ours.some(({ isDoubtful }) => isDoubtful)) hasOthers = true
    if (ours.length === 0 && domains.some((domain) => /[.[]/.test(domain))) hasOthers = true
  }
  return { named, doubtful, hasOthers }
}

/** The local parts of a domain, by their length: so that few places of a text are looked at. */
type Locals = ReadonlyMap<number, ReadonlySet<string>>

const localsOf = new WeakMap<ReadonlySet<string>, ReadonlyMap<string, Locals>>()

function localsByDomain(addresses: ReadonlySet<string>): ReadonlyMap<string, Locals> {
  const cached = localsOf.get(addresses)
  if (cached) return cached
  const byDomain = new Map<string, Map<number, Set<string>>>()
  for (const address of addresses) {
    const at = address.lastIndexOf('@')
    const local = address.slice(0, at)
    const domain = address.slice(at + 1)
    const locals = byDomain.get(domain) ?? new Map<number, Set<string>>()
    byDomain.set(domain, locals)
    locals.set(local.length, (locals.get(local.length) ?? new Set()).add(local))
  }
  localsOf.set(addresses, byDomain)
  return byDomain
}

/** The known address of a domain that ends there; `undefined` if it is another one. */
function addressBefore(
  text: string,
  end: number,
  domain: string,
  known: Locals | undefined,
): { readonly address: string; readonly isDoubtful: boolean } | undefined {
  if (known === undefined) return undefined
  if (text[end - 1] === '"') {
    const address = recipientOf(`${quotedLocal(text, end)}@${domain}`) ?? ''
    const local = address.slice(0, -domain.length - 1)
    return known.get(local.length)?.has(local) ? { address, isDoubtful: false } : undefined
  }
  for (const [length, locals] of known) {
    const from = end - length
    if (!locals.has(text.slice(Math.max(0, from), end))) continue
    // A character beyond U+FFFF ends with half a pair.
    const before = text.slice(Math.max(0, from - 16), Math.max(0, from))
    if (partOfWord.test(before.at(-1) ?? ' ')) continue
    const isDoubtful = !endOfEmailId.test(before) && perhapsPartOfWord.test(before)
    return { address: `${text.slice(from, end)}@${domain}`, isDoubtful }
  }
  return undefined
}

/** A quoted local part, which may not need its quotes; empty where it does not begin. */
function quotedLocal(text: string, end: number): string {
  const first = Math.max(0, end - maxLocalLength)
  for (let from = end - 2; from >= first; from -= 1) {
    if (text[from] === '"' && text[from - 1] !== '\\') return text.slice(from, end)
  }
  return ''
}

/** The domain as it stands there, and as the tables store it. Chinese text may follow without a blank. */
function domainsAt(text: string, from: number): readonly string[] {
  domainRun.lastIndex = from
  const run = domainRun.exec(text)?.[0]
  if (run === undefined) return []
  const ascii = withoutEnd(/^[a-z0-9._-]*/.exec(run)?.[0] ?? '', '._-')
  if (/^[a-z0-9._-]+$/.test(run)) return ascii === '' ? [] : [ascii]
  const whole = canonicalOf(withoutEnd(run, '._。．｡－﹣-'))
  return [...new Set([ascii, whole ?? ''])].filter((domain) => domain !== '')
}

/** A pattern for the end would look for it from each place. */
function withoutEnd(text: string, marks: string): string {
  let end = text.length
  while (end > 0 && marks.includes(text[end - 1] ?? '')) end -= 1
  return text.slice(0, end)
}

/** Domains that were read lately: a body that repeats one must not cost what reading it each time takes. */
const canonicalDomains = new Map<string, string | undefined>()
const mostDomains = 1_000

function canonicalOf(domain: string): string | undefined {
  if (canonicalDomains.has(domain)) return canonicalDomains.get(domain)
  if (canonicalDomains.size >= mostDomains) canonicalDomains.clear()
  const canonical = canonicalDomain(domain)
  canonicalDomains.set(domain, canonical)
  return canonical
}

/** Fields of ours, or of nobody: who sent the mail, and ids that look like addresses. Without case, `_` and `-`. */
const fieldsOfNobody: ReadonlySet<string> = new Set(
  [
    ...['from', 'fromName', 'fromDomain', 'FromEmailAddress', 'sender'],
    ...['messageId', 'bulkId', 'references', 'inReplyTo'],
  ].map((name) => name.toLowerCase()),
)

function concernsOthers(text: string, contentType: string, named: ReadonlySet<string>): boolean {
  const parsed = parsedBody(text, contentType)
  if (parsed === undefined) return decodings(text).some((one) => addressesIn(one, named).hasOthers)
  // An element may be about somebody whose address cannot be read.
  const isSilent = (element: unknown) =>
    !textsIn(element).some((one) =>
      decodings(one).some((decoded) => addressesIn(decoded, named).named.size > 0),
    )
  if (Array.isArray(parsed) && parsed.some(isSilent)) return true
  return textsIn(parsed).some((one) =>
    decodings(one)
      .slice(0, -1)
      .some((decoded) => addressesIn(decoded, named).hasOthers),
  )
}

/** A body that is JSON or a form; `undefined` where it is neither. */
function parsedBody(text: string, contentType: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    const isForm = /^[^\s=&]+=\S*$/.test(text) && !/multipart|json/i.test(contentType)
    return isForm ? Object.fromEntries(pairsIn(text)) : undefined
  }
}

function pairsIn(text: string): readonly (readonly [string, readonly string[]])[] {
  const byName = Map.groupBy(new URLSearchParams(text), ([name]) => name)
  return [...byName].map(([name, pairs]) => [name, pairs.map(([, value]) => value)])
}

/** Every text in a value but those of {@link fieldsOfNobody}, names of fields included. */
function textsIn(value: unknown): readonly string[] {
  const texts: string[] = []
  const left: unknown[] = [value]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next === 'string') texts.push(next)
    if (typeof next !== 'object' || next === null) continue
    for (const [name, inner] of Object.entries(next) as [string, unknown][]) {
      if (!fieldsOfNobody.has(name.toLowerCase().replace(/[_-]/g, ''))) left.push(inner ?? '', name)
    }
  }
  return texts
}

const messageIds = /qcloudses-[\w-]{1,200}-date-\d{14}-|\d{13}_[\d_]{1,200}\.sc-/g

function earliestSentAt(texts: readonly string[]): number | undefined {
  const ids = texts.flatMap((text) => text.match(messageIds) ?? [])
  const instants = ids.flatMap((id) => sentAtOf(id) ?? claimedSentAtOf(id) ?? [])
  return instants.reduce<number | undefined>(
    (earliest, instant) => (earliest === undefined ? instant : Math.min(earliest, instant)),
    undefined,
  )
}
