import type { Suppression } from '../core/suppression.ts'
import type { BodyEraser, BodyRow, ErasableTables, KeptHead, QuarantinedHead } from './ports.ts'
import { mentionsIn, namedIn } from './mentions.ts'

/** What there is about an address. */
export interface Found {
  /** Mails to it, and the rows in which these are kept. */
  readonly mails: number
  readonly mailRows: number
  readonly suppression: Suppression | undefined
  /** Mails from it, to it, or in answer to one to it. */
  readonly inbound: readonly KeptHead[]
  /** Bodies that name it. */
  readonly quarantined: readonly KeptHead[]
  /** Bodies that name others, too, and are not resolved: what they say of others is recorded nowhere else yet. */
  readonly waiting: readonly string[]
  /** Whether there is more than one erasure takes on: {@link mostBodies}. */
  readonly hasMore: boolean
}

/** Bodies of one table that an erasure takes on: it holds their ids. */
const mostBodies = 10_000

/** What a kept body is to an erasure. */
type Judgement = 'none' | 'erase' | 'wait'

interface Search {
  readonly signal: AbortSignal
  /** Called with how many rows were read since the last time. */
  readonly onRows: (rows: number) => void
}

/**
 * Looks for everything about an address: its partition of deliveries, its suppression, and all inbound mails and quarantined
 * bodies, which no index has by address. `undefined` if the signal ended it.
 */
export async function find(
  tables: ErasableTables,
  recipient: string,
  search: Search,
): Promise<Found | undefined> {
  const addresses = new Set([recipient])
  let mails = 0
  let mailRows = 0
  for await (const { rows } of tables.deliveries.ofRecipient(recipient)) {
    if (search.signal.aborted) return undefined
    mails += 1
    mailRows += rows.length
  }
  const suppression = await tables.suppressions.ofRecipient(recipient)
  const inbound = await bodiesOf(tables.inbound, search, {
    ofHead: ({ people }) => peopleAmong(people, addresses).length > 0,
    ofLooseParts: (body) => mentionsIn(body, '', addresses).named.size > 0,
  })
  const waiting: string[] = []
  const quarantined = await bodiesOf(tables.quarantine, search, {
    ofHead: async (head) => {
      // One that cannot be searched must not keep the others from it: it is named, and the command ends with 1.
      const judgement = await judged(tables.quarantine, head, addresses).catch(() => 'wait' as const)
      if (judgement === 'wait') waiting.push(head.id)
      return judgement === 'erase'
    },
    ofLooseParts: (body) => {
      const { named, namesOthers } = mentionsIn(body, '', addresses)
      return named.size > 0 && !namesOthers
    },
  })
  if (search.signal.aborted) return undefined
  const hasMore = [inbound, quarantined, waiting].some(({ length }) => length > mostBodies)
  return {
    mails,
    mailRows,
    suppression,
    inbound: inbound.slice(0, mostBodies),
    quarantined: quarantined.slice(0, mostBodies),
    waiting: waiting.slice(0, mostBodies).sort(),
    hasMore,
  }
}

/** Which of the addresses are in any of these fields, in whatever spelling, with or without a name. */
export function peopleAmong(fields: readonly string[], addresses: ReadonlySet<string>): readonly string[] {
  return fields.flatMap((field) => [...namedIn(field, addresses)])
}

/** A body that others may still need is not erased: one that is open, and names others as well. */
async function judged(
  quarantine: Pick<BodyEraser<QuarantinedHead>, 'partsOf'>,
  head: QuarantinedHead,
  addresses: ReadonlySet<string>,
): Promise<Judgement> {
  const { named, namesOthers } = mentionsIn(await bodyOf(quarantine, head), head.contentType, addresses)
  return judgementOf(head, named.size > 0, namesOthers)
}

export async function bodyOf(
  quarantine: Pick<BodyEraser<QuarantinedHead>, 'partsOf'>,
  head: QuarantinedHead,
): Promise<Uint8Array> {
  return head.body ?? (await quarantine.partsOf(head))
}

/** @param isNamed - whether it names an address that is erased */
export function judgementOf(
  { isOpen, isHalfRemoved }: QuarantinedHead,
  isNamed: boolean,
  namesOthers: boolean,
): Judgement {
  if (isHalfRemoved) return 'erase'
  if (!isNamed) return 'none'
  return isOpen && namesOthers ? 'wait' : 'erase'
}

interface Judge<Head> {
  readonly ofHead: (head: Head) => boolean | Promise<boolean>
  /** Parts that no head names, as a write that was broken off leaves them: nothing shows them to anybody. */
  readonly ofLooseParts: (body: Uint8Array) => boolean
}

async function bodiesOf<Head extends KeptHead>(
  table: BodyEraser<Head>,
  search: Search,
  judge: Judge<Head>,
): Promise<readonly KeptHead[]> {
  const { signal, onRows } = search
  const found: KeptHead[] = []
  const seen: SeenParts = { heads: new Set(), parts: new Map() }
  for await (const { items, rows } of table.pages()) {
    for (const row of items) {
      if (signal.aborted) return found
      note(row, seen)
      if ('head' in row && (await isWanted(row.head, judge))) found.push(keptOf(row.head))
    }
    onRows(rows)
    if (found.length > mostBodies) return found
  }
  for (const [id, parts] of seen.parts) {
    if (signal.aborted) return found
    const loose = { id, parts, isHalfRemoved: false, isLoose: true }
    if (!seen.heads.has(id) && (await isLoose(table, loose, judge))) found.push(loose)
  }
  return found
}

/** Of bodies in parts: the heads that were read, and how many parts of each body. */
interface SeenParts {
  readonly heads: Set<string>
  readonly parts: Map<string, number>
}

function note<Head extends KeptHead>(row: BodyRow<Head>, { heads, parts }: SeenParts): void {
  if ('partOf' in row) parts.set(row.partOf, Math.max(row.number, parts.get(row.partOf) ?? 0))
  else if (row.head.parts > 0) heads.add(row.head.id)
}

function isWanted<Head extends KeptHead>(head: Head, judge: Judge<Head>): boolean | Promise<boolean> {
  return head.isHalfRemoved || judge.ofHead(head)
}

async function isLoose<Head extends KeptHead>(
  table: BodyEraser<Head>,
  parts: KeptHead,
  judge: Judge<Head>,
): Promise<boolean> {
  // Its head may have been written by now.
  return judge.ofLooseParts(await table.partsOf(parts)) && (await table.head(parts.id)) === undefined
}

/** Without the body. */
export function keptOf({ id, parts, isHalfRemoved, lastSeenAt }: KeptHead): KeptHead {
  return { id, parts, isHalfRemoved, ...(lastSeenAt !== undefined && { lastSeenAt }) }
}
