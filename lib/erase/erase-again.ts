import { dayMs, hourMs, minuteMs } from '../core/instant.ts'
import { errorName } from '../runtime/error-name.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import {
  eraseMails,
  erasedNothing,
  reduceSuppression,
  removeBodies,
  type EraseDependencies,
  type ErasedCounts,
} from './erase.ts'
import { bodyOf, judgementOf, keptOf, peopleAmong } from './find.ts'
import { mentionsIn } from './mentions.ts'
import { mostWaiting, type KeptHead, type QuarantinedHead, type Tombstone } from './ports.ts'

export interface EraseAgainDependencies extends EraseDependencies {
  readonly clock: Clock
  readonly log: Log
}

/** Tombstones that one run goes through; where there are more, each run takes those behind the ones of the run before. */
const mostInRun = 1_000

/** How often runs begin. */
const betweenRunsMs = 5 * minuteMs

/** Bodies that came into quarantine lately and are looked at by one run: the latest. */
const mostBodies = 300

/** How long runs look at a body that came in: three where they are hourly, so that one may fail. */
const lookedAtMs = 3 * hourMs

/** For how long a provider may still try to deliver a mail that came in before the erasure: SendCloud for some hours. */
const inboundMs = dayMs

/**
 * The tombstones that live, and the quarantined bodies that the run looks at. Asked before what is unfinished is written, since
 * that resolves it.
 */
export async function toEraseAgain({
  tables: { quarantine },
  tombstones,
  clock,
  log,
}: EraseAgainDependencies): Promise<{
  readonly erased: readonly Tombstone[]
  readonly bodies: readonly string[]
}> {
  const erased = await tombstones.live()
  if (erased.length === 0) return { erased, bodies: [] }
  // Whatever is wrong with the quarantine, the poll goes on without those that were erased.
  const latest = await quarantine.openSince(clock.now() - lookedAtMs).catch((error: unknown) => {
    log('open bodies not looked at', { error: errorName(error) })
    return []
  })
  const waiting = erased.flatMap((tombstone) => tombstone.waiting)
  return { erased, bodies: [...new Set([...latest.slice(0, mostBodies), ...waiting])] }
}

/**
 * Erases again what has come back of mails that were sent before the erasures, and the bodies that no longer wait for others.
 * One tombstone that fails keeps no other from it. Logs counts, no address. Returns what failed.
 */
export async function eraseAgain(
  deps: EraseAgainDependencies,
  tombstones: readonly Tombstone[],
  { bodies, untilMs }: { readonly bodies: readonly string[]; readonly untilMs: number },
): Promise<readonly unknown[]> {
  if (tombstones.length === 0) return []
  const failures: unknown[] = []
  const isGoingOn = () => deps.clock.now() < untilMs
  const attempt = async (work: () => Promise<Partial<ErasedCounts>>) => {
    if (!isGoingOn()) return {}
    return work().catch((error: unknown) => {
      failures.push(error)
      return {}
    })
  }
  const inTurn = turnOf(tombstones, deps.clock.now())
  let counts = erasedNothing
  for (const tombstone of inTurn)
    counts = sum(counts, await attempt(() => eraseRows(deps, tombstone, isGoingOn)))
  counts = sum(
    counts,
    await attempt(() => eraseBodies(deps, tombstones, { ids: bodies, isGoingOn, failures })),
  )
  counts = sum(counts, await attempt(() => eraseInbound(deps, tombstones, isGoingOn)))
  if (!isGoingOn()) deps.log('not all looked at', { consequence: 'the next run goes on erasing' })
  if (Object.values(counts).some((count) => count > 0)) deps.log('erased again', { ...counts })
  if (failures.length > 0) {
    deps.log('not erased again', { failures: failures.length, error: errorName(failures[0]) })
  }
  return failures
}

/** As many of them as a run goes through, from another place each time. */
function turnOf(tombstones: readonly Tombstone[], nowMs: number): readonly Tombstone[] {
  // One address whose rows take all of the time must not keep the others from it.
  const step = tombstones.length <= mostInRun ? 1 : mostInRun
  const turn = Math.floor(nowMs / betweenRunsMs)
  // By 13 where runs are hourly: by 12 some would always be first.
  const from = ((turn + Math.floor(nowMs / hourMs)) * step) % tombstones.length
  return [...tombstones.slice(from), ...tombstones.slice(0, from)].slice(0, mostInRun)
}

async function eraseRows(
  deps: EraseDependencies,
  tombstone: Tombstone,
  isGoingOn: () => boolean,
): Promise<Partial<ErasedCounts>> {
  const mails = await eraseMails(deps, tombstone, isGoingOn)
  const isReduced = await reduceSuppression(deps, tombstone, tombstone.isSuppressionKept ? 'held' : 'listed')
  return { ...mails, suppressions: isReduced ? 1 : 0 }
}

/** Mails that came in before the erasure, and were delivered to us after it. */
async function eraseInbound(
  { tables: { inbound }, clock }: EraseDependencies,
  tombstones: readonly Tombstone[],
  isGoingOn: () => boolean,
): Promise<Partial<ErasedCounts>> {
  // The replay of a body that waited writes the mail that it holds.
  const fresh = tombstones.filter(
    ({ erasedAtMs, waiting }) => clock.now() - erasedAtMs < inboundMs || waiting.length > 0,
  )
  if (fresh.length === 0) return {}
  const addresses = addressesOf(fresh)
  const erasedAt = new Map(fresh.map(({ recipient, erasedAtMs }) => [recipient, erasedAtMs]))
  const found: KeptHead[] = []
  for await (const { items } of inbound.heads()) {
    for (const head of items) {
      const { receivedAtMs = -Infinity } = head
      const isBefore = (recipient: string) => receivedAtMs < (erasedAt.get(recipient) ?? -Infinity)
      if (head.isHalfRemoved || peopleAmong(head.people, addresses).some(isBefore)) found.push(keptOf(head))
    }
    if (!isGoingOn()) break
  }
  return { inbound: await removeBodies(inbound, found, isGoingOn) }
}

interface BodiesToErase {
  readonly ids: readonly string[]
  readonly isGoingOn: () => boolean
  /** One body that cannot be read keeps no other from it. */
  readonly failures: unknown[]
}

async function eraseBodies(
  { tables: { quarantine }, tombstones: store, log }: EraseAgainDependencies,
  tombstones: readonly Tombstone[],
  { ids, isGoingOn, failures }: BodiesToErase,
): Promise<Partial<ErasedCounts>> {
  const found: KeptHead[] = []
  const waiting = new Map(tombstones.map((tombstone) => [tombstone, new Set(tombstone.waiting)]))
  const addresses = addressesOf(tombstones)
  for (const id of ids) {
    if (!isGoingOn()) break
    try {
      const { head, judgement, ofWhom } = await judgedBody(quarantine, id, { tombstones, addresses })
      if (head && judgement === 'erase') found.push(keptOf(head))
      for (const [tombstone, bodies] of waiting) {
        if (judgement === 'wait' && ofWhom.includes(tombstone)) bodies.add(id)
        else bodies.delete(id)
      }
    } catch (error) {
      failures.push(error)
    }
  }
  const quarantined = await removeBodies(quarantine, found, () => true)
  for (const [tombstone, bodies] of waiting) {
    if (bodies.size > mostWaiting) log('bodies not waited for', { bodies: bodies.size - mostWaiting })
    const left = [...bodies].sort().slice(0, mostWaiting)
    if (left.join() !== tombstone.waiting.join()) await store.wait(tombstone, left)
  }
  return { quarantined }
}

async function judgedBody(
  quarantine: EraseDependencies['tables']['quarantine'],
  id: string,
  erased: Erased,
): Promise<JudgedBody & { readonly head?: QuarantinedHead }> {
  const head = await quarantine.head(id)
  if (!head) return { judgement: 'none', ofWhom: [] }
  return { head, ...judgedAgain(await bodyOf(quarantine, head), head, erased) }
}

interface Erased {
  readonly tombstones: readonly Tombstone[]
  /** Of all of them. */
  readonly addresses: ReadonlySet<string>
}

interface JudgedBody {
  readonly judgement: ReturnType<typeof judgementOf>
  readonly ofWhom: readonly Tombstone[]
}

/** A body about mails that were all sent after an erasure is none of those that it erases. */
function judgedAgain(body: Uint8Array, head: QuarantinedHead, { tombstones, addresses }: Erased): JudgedBody {
  const { named, namesOthers, sentAtMs = -Infinity } = mentionsIn(body, head.contentType, addresses)
  const ofNamed = tombstones.filter(({ recipient }) => named.has(recipient))
  const ofWhom = ofNamed.filter(({ erasedAtMs }) => sentAtMs < erasedAtMs)
  // Somebody who is mailed again is one of the others.
  const hasOthers = namesOthers || ofWhom.length < ofNamed.length
  return { judgement: judgementOf(head, ofWhom.length > 0, hasOthers), ofWhom }
}

function addressesOf(tombstones: readonly Tombstone[]): ReadonlySet<string> {
  return new Set(tombstones.map(({ recipient }) => recipient))
}

function sum(one: ErasedCounts, other: Partial<ErasedCounts>): ErasedCounts {
  return {
    mails: one.mails + (other.mails ?? 0),
    mailRows: one.mailRows + (other.mailRows ?? 0),
    suppressions: one.suppressions + (other.suppressions ?? 0),
    inbound: one.inbound + (other.inbound ?? 0),
    quarantined: one.quarantined + (other.quarantined ?? 0),
  }
}
