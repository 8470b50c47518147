import type { DeliveryKey } from '../lib/core/delivery.ts'
import type { StoredInboundMail } from '../lib/ledger/ports.ts'
import { inboundMailReader } from '../lib/table/inbound-reader.ts'
import type { OpenLedger } from './open-ledger.ts'

/** Mails in reply to the delivery, or to the message if the sender is unknown. */
export async function findAnswers(
  { client, tables, clock, log }: OpenLedger,
  { message, recipient }: DeliveryKey,
): Promise<readonly StoredInboundMail[]> {
  const reader = inboundMailReader({ client, table: tables.inbound, clock, log })
  const mails = await Array.fromAsync(reader.answering(message))
  return mails.filter(({ answeredRecipient = recipient }) => answeredRecipient === recipient)
}
