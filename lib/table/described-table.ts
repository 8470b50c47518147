import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'

// A table's description, to compare it with its declaration. No function needs it.

/** The keys of a table and of its indexes, as text that tables of the same shape share. */
export interface TableShape {
  readonly keys: string
  /** By the name of the index. */
  readonly indexes: ReadonlyMap<string, string>
}

type DescribedKeys = Pick<TableDescription, 'AttributeDefinitions' | 'KeySchema' | 'GlobalSecondaryIndexes'>

/** `keys` reads `recipient (S, HASH), message (S, RANGE)`; an index also says what it projects. */
export function shapeOf({
  AttributeDefinitions = [],
  KeySchema,
  GlobalSecondaryIndexes = [],
}: DescribedKeys): TableShape {
  const types = new Map(
    AttributeDefinitions.map(({ AttributeName, AttributeType }) => [AttributeName, AttributeType]),
  )
  const textOf = (keys: DescribedKeys['KeySchema'] = []) =>
    keys
      .map(({ AttributeName, KeyType }) => `${AttributeName} (${types.get(AttributeName)}, ${KeyType})`)
      .join(', ')
  return {
    keys: textOf(KeySchema),
    indexes: new Map(
      GlobalSecondaryIndexes.map(({ IndexName = '', KeySchema: keys, Projection }) => {
        const attributes = (Projection?.NonKeyAttributes ?? []).toSorted()
        return [IndexName, [textOf(keys), Projection?.ProjectionType, ...attributes].join(', ')]
      }),
    ),
  }
}

/** Where a table is, as its ARN has it: arn:aws:dynamodb:<region>:<account>:table/<name>. */
export async function tablePlace(
  client: DynamoDBClient,
  table: string,
): Promise<{ readonly region: string; readonly account: string }> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }))
  const [, , , region = '', account = ''] = (Table?.TableArn ?? '').split(':')
  return { region, account }
}

/** The existing table, and its state in DynamoDB: `ACTIVE` if it can be used. */
export async function describedTable(
  client: DynamoDBClient,
  table: string,
): Promise<{ readonly shape: TableShape; readonly state: string }> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table }))
  return { shape: shapeOf(Table ?? {}), state: Table?.TableStatus ?? 'unknown' }
}

/** The attribute by which rows expire; `undefined` if they do not. */
export async function expiringBy(client: DynamoDBClient, table: string): Promise<string | undefined> {
  const { TimeToLiveDescription } = await client.send(new DescribeTimeToLiveCommand({ TableName: table }))
  const isOn = ['ENABLED', 'ENABLING'].includes(TimeToLiveDescription?.TimeToLiveStatus ?? '')
  return isOn ? TimeToLiveDescription?.AttributeName : undefined
}
