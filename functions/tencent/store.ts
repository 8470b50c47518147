import { ConfigError, setVariables, type Environment } from '../../lib/runtime/config.ts'
import type { Runtime } from '../../lib/runtime/runtime.ts'
import { dynamoDbClient } from '../../lib/table/client.ts'

/** The settings that choose a store. Without either it is DynamoDB, whose client reads `AWS_…` itself. */
const otherStores = ['DATABASE_URL', 'CLOUDBASE_ENV_ID'] as const

/** Clients of DynamoDB, one for each timeout: connections outlive an invocation. */
export function dynamoDbClients(): Runtime['dynamoDb'] {
  const clients = new Map<number, ReturnType<Runtime['dynamoDb']>>()
  return (requestTimeoutMs) => {
    const client = clients.get(requestTimeoutMs) ?? dynamoDbClient(requestTimeoutMs)
    clients.set(requestTimeoutMs, client)
    return client
  }
}

/** Throws where the environment chooses a store that is not DynamoDB. */
export function requireDynamoDb(environment: Environment): void {
  const set = setVariables(environment)
  const chosen = otherStores.filter((name) => set[name] !== undefined)
  if (chosen.length === 0) return
  throw new ConfigError(chosen.map((name) => `${name}: expected none, since the store is DynamoDB`))
}
