import { formatInstant } from '../core/instant.ts'
import type { LeaseByHand, RunReader, RunStore } from '../reconcile/ports.ts'
import type { Row } from '../rows/row.ts'
import { lastRunIn, leaseInstant, runStateIn } from '../rows/run-row.ts'
import type { Clock } from '../runtime/ports.ts'
import type { LastRun } from '../store/ports.ts'
import type { Given } from './database.ts'
import { given } from './pages.ts'
import { quoted, type PostgresTables } from './schema.ts'
import { givenAs, list } from './statement.ts'

/**
 * The lease, checkpoint and last figures of one job, in one row that a person can read.
 * @param goesOnFrom - the job whose checkpoint is used as long as this one has none
 */
export function runStore(
  store: PostgresTables,
  job: string,
  clock: Pick<Clock, 'now'>,
  goesOnFrom?: string,
): RunStore {
  return {
    async acquire(owner, nowMs, untilMs) {
      const columns = ['job', 'leaseOwner', 'leaseUntil']
      // Our own lease counts as free: a write whose response was lost may be repeated.
      const statement = `WITH n AS (SELECT * FROM ${givenAs('reconciliation', columns, { now: 'text' })})
        INSERT INTO ${store.nameOf('reconciliation')} AS d (${list(columns)}) SELECT ${list(columns)} FROM n
        ON CONFLICT (job) DO UPDATE SET "leaseOwner" = EXCLUDED."leaseOwner", "leaseUntil" = EXCLUDED."leaseUntil"
        WHERE d."leaseUntil" IS NULL OR d."leaseUntil" <= ${given('now')} OR d."leaseOwner" = EXCLUDED."leaseOwner"`
      const lease = { job, leaseOwner: owner, leaseUntil: leaseInstant(untilMs), now: leaseInstant(nowMs) }
      if ((await store.database.write(statement, lease)) === 0) return undefined
      const own = await checkpointOf(store, job)
      return {
        checkpoint: own ?? (goesOnFrom === undefined ? undefined : await checkpointOf(store, goesOnFrom)),
      }
    },
    save: (owner, checkpoint, untilMs) =>
      update(store, {
        given: { job, owner, checkpoint, leaseUntil: leaseInstant(untilMs) },
        where: 'd."leaseOwner" = n.owner',
      }),
    release: (owner, checkpoint, figures) =>
      update(store, {
        given: {
          job,
          owner,
          checkpoint,
          lastRunBy: owner,
          lastRunAt: formatInstant(clock.now()),
          lastRun: figures,
          leaseOwner: null,
          leaseUntil: null,
        },
        // A release may be repeated whose response was lost: it succeeds while no other run has taken the lease.
        where: `(d."leaseOwner" = n.owner OR (d."leaseOwner" IS NULL AND d."lastRunBy" = n.owner))`,
      }),
  }
}

/** Sets the columns that are given, and returns whether the row was as it has to be. */
async function update(
  { database, nameOf }: PostgresTables,
  { given: { owner, ...columns }, where }: { readonly given: Given; readonly where: string },
): Promise<boolean> {
  const names = Object.keys(columns).filter((name) => columns[name] !== undefined)
  const statement = `WITH n AS (SELECT * FROM ${givenAs('reconciliation', names, { owner: 'text' })})
    UPDATE ${nameOf('reconciliation')} AS d SET ${names.map((name) => `${quoted(name)} = n.${quoted(name)}`).join(', ')}
    FROM n WHERE d.job = n.job AND ${where}`
  return (await database.write(statement, { ...columns, owner })) > 0
}

async function rowOf({ database, nameOf }: PostgresTables, job: string): Promise<Row | undefined> {
  const [row] = await database.read(
    `WITH n AS (SELECT * FROM ${givenAs('reconciliation', ['job'])})
     SELECT d.* FROM ${nameOf('reconciliation')} AS d WHERE d.job = ${given('job')}`,
    { job },
  )
  return row
}

async function checkpointOf(store: PostgresTables, job: string): Promise<string | undefined> {
  const row = await rowOf(store, job)
  return typeof row?.checkpoint === 'string' ? row.checkpoint : undefined
}

/** What the row of one job shows. */
export function runReader(store: PostgresTables, job: string): RunReader {
  return {
    async state() {
      const row = await rowOf(store, job)
      return row && runStateIn(row)
    },
  }
}

/** The first jobs, each as its last run left it. What was changed by hand and cannot be read is left out. */
export async function lastRuns(
  { database, nameOf }: PostgresTables,
  limit: number,
): Promise<readonly LastRun[]> {
  const rows = await database.read(`SELECT * FROM ${nameOf('reconciliation')} ORDER BY job LIMIT ${limit}`)
  return rows.flatMap((row) => lastRunIn(row) ?? [])
}

/** The lease of one job, for a run by hand. */
export function leaseByHand(store: PostgresTables, job: string): LeaseByHand {
  return {
    endsAtMs: async () => (await runReader(store, job).state())?.leaseUntilMs,
    async releaseLease(owner) {
      await update(store, {
        given: { job, owner, leaseOwner: null, leaseUntil: null },
        where: 'd."leaseOwner" = n.owner',
      })
    },
  }
}
