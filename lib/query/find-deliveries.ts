import { bareAddress, recipientOf } from '../core/address.ts'
import { sentAtOfDelivery, type Delivery } from '../core/delivery.ts'
import { identifierIn, type MessageKey } from '../core/message.ts'
import type { DeliveryReader, OtherIdReader, WhyNotSearched } from '../ledger/ports.ts'
import { emailIdParts } from '../providers/sendcloud/email-id.ts'

type Reader = Pick<DeliveryReader, 'ofRecipient' | 'ofMessage'>

/** An id that only an index has, and that not every deployment has. */
export type OtherId = 'ownId' | 'rfcMessageId'

interface Found {
  readonly deliveries: readonly Delivery[]
  /** Of more deliveries than these only so many, the latest, were read. */
  readonly cutAt?: number
  /** The ids by which nothing could be searched for, and why. Only asked where nothing else was found. */
  readonly notSearched: ReadonlyMap<OtherId, WhyNotSearched>
}

/**
 * The deliveries that a text of a person names: by address, by MessageId, by SendCloud's emailId, by the sender's own id, or by the RFC
 * Message-ID. What holds an `@` may be any of them: then all are tried, the likeliest first.
 */
export async function findDeliveries(asked: string, reader: Reader & OtherIdReader): Promise<Found> {
  const byKey = await deliveriesByKey(asked, reader)
  const notSearched = new Map<OtherId, WhyNotSearched>()
  if (byKey.length > 0) return { deliveries: byKey, notSearched }
  const lookUps = [
    ['ownId', () => reader.ofOwnId(asked)],
    ['rfcMessageId', () => reader.ofRfcMessageId(readingsOf(asked).bare)],
  ] as const
  for (const [id, lookUp] of lookUps) {
    const found = await lookUp()
    if ('notSearched' in found) notSearched.set(id, found.notSearched)
    else if (found.deliveries.length > 0) return { ...found, notSearched }
  }
  return { deliveries: [], notSearched }
}

async function deliveriesByKey(asked: string, reader: Reader): Promise<readonly Delivery[]> {
  const { bare, message, recipient, isBracketed } = readingsOf(asked)
  const byMessage = () => (message === undefined ? [] : reader.ofMessage(message))
  const byRecipient = () => (recipient === undefined ? [] : reader.ofRecipient(recipient))
  const byEmailId = () => deliveriesOfEmailId(bare, reader)
  if (!bare.includes('@')) return byMessage()
  const lookUps = isBracketed ? [byMessage, byRecipient, byEmailId] : [byRecipient, byEmailId, byMessage]
  for (const lookUp of lookUps) {
    const found = await lookUp()
    if (found.length > 0) return found
  }
  return []
}

/** Those of the message and the recipient that an emailId of SendCloud names; none if it is no emailId. */
async function deliveriesOfEmailId(emailId: string, reader: Reader): Promise<readonly Delivery[]> {
  const named = emailIdParts(emailId)
  if (!named) return []
  const addressee = recipientOf(named.recipient)
  const ofMessage = await reader.ofMessage(named.message)
  return ofMessage.filter(({ recipient }) => recipient === addressee)
}

/** What a text may name. */
interface Readings {
  readonly bare: string
  readonly message: MessageKey | undefined
  readonly recipient: string | undefined
  /** It is in angle brackets, like the id of a mail. */
  readonly isBracketed: boolean
}

export function readingsOf(asked: string): Readings {
  const bare = bareAddress(asked).trim()
  return {
    bare,
    message: identifierIn(asked),
    recipient: recipientOf(bare),
    isBracketed: asked.trimStart().startsWith('<'),
  }
}

interface Latest {
  /** Default: all. */
  readonly limit?: number
  /** Unix milliseconds; default: whenever they were sent. */
  readonly sinceMs?: number
}

/** The latest by when they were sent; of the others only how many there are. */
export function latestDeliveries(
  found: readonly Delivery[],
  { limit = Infinity, sinceMs = -Infinity }: Latest,
): { readonly shown: readonly Delivery[]; readonly earlier: number } {
  const dated = found.map((delivery) => ({ delivery, sentAtMs: sentAtOfDelivery(delivery) ?? 0 }))
  const shown = dated
    .filter(({ sentAtMs }) => sentAtMs >= sinceMs)
    .sort((one, other) => other.sentAtMs - one.sentAtMs || compared(one.delivery, other.delivery))
    .slice(0, limit)
    .map(({ delivery }) => delivery)
  return { shown, earlier: found.length - shown.length }
}

function compared(one: Delivery, other: Delivery): number {
  return one.recipient === other.recipient ? 0 : one.recipient < other.recipient ? -1 : 1
}
