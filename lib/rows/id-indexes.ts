import { createHash } from 'node:crypto'
import type { DeliveryKey } from '../core/delivery.ts'
import type { DeliveryEvent } from '../core/event.ts'
import { claimedSentAtOf, sentAtOf } from '../core/message.ts'
import { shardOf } from '../core/shard.ts'
import { oneLine } from '../core/text.ts'
import type { IndexedIds } from '../store/ports.ts'

// Ids that are no keys, and the indexes in which a deployment may have them (docs/adr/0013).

export const noIndexedIds: IndexedIds = { ownIdHeaders: [], isRfcMessageIdIndexed: false }

export const idIndexes = {
  ownId: { index: 'byOwnId', attribute: 'ownId' },
  rfcMessageId: { index: 'byRfcMessageId', attribute: 'rfcId' },
} as const

export type IdIndex = (typeof idIndexes)[keyof typeof idIndexes]

/** What many mails share is no id; so a look-up reads no more deliveries than this. */
export const usualMaxFound = 500

/** The latest first, as far as their messages show it. */
export function latestFirst(keys: readonly DeliveryKey[]): readonly DeliveryKey[] {
  const sentAt = ({ message }: DeliveryKey) => sentAtOf(message) ?? claimedSentAtOf(message) ?? 0
  return keys.toSorted((one, other) => sentAt(other) - sentAt(one))
}

/** An id that many mails share, such as a campaign's, would else be one partition, which takes 1,000 writes a second. */
const idShards = 8

/** An index refuses a write whose key is empty or has more than 2,048 bytes. Nobody's id is as long as this. */
const maxIdBytes = 1_024

/** The attributes by which the event's delivery stands in the indexes of ids: a pure function of the event. */
export function idAttributesOf(
  event: DeliveryEvent,
  indexed: IndexedIds,
): readonly (readonly [name: string, value: string])[] {
  const { ownId, rfcMessageId } = idIndexes
  const ids = [
    [ownId.attribute, ownIdOf(event, indexed.ownIdHeaders)],
    [rfcMessageId.attribute, indexed.isRfcMessageIdIndexed ? event.columns.rfcMessageId : undefined],
  ] as const
  return ids.flatMap(([attribute, id = '']) => {
    const key = keyOf(id)
    return key === '' ? [] : [[attribute, partition(key, shardOf(event.recipient, idShards))] as const]
  })
}

/** Every partition of an index of ids that has mails with this id; none for a text that can be none. */
export function idPartitionsOf(id: string): readonly string[] {
  const key = keyOf(id)
  return key === '' ? [] : Array.from({ length: idShards }, (_, shard) => partition(key, shard))
}

function ownIdOf({ headers }: DeliveryEvent, names: readonly string[]): string | undefined {
  if (names.length === 0) return undefined
  const known = [...headers].sort().map(([name, value]) => [name.toLowerCase(), value] as const)
  const values = names.flatMap((name) => known.filter(([header]) => header === name.toLowerCase()))
  return values.find(([, value]) => keyOf(value) !== '')?.[1]
}

/** On one line, as it can be typed. A longer id than the bound is known by its digest, when it is written and when it is asked for. */
function keyOf(id: string): string {
  const line = oneLine(id)
  const isShort = Buffer.byteLength(line) <= maxIdBytes
  return isShort ? line : `sha256:${createHash('sha256').update(line).digest('hex')}`
}

function partition(key: string, shard: number): string {
  return `${key}#${String(shard).padStart(2, '0')}`
}
