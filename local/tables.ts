import { readFile } from 'node:fs/promises'
import {
  CreateTableCommand,
  DescribeTableCommand,
  ResourceInUseException,
  type DynamoDBClient,
} from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { parse } from 'yaml'

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

/** Creates the tables as deploy/tables.yml declares them, so that local and deployed tables cannot drift apart. */
export async function createTables(client: DynamoDBClient, prefix: string): Promise<readonly string[]> {
  const tables = await declaredTables(prefix)
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

/** The tables of a deployment as deploy/tables.yml declares them. */
export async function declaredTables(
  prefix: string,
): Promise<readonly v.InferOutput<typeof declaredTable>[]> {
  declared ??= readDeclared()
  return (await declared).map((table) => ({
    ...table,
    TableName: table.TableName.replace('${self:custom.tablePrefix}', prefix),
  }))
}

let declared: Promise<readonly v.InferOutput<typeof declaredTable>[]> | undefined

async function readDeclared(): Promise<readonly v.InferOutput<typeof declaredTable>[]> {
  const { Resources } = v.parse(
    v.object({ Resources: v.record(v.string(), v.object({ Properties: v.unknown() })) }),
    parse(await readFile(tablesYaml, 'utf8')),
  )
  return Object.values(Resources).map((resource) => v.parse(declaredTable, resource.Properties))
}
