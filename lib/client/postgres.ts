import { minuteMs } from '../core/instant.ts'
import type { DeliveryWriter } from '../ledger/ports.ts'
import { deliveryWriter } from '../postgres/delivery-writer.ts'
import { pgDatabase } from '../postgres/pg-database.ts'
import { requireRowsInSight } from '../postgres/rows-in-sight.ts'
import { tablesIn, type PostgresTables } from '../postgres/schema.ts'
import { suppressionReader } from '../postgres/suppression-rows.ts'
import { systemClock } from '../runtime/clock.ts'
import {
  blocklistDays,
  ConfigError,
  databaseEntries,
  parseEnvironment,
  setVariables,
  tableEntries,
  withUsualSchema,
  type Environment,
} from '../runtime/config.ts'
import { recordSendBy, type Send } from './record-events.ts'
import {
  answerOf,
  isHeld,
  type AskedList,
  type Sending,
  type SuppressionAnswer,
} from './suppression-answers.ts'

// What applications import where rows are in PostgreSQL: its own entry, since it loads `pg`.

/** One statement about one row; the caller waits for it. */
const statementTimeoutMs = 2_000

let tables: PostgresTables | undefined
let list: AskedList | undefined
let deliveries: DeliveryWriter | undefined

/** An application may have a DATABASE_URL of its own. */
function ledgerEnvironment(): Environment {
  const { DELIVERY_LEDGER_DATABASE_URL: url, ...rest } = setVariables(process.env)
  if (url === undefined && rest.DATABASE_URL === undefined) {
    throw new ConfigError(['DELIVERY_LEDGER_DATABASE_URL: is not set, nor is DATABASE_URL'])
  }
  return withUsualSchema(url === undefined ? rest : { ...rest, DATABASE_URL: url })
}

function openTables(environment: Environment): PostgresTables {
  const { DATABASE_URL: url } = parseEnvironment(databaseEntries, environment)
  const { TABLE_PREFIX: schema } = parseEnvironment(tableEntries, environment)
  return (tables ??= tablesIn(pgDatabase({ url, timeoutMs: statementTimeoutMs }), schema))
}

function openList(): AskedList {
  const environment = ledgerEnvironment()
  const { BLOCKLIST_DAYS: days } = parseEnvironment({ BLOCKLIST_DAYS: blocklistDays }, environment)
  return { blocklistDays: days, reader: readerInSight(openTables(environment)) }
}

/** How long is trusted that rows are not hidden: somebody may drop the policy. */
const trustedMs = minuteMs

/** Throws instead of finding no row where all are hidden. */
function readerInSight(store: PostgresTables): AskedList['reader'] {
  const reader = suppressionReader(store)
  let trustedUntilMs = 0
  return {
    async ofRecipient(recipient) {
      const found = await reader.ofRecipient(recipient)
      if (found !== undefined || systemClock.now() < trustedUntilMs) return found
      await requireRowsInSight(store, ['suppressions'])
      trustedUntilMs = systemClock.now() + trustedMs
      return undefined
    },
  }
}

function openDeliveries(): DeliveryWriter {
  const environment = ledgerEnvironment()
  const { RETENTION_DAYS: retentionDays } = parseEnvironment(tableEntries, environment)
  return deliveryWriter({ store: openTables(environment), retentionDays, clock: systemClock })
}

/**
 * The same as `isSuppressed` of 'delivery-ledger', where rows are in PostgreSQL. `DELIVERY_LEDGER_DATABASE_URL`, or without it
 * `DATABASE_URL`, names the database, and `TABLE_PREFIX` (default `delivery-ledger-prod`) the schema; its user owns the tables, or a policy lets it
 * read `suppressions`. Throws where all rows are hidden from it.
 * The application brings the package `pg`.
 */
export async function isSuppressed(recipient: string, sending: Sending = {}): Promise<boolean> {
  return isHeld((list ??= openList()), recipient, sending)
}

/** The same as `suppressionOf` of 'delivery-ledger', with the settings of {@link isSuppressed}. */
export async function suppressionOf(
  recipient: string,
  sending: Sending = {},
): Promise<SuppressionAnswer | undefined> {
  return answerOf((list ??= openList()), recipient, sending)
}

/**
 * The same as `recordSend` of 'delivery-ledger', with the settings of {@link isSuppressed}. `RETENTION_DAYS` is how long a row
 * stays after its last write: 400 by default.
 */
export async function recordSend(send: Send): Promise<void> {
  await recordSendBy(() => (deliveries ??= openDeliveries()), send)
}
