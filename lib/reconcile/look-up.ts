import { nameOf, type DeliveryKey } from '../core/delivery.ts'
import { requestDateOf } from '../core/instant.ts'
import { possibleRequestDates } from '../core/sweep-plan.ts'
import type { DeliveryReader } from '../ledger/ports.ts'
import type { PageReader } from './page-reader.ts'
import { pageRows, type StatusApi, type StatusQuery } from './ports.ts'
import type { RowRepairs } from './repair-rows.ts'

/** How many deliveries one look-up can name: as many as a page of the answer has rows. */
const maxNamedDeliveries = pageRows

interface Dependencies {
  readonly reader: PageReader
  readonly repairs: RowRepairs
  readonly deliveries: Pick<DeliveryReader, 'rowsOf'>
  readonly lookUpsBy: StatusApi['lookUpsBy']
}

/** A message to be looked up. */
interface Message {
  readonly message: string
  readonly sentAtMs: number
  /** Its recipients whose look-up is due. */
  readonly deliveries: readonly DeliveryKey[]
}

/**
 * Asks for messages under each date that may list them, until one does. `false` where a request stayed unanswered.
 * @param messages - some of one of the {@link lookUpBatches}
 */
export async function lookUp(
  deps: Dependencies,
  messages: readonly [Message, ...Message[]],
): Promise<boolean> {
  const dates = new Set(messages.flatMap(({ sentAtMs }) => possibleRequestDates(sentAtMs)))
  for (const requestDate of dates) {
    const ofDate = messages.filter(({ sentAtMs }) => possibleRequestDates(sentAtMs).includes(requestDate))
    const listed = await lookUpUnder(deps, requestDate, ofDate)
    if (listed === 'unanswered') return false
    if (deps.lookUpsBy === 'message' ? listed : unseenOf(deps, messages).length === 0) return true
  }
  return true
}

/** Asks under one date. Returns whether it lists any of them. */
async function lookUpUnder(
  deps: Dependencies,
  requestDate: string,
  messages: readonly Message[],
): Promise<boolean | 'unanswered'> {
  let isListed = false
  for (const filter of await filtersFor(deps, messages)) {
    const unlisted = new Set(filter.emailIds)
    for await (const page of deps.reader.pages({ requestDate, offset: 0, ...filter })) {
      if (page === 'unanswered') return page
      isListed ||= page.deliveries.length + page.unreadable.length > 0
      for (const { emailId = '' } of page.deliveries) unlisted.delete(emailId)
      // A full page may be all there is: whoever asks for a hundred deliveries need not ask whether there are more.
      if (filter.emailIds && unlisted.size === 0) break
    }
  }
  return isListed
}

/**
 * The messages that one look-up can name each, in the order of the first of each. Those that the same date is likeliest to list share
 * one, up to a page of deliveries, where the provider is asked by emailId; where it has no look-ups, there are none.
 */
export function lookUpBatches<T extends Message>(
  lookUpsBy: StatusApi['lookUpsBy'],
  messages: readonly T[],
): readonly (readonly [T, ...T[]])[] {
  if (lookUpsBy === 'nothing') return []
  if (lookUpsBy === 'message') return messages.map((message) => [message])
  const batches: [T, ...T[]][] = []
  const open = new Map<string, { readonly batch: T[]; size: number }>()
  for (const message of messages) {
    const date = requestDateOf(message.sentAtMs)
    const size = message.deliveries.length
    const known = open.get(date)
    if (known && known.size + size <= maxNamedDeliveries) {
      known.batch.push(message)
      known.size += size
      continue
    }
    const batch: [T, ...T[]] = [message]
    batches.push(batch)
    open.set(date, { batch, size })
  }
  return batches
}

type Filter = Pick<StatusQuery, 'messageId' | 'emailIds' | 'recipient'>

/** What each request of a look-up asks for: of the deliveries that were reported already, nothing. */
async function filtersFor(deps: Dependencies, messages: readonly Message[]): Promise<readonly Filter[]> {
  if (deps.lookUpsBy === 'message') return messages.map(({ message }) => ({ messageId: message }))
  const unseen = unseenOf(deps, messages)
  const rows = unseen.length === 0 ? [] : await deps.deliveries.rowsOf(unseen)
  const emailIds = rows.flatMap((row) => row.emailIds)
  const named = new Set(rows.filter((row) => row.emailIds.length > 0).map(nameOf))
  const unnamed = new Set(unseen.filter((key) => !named.has(nameOf(key))).map(({ recipient }) => recipient))
  const parts = Array.from({ length: Math.ceil(emailIds.length / maxNamedDeliveries) }, (_, part) => ({
    emailIds: emailIds.slice(part * maxNamedDeliveries, (part + 1) * maxNamedDeliveries),
  }))
  return [...parts, ...[...unnamed].map((recipient) => ({ recipient }))]
}

function unseenOf({ repairs }: Dependencies, messages: readonly Message[]): readonly DeliveryKey[] {
  return messages.flatMap(({ deliveries }) => deliveries.filter((key) => !repairs.hasSeen(key)))
}
