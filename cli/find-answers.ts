import { firstOf } from '../lib/core/first-items.ts'
import type { DeliveryKey } from '../lib/core/delivery.ts'
import type { StoredInboundMail } from '../lib/ledger/ports.ts'
import type { OpenLedger } from './open-ledger.ts'

/**
 * Mails in reply to the delivery, or to the message if the sender is unknown.
 * @param most - of the replies to the message, as many are read. Default: all.
 */
export async function findAnswers(
  { store }: OpenLedger,
  { message, recipient }: DeliveryKey,
  most = Infinity,
): Promise<{ readonly mails: readonly StoredInboundMail[]; readonly isCut: boolean }> {
  const { items, isCut } = await firstOf(store.inboundReader().answering(message), most)
  return {
    mails: items.filter(({ answeredRecipient = recipient }) => answeredRecipient === recipient),
    isCut,
  }
}
