import { readFile } from 'node:fs/promises'
import {
  CreateTableCommand,
  DescribeTableCommand,
  ResourceInUseException,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { parse } from 'yaml'
import { withWantedIndexes } from '../deploy/wanted-indexes.ts'
import { setVariables, type Environment } from '../lib/runtime/config.ts'

const keySchema = v.array(v.object({ AttributeName: v.string(), KeyType: v.picklist(['HASH', 'RANGE']) }))

/** The part of a declared table that decides how it works; the rest (encryption, recovery) is the cloud's. */
const declaredTable = v.object({
  TableName: v.string(),
  BillingMode: v.literal('PAY_PER_REQUEST'),
  AttributeDefinitions: v.array(
    v.object({ AttributeName: v.string(), AttributeType: v.picklist(['S', 'N', 'B']) }),
  ),
  KeySchema: keySchema,
  GlobalSecondaryIndexes: v.optional(
    v.array(
      v.object({
        IndexName: v.string(),
        MadeWith: v.optional(v.string()),
        KeySchema: keySchema,
        Projection: v.object({
          ProjectionType: v.picklist(['KEYS_ONLY', 'INCLUDE', 'ALL']),
          NonKeyAttributes: v.optional(v.array(v.string())),
        }),
      }),
    ),
  ),
  // No part of CreateTable, whose client leaves it out.
  TimeToLiveSpecification: v.optional(v.object({ AttributeName: v.string(), Enabled: v.literal(true) })),
})

const tablesYaml = new URL('../deploy/tables.yml', import.meta.url)

/**
 * Creates the tables as deploy/tables.yml declares them, so that local and deployed tables cannot drift apart.
 *
 * @param settings - of the deployment: they want some indexes. Default: none of those.
 */
export async function createTables(
  client: DynamoDBClient,
  prefix: string,
  settings?: Environment,
): Promise<readonly string[]> {
  const tables = await declaredTables(prefix, settings)
  for (const table of tables) {
    try {
      await client.send(new CreateTableCommand(table))
    } catch (error) {
      if (!(error instanceof ResourceInUseException)) throw error
    }
    while (!(await isActive(client, table.TableName)));
  }
  return tables.map((table) => table.TableName)
}

/** A table takes writes only once it is active, which the emulator makes it a moment later. */
async function isActive(client: DynamoDBClient, table: string): Promise<boolean> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }))
  return Table?.TableStatus === 'ACTIVE'
}

/** The tables of a deployment as deploy/tables.yml declares them, with the indexes that its settings want. */
export async function declaredTables(
  prefix: string,
  settings: Environment = {},
): Promise<readonly v.InferOutput<typeof declaredTable>[]> {
  declared ??= readDeclared()
  const set = setVariables(settings)
  const valueOf = (setting: string) => set[variableOf(setting)] ?? ''
  return (await declared).map((table) => ({
    ...withWantedIndexes(table, valueOf),
    TableName: table.TableName.replace('${self:custom.tablePrefix}', prefix),
  }))
}

/** `${param:correlationHeader}` → `CORRELATION_HEADER` */
function variableOf(setting: string): string {
  const [, name = ''] = /^\$\{param:(\w+)\}$/.exec(setting) ?? []
  return name.replace(/[A-Z]/g, '_$&').toUpperCase()
}

let declared: Promise<readonly v.InferOutput<typeof declaredTable>[]> | undefined

async function readDeclared(): Promise<readonly v.InferOutput<typeof declaredTable>[]> {
  const { Resources } = v.parse(
    v.object({ Resources: v.record(v.string(), v.object({ Properties: v.unknown() })) }),
    parse(await readFile(tablesYaml, 'utf8')),
  )
  return Object.values(Resources).map((resource) => v.parse(declaredTable, resource.Properties))
}
