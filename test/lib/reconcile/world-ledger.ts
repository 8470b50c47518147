import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { nameOf, pendingPartitionOf, statusRanks, type Delivery } from '../../../lib/core/delivery.ts'
import { formatInstant } from '../../../lib/core/instant.ts'
import { isTaskKey } from '../../../lib/core/message.ts'
import type { DeliveryReader } from '../../../lib/ledger/ports.ts'
import type { LeaseByHand, RunFigures, RunStore } from '../../../lib/reconcile/ports.ts'
import type { ReconcileDependencies } from '../../../lib/reconcile/reconcile.ts'
import type { PostgresStore } from '../../../lib/postgres/postgres-store.ts'
import type { Clock, Log } from '../../../lib/runtime/ports.ts'
import { recordingSuppressions } from '../../../lib/suppressions/record-with-suppressions.ts'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { leaseByHand, runStore } from '../../../lib/table/lease-and-checkpoint.ts'
import type { TableNames } from '../../../lib/store/ports.ts'
import { quarantineWriter } from '../../../lib/table/quarantine-writer.ts'
import { suppressionReader } from '../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { emulatorClient } from '../../../local/dynamodb-emulator.ts'
import { inMemoryLedger } from '../../../local/in-memory-ledger.ts'
import type { EmbeddedPostgres } from '../../embedded-postgres.ts'
import { rowsOf, type EmbeddedTables, type PlainRow } from '../../embedded-tables.ts'
import { limitToRole } from '../../function-roles.ts'
import { recordSent, type SentCommand } from '../../sent-commands.ts'

const job = 'get-send-email-status'

/** The ledger of a world, and what its tests look up in it. */
export interface WorldLedger {
  readonly deliveries: ReconcileDependencies['deliveries'] & DeliveryReader
  readonly quarantine: ReconcileDependencies['quarantine']
  readonly runs: RunStore & LeaseByHand
  /** One entry for each write of a delivery, since it was last emptied. */
  readonly writes: string[]
  /** The rows of the deliveries table. */
  readonly rows: () => Promise<readonly PlainRow[]>
  /** Who is on the suppression list. */
  readonly suppressed: () => Promise<readonly string[]>
  /** The row of the job, which is empty where no run was. */
  readonly storedRun: () => Promise<StoredRun>
  readonly close: () => void
}

interface StoredRun {
  readonly leaseOwner?: string
  readonly checkpoint?: string
  readonly lastRun?: Partial<RunFigures>
  readonly lastRunAt?: string
  readonly lastRunBy?: string
}

export function ledgerOnTables(
  engine: EmbeddedTables,
  tables: TableNames,
  clock: Clock,
  log: Log,
): WorldLedger & { readonly sent: SentCommand[] } {
  const writes: string[] = []
  const client = countingClient(engine.endpoint, tables.deliveries, writes)
  const sent = recordSent(client)
  const writer = deliveryWriter({ client, table: tables.deliveries, retentionDays: 400, clock })
  const suppressions = suppressionWriter({ client, table: tables.suppressions })
  return {
    sent,
    writes,
    deliveries: {
      ...writer,
      ...recordingSuppressions(writer, suppressions),
      ...deliveryReader({ client, table: tables.deliveries, clock, log }),
    },
    quarantine: quarantineWriter({ client, table: tables.quarantine, retentionDays: 400, clock }),
    runs: {
      ...runStore(client, tables.reconciliation, job, clock),
      // A person's, whose role may more.
      ...leaseByHand(engine.client, tables.reconciliation, job),
    },
    rows: () => rowsOf(engine.client, tables.deliveries),
    async suppressed() {
      const list = suppressionReader({ client: engine.client, table: tables.suppressions })
      return (await Array.fromAsync(list.all())).map(({ recipient }) => recipient).sort()
    },
    async storedRun() {
      const [row] = await rowsOf(engine.client, tables.reconciliation)
      return row ?? {}
    },
    close() {
      client.destroy()
    },
  }
}

export function ledgerOnPostgres(engine: EmbeddedPostgres, tables: PostgresStore): WorldLedger {
  const writes: string[] = []
  const writer = tables.deliveryWriter({ retentionDays: 400 })
  const recording = recordingSuppressions(writer, tables.suppressionWriter())
  return {
    writes,
    deliveries: {
      ...tables.deliveryReader(),
      record(event, signal) {
        writes.push('record')
        return recording.record(event, signal)
      },
      leavePending(key, status) {
        writes.push('leavePending')
        return writer.leavePending(key, status)
      },
    },
    quarantine: tables.quarantineWriter({ retentionDays: 400 }),
    runs: { ...tables.runStore(job), ...tables.leaseByHand(job) },
    rows: () => engine.rowsOf('deliveries'),
    suppressed: async () =>
      (await Array.fromAsync(tables.suppressionReader().all())).map(({ recipient }) => recipient).sort(),
    storedRun: async () => (await engine.rowsOf('reconciliation'))[0] ?? {},
    close: () => undefined,
  }
}

function countingClient(endpoint: string, table: string, writes: string[]): DynamoDBClient {
  const client = emulatorClient(endpoint)
  limitToRole(client, 'reconcile')
  client.middlewareStack.add(
    (next, context) => (args) => {
      const isOfTable = 'TableName' in args.input && args.input.TableName === table
      const command = String(context.commandName)
      if (isOfTable && /Update|Put|Delete|Write/.test(command)) writes.push(command)
      return next(args)
    },
    { step: 'initialize', name: 'count' },
  )
  return client
}

export function ledgerInMemory(clock: Clock): WorldLedger {
  const { deliveries, suppressions, runs } = inMemoryLedger(clock)
  const recording = recordingSuppressions(deliveries, suppressions)
  const keys = new Map<string, Pick<Delivery, 'recipient' | 'message'>>()
  const writes: string[] = []
  return {
    writes,
    deliveries: {
      ...deliveries,
      record(event, signal) {
        keys.set(nameOf(event), event)
        writes.push('record')
        return recording.record(event, signal)
      },
      leavePending(key, status) {
        writes.push('leavePending')
        return deliveries.leavePending(key, status)
      },
    },
    quarantine: { keep: () => Promise.resolve() },
    ...rememberedRuns(runs, clock),
    async rows() {
      const pending = new Set((await Array.fromAsync(deliveries.pending())).map(nameOf))
      const rows = await deliveries.rowsOf([...keys.values()])
      return rows.map((row) => rowOf(row, pending.has(nameOf(row)))).toSorted(byKey)
    },
    suppressed: async () =>
      (await Array.fromAsync(suppressions.all())).map(({ recipient }) => recipient).sort(),
    close: () => undefined,
  }
}

/** As the table keeps it. */
function rowOf(
  { recipient, message, provider, status, ...row }: Delivery,
  isPendingStill: boolean,
): PlainRow {
  const facts = [...row.facts].map(([kind, of]) => [kind, of.map(({ text }) => text).sort()] as const)
  return {
    recipient,
    message,
    provider,
    status,
    statusRank: statusRanks[status],
    ...(isPendingStill && { pending: pendingPartitionOf(message) }),
    ...(!isTaskKey(message) && { messageId: message }),
    ...(row.spellings.length > 0 && { spellings: row.spellings }),
    ...(row.emailIds.length > 0 && { emailIds: row.emailIds }),
    ...Object.fromEntries(row.columns),
    ...Object.fromEntries(facts),
  }
}

function byKey(one: PlainRow, other: PlainRow): number {
  const keyOf = ({ recipient, message }: PlainRow) => JSON.stringify([recipient, message])
  return keyOf(one) < keyOf(other) ? -1 : 1
}

/** Keeps beside the lease and the checkpoint what the table keeps of a run for a person to read. */
function rememberedRuns(runs: RunStore & LeaseByHand, clock: Clock): Pick<WorldLedger, 'runs' | 'storedRun'> {
  let stored: StoredRun = {}
  const kept = (checkpoint: string | undefined) => (checkpoint === undefined ? {} : { checkpoint })
  return {
    storedRun: () => Promise.resolve(stored),
    runs: {
      ...runs,
      async acquire(owner, nowMs, untilMs) {
        const taken = await runs.acquire(owner, nowMs, untilMs)
        if (taken) stored = { ...stored, leaseOwner: owner }
        return taken
      },
      async save(owner, checkpoint, untilMs) {
        const isHeld = await runs.save(owner, checkpoint, untilMs)
        if (isHeld) stored = { ...stored, leaseOwner: owner, ...kept(checkpoint) }
        return isHeld
      },
      async release(owner, checkpoint, lastRun) {
        const wasHeld = await runs.release(owner, checkpoint, lastRun)
        if (!wasHeld) return false
        const { leaseOwner, ...rest } = stored
        if (leaseOwner !== undefined) stored = rest
        stored = {
          ...stored,
          ...kept(checkpoint),
          lastRun,
          lastRunAt: formatInstant(clock.now()),
          lastRunBy: owner,
        }
        return true
      },
      async releaseLease(owner) {
        await runs.releaseLease(owner)
        const { leaseOwner, ...rest } = stored
        if (leaseOwner === owner) stored = rest
      },
    },
  }
}
