import { UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { formatInstant } from '../core/instant.ts'
import type { RunStore } from '../reconcile/ports.ts'
import type { Clock } from '../runtime/ports.ts'
import { Expression } from './expression.ts'
import { undefinedIfConditionFailed } from './try-update.ts'

/** The lease, checkpoint and last figures of one job, in one row that a person can read. */
export function runStore(client: DynamoDBClient, table: string, job: string, clock: Clock): RunStore {
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
      return held && { checkpoint: held.Attributes?.checkpoint?.S }
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

// Compared as text, so always with milliseconds.
function leaseInstant(instantMs: number): string {
  return new Date(instantMs).toISOString()
}
