import { DescribeTableCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { minuteMs } from '../../../lib/core/instant.ts'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import { defaultSweepAgesDays } from '../../../lib/core/sweep-plan.ts'
import type { StatusApi } from '../../../lib/reconcile/ports.ts'
import type { CallBudget } from '../../../lib/reconcile/provider-calls.ts'
import { reconcile, type ReconcileDependencies, type RunReport } from '../../../lib/reconcile/reconcile.ts'
import { recordingSuppressions } from '../../../lib/suppressions/record-with-suppressions.ts'
import { getSendEmailStatus } from '../../../lib/status-apis/ses/get-send-email-status.ts'
import { deliveryReader } from '../../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { tableNames, type TableNames } from '../../../lib/table/names.ts'
import { quarantineWriter } from '../../../lib/table/quarantine-writer.ts'
import { runStore } from '../../../lib/table/run-store.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { emulatorClient } from '../../../local/dynamodb-emulator.ts'
import type { SimulatedDelivery } from '../../../local/simulated-ses/mail.ts'
import {
  startSimulatedSes,
  type SimulatedSes,
  type SimulatedSesOptions,
} from '../../../local/simulated-ses/server.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import { rowsOf, type EmbeddedTables, type PlainRow } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'
import { limitToRole } from '../../function-roles.ts'
import { recordSent, type SentCommand } from '../../sent-commands.ts'

const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }

/** What a run has where a poll is set up. */
export type Ports = ReconcileDependencies & { readonly statusApi: StatusApi }

/** How one run differs from the usual one. */
interface RunOptions extends Partial<CallBudget> {
  readonly owner?: string
  readonly secretKey?: string
  readonly sweepAgesDays?: readonly number[]
  readonly areSendsRecorded?: boolean
  /** Puts something between the run and its ports. */
  readonly wrap?: (ports: Ports) => ReconcileDependencies
}

/** A provider, tables and a clock of their own, and everything else as it is deployed. */
export interface World {
  readonly clock: VirtualClock
  readonly ses: SimulatedSes
  readonly tables: TableNames
  readonly logged: string[]
  /** Names of the DynamoDB commands sent to the deliveries table, since it was last emptied. */
  readonly commands: string[]
  /** Whatever was sent to DynamoDB, as it went over the wire. */
  readonly sent: SentCommand[]
  readonly ports: (options?: RunOptions) => ReconcileDependencies
  readonly run: (options?: RunOptions) => Promise<RunReport>
  /** What callbacks reported. */
  readonly reported: (...events: readonly DeliveryEvent[]) => Promise<void>
  readonly rows: () => Promise<readonly PlainRow[]>
  readonly close: () => Promise<void>
}

export async function worldAt(
  now: string,
  engine: EmbeddedTables,
  mails: readonly SimulatedDelivery[],
  options: Partial<SimulatedSesOptions> = {},
  tables?: TableNames,
): Promise<World> {
  const clock = virtualClock(now)
  const ses = await startSimulatedSes({ port: 0, clock, ...credentials, ...options })
  ses.send(...mails)
  const own = tables ?? (await activeTables(engine))
  const commands: string[] = []
  const client = countingClient(engine.endpoint, own.deliveries, commands)
  const sent = recordSent(client)
  const logged: string[] = []
  const writer = deliveryWriter({ client, table: own.deliveries, retentionDays: 400, clock })
  const log = (event: string, fields = {}) => logged.push(JSON.stringify({ event, ...fields }))
  const suppressions = suppressionWriter({ client, table: own.suppressions })
  const deliveries = {
    ...writer,
    ...recordingSuppressions(writer, suppressions),
    ...deliveryReader({ client, table: own.deliveries, clock, log }),
  }
  let runs = 0
  const ports = (run: RunOptions = {}): ReconcileDependencies => {
    runs += 1
    const usual = {
      statusApi: statusApiOf(ses, run.secretKey),
      deliveries,
      quarantine: quarantineWriter({ client, table: own.quarantine, retentionDays: 400, clock }),
      runs: runStore(client, own.reconciliation, 'get-send-email-status', clock),
      clock,
      log,
      owner: run.owner ?? `run ${runs}`,
      sweepAgesDays: run.sweepAgesDays ?? defaultSweepAgesDays,
      areSendsRecorded: run.areSendsRecorded ?? false,
    }
    return run.wrap ? run.wrap(usual) : usual
  }
  return {
    clock,
    ses,
    tables: own,
    logged,
    commands,
    sent,
    ports,
    run: (run = {}) =>
      reconcile(ports(run), {
        deadlineMs: run.deadlineMs ?? clock.now() + 30 * minuteMs,
        maxCalls: run.maxCalls ?? 1_000,
        requestsPerSecond: run.requestsPerSecond ?? 1,
      }),
    async reported(...events) {
      for (const event of events) await deliveries.record(event)
    },
    rows: () => rowsOf(engine.client, own.deliveries),
    async close() {
      client.destroy()
      await ses.close()
    },
  }
}

/** A table takes writes only once it is active, which the engine makes it a moment after it was created. */
async function activeTables(engine: EmbeddedTables): Promise<TableNames> {
  const { prefix } = await engine.freshTables()
  const tables = tableNames(prefix)
  for (const TableName of [
    tables.deliveries,
    tables.suppressions,
    tables.quarantine,
    tables.reconciliation,
  ]) {
    const describe = () => engine.client.send(new DescribeTableCommand({ TableName }))
    while ((await describe()).Table?.TableStatus !== 'ACTIVE');
  }
  return tables
}

function statusApiOf(ses: SimulatedSes, secretKey = credentials.secretKey): StatusApi {
  return getSendEmailStatus({
    endpoint: ses.url,
    region: 'ap-guangzhou',
    secretId: credentials.secretId,
    secretKey,
    token: undefined,
  })
}

function countingClient(endpoint: string, table: string, commands: string[]): DynamoDBClient {
  const client = emulatorClient(endpoint)
  limitToRole(client, 'reconcile')
  client.middlewareStack.add(
    (next, context) => (args) => {
      const isOfTable = 'TableName' in args.input && args.input.TableName === table
      if (isOfTable) commands.push(String(context.commandName))
      return next(args)
    },
    { step: 'initialize', name: 'count' },
  )
  return client
}

/** A mail that was sent at the instant, under a MessageId that contains it, to which nothing has happened yet. */
export function mailAt(
  sentAt: string,
  name: string,
  parts: Partial<SimulatedDelivery> = {},
): SimulatedDelivery {
  const sentAtMs = Date.parse(sentAt)
  return {
    messageId: messageIdAt(sentAt, name),
    recipient: `${name}@example.com`,
    from: 'notice@mail.example.com',
    subject: 'Your order has shipped',
    templateId: 123456,
    sentAtMs,
    headers: {},
    timeline: [],
    ...parts,
  }
}

/** A MessageId carries its instant in UTC+8. */
export function messageIdAt(sentAt: string, name: string): string {
  const utc8 = new Date(Date.parse(sentAt) + 8 * 3_600_000).toISOString()
  return `qcloudses-30-251200670-date-${utc8.slice(0, 19).replace(/\D/g, '')}-${name}`
}

/** What a callback reported about the mail. */
export function reportOf(mail: SimulatedDelivery, reported: Partial<DeliveryEvent>): DeliveryEvent {
  return eventWith({
    recipient: mail.recipient.toLowerCase(),
    message: mail.messageId,
    occurredAtMs: mail.sentAtMs + 5_000,
    ...reported,
  })
}
