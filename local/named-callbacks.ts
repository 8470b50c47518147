import { AsyncLocalStorage } from 'node:async_hooks'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { maskedAddress } from '../lib/core/address.ts'
import type { DeliveryKey } from '../lib/core/delivery.ts'
import { requestOf, type FunctionUrlHandler } from '../lib/runtime/http/function-url.ts'
import type { Log } from '../lib/runtime/ports.ts'
import { text } from '../lib/table/attributes.ts'
import type { TableNames } from '../lib/store/ports.ts'

// On the local stack one wants to see which mail a callback is about. A log that is kept names no address, so that is
// no matter of the ingest function: it is read off what the function writes.

/** What one request has written. */
interface Written {
  readonly deliveries: Map<string, DeliveryKey>
  quarantined?: string
}

interface NamedCallbacks {
  /** For the function: its log lines of callbacks get the names of the mail, and of what is in quarantine. */
  readonly log: Log
  /** The function, with what it takes to know of which request it logs. */
  readonly around: (handler: FunctionUrlHandler) => FunctionUrlHandler
}

interface Watched {
  /** With which the function writes. */
  readonly client: DynamoDBClient
  readonly tables: TableNames
  readonly log: Log
  /** Called with the deliveries that an application recorded, once they are written. */
  readonly onSends?: ((deliveries: readonly DeliveryKey[]) => void) | undefined
}

export function namedCallbacks({ client, tables, log, onSends }: Watched): NamedCallbacks {
  const underway = new AsyncLocalStorage<Written>()
  watchWrites(client, (input) => {
    const written = underway.getStore()
    if (written) note(input, tables, written)
  })
  return {
    log(event, fields = {}) {
      const written = underway.getStore()
      log(event, event === 'callback' && written ? { ...fields, ...namesOf(written) } : fields)
    },
    around: (handler) => async (event, context) => {
      const written: Written = { deliveries: new Map() }
      const result = await underway.run(written, () => handler(event, context))
      const isOfSends = requestOf(event).path.split('/').includes('sent')
      if (isOfSends && result.statusCode === 200) onSends?.([...written.deliveries.values()])
      return result
    },
  }
}

function watchWrites(client: DynamoDBClient, see: (input: unknown) => void): void {
  client.middlewareStack.add(
    (next) => (args) => {
      see(args.input)
      return next(args)
    },
    { step: 'initialize' },
  )
}

const ofDelivery = v.object({ TableName: v.string(), Key: v.object({ recipient: text, message: text }) })
const ofHead = v.object({ TableName: v.string(), Key: v.object({ id: text }) })

function note(input: unknown, tables: TableNames, written: Written): void {
  if (v.is(ofDelivery, input)) {
    const { TableName, Key } = v.parse(ofDelivery, input)
    if (TableName === tables.deliveries) written.deliveries.set(`${Key.message} ${Key.recipient}`, Key)
  } else if (v.is(ofHead, input)) {
    const { TableName, Key } = v.parse(ofHead, input)
    if (TableName === tables.quarantine) written.quarantined = Key.id
  }
}

function namesOf({ deliveries, quarantined }: Written): Readonly<Record<string, unknown>> {
  const [first, ...others] = deliveries.values()
  return {
    message: first?.message,
    recipient:
      first && `${maskedAddress(first.recipient)}${others.length === 0 ? '' : ` and ${others.length} more`}`,
    // As many digits as `ledger quarantine` shows.
    id: quarantined?.slice(0, 12),
  }
}
