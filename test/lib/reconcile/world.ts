import { minuteMs } from '../../../lib/core/instant.ts'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import type { StatusApi } from '../../../lib/reconcile/ports.ts'
import type { CallBudget } from '../../../lib/reconcile/provider-calls.ts'
import { reconcile, type ReconcileDependencies, type RunReport } from '../../../lib/reconcile/reconcile.ts'
import type { Log } from '../../../lib/runtime/ports.ts'
import { getSendEmailStatus } from '../../../lib/status-apis/ses/get-send-email-status.ts'
import type { TableNames } from '../../../lib/store/ports.ts'
import type { SimulatedDelivery } from '../../../local/simulated-ses/mail.ts'
export { mailAt, messageIdAt } from '../../../local/simulated-ses/mail.ts'
import {
  startSimulatedSes,
  type SimulatedSes,
  type SimulatedSesOptions,
} from '../../../local/simulated-ses/server.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import type { EmbeddedTables, PlainRow } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'
import type { SentCommand } from '../../sent-commands.ts'
import { ledgerInMemory, ledgerOnPostgres, ledgerOnTables, type WorldLedger } from './world-ledger.ts'

const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }

/** What a run has where a poll is set up. */
export type Ports = ReconcileDependencies & { readonly statusApi: StatusApi }

/** How one run differs from the usual one. */
interface RunOptions extends Partial<CallBudget> {
  readonly owner?: string
  readonly secretKey?: string
  /** Days after which a date is swept; `undefined` as deployed. Default: 29 alone, so that a test may count its calls. */
  readonly sweepAgesDays?: readonly number[] | undefined
  readonly areSendsRecorded?: boolean
  /** Puts something between the run and its ports. */
  readonly wrap?: (ports: Ports) => ReconcileDependencies
}

/** A provider, a ledger and a clock of their own, and everything else as it is deployed. */
export interface World extends Omit<WorldLedger, 'quarantine' | 'close'> {
  readonly clock: VirtualClock
  readonly ses: SimulatedSes
  readonly logged: string[]
  readonly ports: (options?: RunOptions) => ReconcileDependencies
  readonly run: (options?: RunOptions) => Promise<RunReport>
  /** What callbacks reported. */
  readonly reported: (...events: readonly DeliveryEvent[]) => Promise<void>
  readonly close: () => Promise<void>
}

/** A world whose ledger are tables on the embedded engine. */
export interface TableWorld extends World {
  readonly tables: TableNames
  /** Whatever was sent to DynamoDB, as it went over the wire. */
  readonly sent: SentCommand[]
}

/**
 * A world for tests of what reconcile does, whatever its ledger. It is in memory, which is many times faster and answers as
 * the tables do (test/contracts); with `LEDGER=tables`, as `npm run test:proof` sets it, it is the tables, and with
 * `LEDGER=postgres` (`npm run test:postgres`) those in PostgreSQL.
 */
export async function quickWorldAt(
  now: string,
  engine: EmbeddedTables,
  mails: readonly SimulatedDelivery[],
  options: Partial<SimulatedSesOptions> = {},
): Promise<World> {
  if (process.env.LEDGER === 'tables') return worldAt(now, engine, mails, options)
  const clock = virtualClock(now)
  if (engine.postgres === undefined) return worldOn(ledgerInMemory(clock), clock, [], mails, options)
  const logged: string[] = []
  const ledger = ledgerOnPostgres(engine.postgres, await engine.postgres.emptied(clock, logInto(logged)))
  const world = await worldOn(ledger, clock, logged, mails, options)
  return { ...world, rows: async () => (await world.rows()).map(withoutIndex) }
}

export async function worldAt(
  now: string,
  engine: EmbeddedTables,
  mails: readonly SimulatedDelivery[],
  options: Partial<SimulatedSesOptions> = {},
  tables?: TableNames,
): Promise<TableWorld> {
  const clock = virtualClock(now)
  const logged: string[] = []
  const own = tables ?? (await engine.freshTables())
  const { sent, ...ledger } = ledgerOnTables(engine, own, clock, logInto(logged))
  const world = await worldOn(ledger, clock, logged, mails, options)
  return { ...world, rows: async () => (await world.rows()).map(withoutIndex), tables: own, sent }
}

/** Without its place among the problems, which only a table has. */
function withoutIndex(row: PlainRow): PlainRow {
  return Object.fromEntries(Object.entries(row).filter(([name]) => name !== 'problemDay'))
}

async function worldOn(
  ledger: WorldLedger,
  clock: VirtualClock,
  logged: string[],
  mails: readonly SimulatedDelivery[],
  options: Partial<SimulatedSesOptions>,
): Promise<World> {
  const ses = await startSimulatedSes({ port: 0, clock, ...credentials, ...options })
  ses.send(...mails)
  const { deliveries, quarantine, runs } = ledger
  let runsSoFar = 0
  const ports = (run: RunOptions = {}): ReconcileDependencies => {
    runsSoFar += 1
    const usual = {
      statusApi: statusApiOf(ses, run.secretKey),
      deliveries,
      quarantine,
      runs,
      clock,
      log: logInto(logged),
      owner: run.owner ?? `run ${runsSoFar}`,
      sweepAgesDays: 'sweepAgesDays' in run ? run.sweepAgesDays : [29],
      areSendsRecorded: run.areSendsRecorded ?? false,
    }
    return run.wrap ? run.wrap(usual) : usual
  }
  return {
    ...ledger,
    clock,
    ses,
    logged,
    ports,
    run: (run = {}) =>
      reconcile(ports(run), {
        deadlineMs: run.deadlineMs ?? clock.now() + 30 * minuteMs,
        maxCalls: run.maxCalls ?? 1_000,
        requestsPerSecond: run.requestsPerSecond ?? 1,
        listsAtPace: run.listsAtPace ?? 1,
      }),
    async reported(...events) {
      for (const event of events) await deliveries.record(event)
    },
    async close() {
      ledger.close()
      await ses.close()
    },
  }
}

function logInto(logged: string[]): Log {
  return (event, fields = {}) => {
    logged.push(JSON.stringify({ event, ...fields }))
  }
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

/** What a callback reported about the mail. */
export function reportOf(mail: SimulatedDelivery, reported: Partial<DeliveryEvent>): DeliveryEvent {
  return eventWith({
    recipient: mail.recipient.toLowerCase(),
    message: mail.messageId,
    occurredAtMs: mail.sentAtMs + 5_000,
    ...reported,
  })
}
