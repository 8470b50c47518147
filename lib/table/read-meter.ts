import { AsyncLocalStorage } from 'node:async_hooks'
import type { ConsumedCapacity, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { ReadMeter } from '../store/ports.ts'

/** One, or of a batch one for each table. */
interface Counted {
  readonly ConsumedCapacity?: ConsumedCapacity | readonly ConsumedCapacity[]
}

/** Makes the client report what each call consumed, and adds it up for the work in which the call was made. */
export function readMeter(client: DynamoDBClient): ReadMeter {
  const works = new AsyncLocalStorage<{ units: number }>()
  client.middlewareStack.add(
    (next) => async (args) => {
      const work = works.getStore()
      if (!work) return next(args)
      Object.assign(args.input, { ReturnConsumedCapacity: 'TOTAL' })
      const result = await next(args)
      const { ConsumedCapacity: consumed = [] } = result.output as object as Counted
      for (const { CapacityUnits = 0 } of [consumed].flat()) work.units += CapacityUnits
      return result
    },
    { step: 'initialize', name: 'readMeter', override: true },
  )
  return {
    measure(work) {
      const counted = { units: 0 }
      return works.run(counted, () => work(() => counted.units))
    },
  }
}
