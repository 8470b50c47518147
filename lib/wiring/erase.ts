import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { defaultBlocklistDays } from '../core/suppression.ts'
import type { EraseAgainDependencies } from '../erase/erase-again.ts'
import type { Clock, Log } from '../runtime/ports.ts'
import { inboundEraser, quarantineEraser } from '../table/body-eraser.ts'
import { deliveryEraser } from '../table/delivery-eraser.ts'
import type { TableNames } from '../table/names.ts'
import { suppressionEraser } from '../table/suppression-eraser.ts'
import { tombstones } from '../table/tombstones.ts'

/** What erasing works with, in one deployment's tables. */
export function eraseWiring(
  names: TableNames,
  {
    client,
    clock,
    log,
    blocklistDays = defaultBlocklistDays,
  }: {
    readonly client: DynamoDBClient
    readonly clock: Clock
    readonly log: Log
    readonly blocklistDays?: number
  },
): EraseAgainDependencies {
  return {
    tables: {
      deliveries: deliveryEraser({ client, table: names.deliveries }),
      suppressions: suppressionEraser({ client, table: names.suppressions, clock }),
      inbound: inboundEraser({ client, table: names.inbound }),
      quarantine: quarantineEraser({ client, table: names.quarantine }),
    },
    tombstones: tombstones({ client, table: names.deliveries, clock }),
    clock,
    log,
    blocklistDays,
  }
}
