import { GetItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { formatInstant } from '../core/instant.ts'
import type { LeaseByHand, RunReader, RunStore } from '../reconcile/ports.ts'
import { leaseInstant, runStateIn } from '../rows/run-row.ts'
import type { Clock } from '../runtime/ports.ts'
import { Expression } from './expression.ts'
import { plainRow } from './plain-row.ts'
import { tryUpdate, undefinedIfConditionFailed } from './try-update.ts'

/**
 * The lease, checkpoint and last figures of one job, in one row that a person can read.
 * @param goesOnFrom - the job whose checkpoint is used as long as this one has none
 */
export function runStore(
  client: DynamoDBClient,
  table: string,
  job: string,
  clock: Clock,
  goesOnFrom?: string,
): RunStore {
  const checkpointOf = async (other: string) => {
    const { Item } = await client.send(
      new GetItemCommand({ TableName: table, Key: { job: { S: other } }, ConsistentRead: true }),
    )
    return Item?.checkpoint?.S
  }
  const update = (expression: Expression) =>
    client.send(
      new UpdateItemCommand({
        TableName: table,
        Key: { job: { S: job } },
        ...expression.input(),
        ReturnValues: 'ALL_NEW',
      }),
    )
  const heldBy = (expression: Expression, owner: string) => {
    expression.require(`${expression.name('leaseOwner')} = ${expression.string(owner)}`)
  }
  return {
    async acquire(owner, nowMs, untilMs) {
      const expression = new Expression()
      const until = expression.name('leaseUntil')
      const isOver = `attribute_not_exists(${until}) OR ${until} <= ${expression.string(leaseInstant(nowMs))}`
      // Our own lease counts as free: the SDK may repeat a write whose response was lost.
      expression.require(`(${isOver} OR ${expression.name('leaseOwner')} = ${expression.string(owner)})`)
      expression.set('leaseOwner', { S: owner })
      expression.set('leaseUntil', { S: leaseInstant(untilMs) })
      const held = await undefinedIfConditionFailed(update(expression))
      if (!held) return undefined
      const own = held.Attributes?.checkpoint?.S
      return { checkpoint: own ?? (goesOnFrom === undefined ? undefined : await checkpointOf(goesOnFrom)) }
    },
    async save(owner, checkpoint, untilMs) {
      const expression = new Expression()
      heldBy(expression, owner)
      if (checkpoint !== undefined) expression.set('checkpoint', { S: checkpoint })
      expression.set('leaseUntil', { S: leaseInstant(untilMs) })
      return (await undefinedIfConditionFailed(update(expression))) !== undefined
    },
    async release(owner, checkpoint, figures) {
      const expression = new Expression()
      const leaseOwner = expression.name('leaseOwner')
      const lastRunBy = expression.name('lastRunBy')
      const us = expression.string(owner)
      // The SDK may repeat a release whose response was lost: it succeeds while no other run has taken the lease.
      expression.require(
        `(${leaseOwner} = ${us} OR (attribute_not_exists(${leaseOwner}) AND ${lastRunBy} = ${us}))`,
      )
      expression.set('lastRunBy', { S: owner })
      if (checkpoint !== undefined) expression.set('checkpoint', { S: checkpoint })
      expression.set('lastRunAt', { S: formatInstant(clock.now()) })
      expression.set('lastRun', {
        M: Object.fromEntries(
          Object.entries(figures).map(([name, value]) => [
            name,
            typeof value === 'number' ? { N: String(value) } : { S: String(value) },
          ]),
        ),
      })
      expression.remove('leaseOwner')
      expression.remove('leaseUntil')
      return (await undefinedIfConditionFailed(update(expression))) !== undefined
    },
  }
}

/** What the row of one job shows. */
export function runReader(client: DynamoDBClient, table: string, job: string): RunReader {
  return {
    async state() {
      const { Item } = await client.send(
        new GetItemCommand({ TableName: table, Key: { job: { S: job } }, ConsistentRead: true }),
      )
      if (Item === undefined) return undefined
      return runStateIn(plainRow(Item))
    },
  }
}

/** The lease of one job, for a run by hand. */
export function leaseByHand(client: DynamoDBClient, table: string, job: string): LeaseByHand {
  return {
    async endsAtMs() {
      return (await runReader(client, table, job).state())?.leaseUntilMs
    },
    async releaseLease(owner) {
      const expression = new Expression()
      expression.require(`${expression.name('leaseOwner')} = ${expression.string(owner)}`)
      expression.remove('leaseOwner')
      expression.remove('leaseUntil')
      await tryUpdate({ client, table }, { job: { S: job } }, expression)
    },
  }
}
