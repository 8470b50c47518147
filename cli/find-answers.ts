import type { DeliveryKey } from '../lib/core/delivery.ts'
import type { StoredInboundMail } from '../lib/ledger/ports.ts'
import type { OpenLedger } from './open-ledger.ts'

/** Mails in reply to the delivery, or to the message if the sender is unknown. */
export async function findAnswers(
  { store }: OpenLedger,
  { message, recipient }: DeliveryKey,
): Promise<readonly StoredInboundMail[]> {
  const mails = await Array.fromAsync(store.inboundReader().answering(message))
  return mails.filter(({ answeredRecipient = recipient }) => answeredRecipient === recipient)
}
