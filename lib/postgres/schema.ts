import { eventKinds, messageColumns } from '../core/event.ts'
import { inboundColumns } from '../core/inbound-mail.ts'
import { idIndexes } from '../rows/id-indexes.ts'
import type { Database } from './database.ts'

type Type = 'text' | 'text[]' | 'bigint' | 'jsonb'

interface Table {
  readonly columns: Readonly<Record<string, Type>>
  readonly key: readonly string[]
  /** What a column is indexed for is among these: columns, and the one that is not null in the rows that it has. */
  readonly indexes?: Readonly<Record<string, { readonly on: readonly string[]; readonly where?: string }>>
}

/** The columns of these names and one type. */
function columnsOf(names: readonly string[], type: Type): Record<string, Type> {
  return Object.fromEntries(names.map((name) => [name, type]))
}

const expiry = { expires: { on: ['expiresAt'] } } as const

/** The tables, with the columns that the tables of DynamoDB have (docs/vocabulary.md). */
export const tables = {
  deliveries: {
    columns: {
      ...columnsOf(['recipient', 'message', 'status'], 'text'),
      statusRank: 'bigint',
      ...columnsOf(['pending', 'provider', 'messageId', 'sentAt', ...messageColumns], 'text'),
      // The sender's own, echoed by the provider.
      headers: 'jsonb',
      ...columnsOf([...eventKinds, 'spellings', 'emailIds'], 'text[]'),
      ...columnsOf(['problemDay', idIndexes.ownId.attribute, idIndexes.rfcMessageId.attribute], 'text'),
      expiresAt: 'bigint',
    },
    key: ['recipient', 'message'],
    indexes: {
      ...expiry,
      byMessage: { on: ['messageId', 'recipient'], where: 'messageId' },
      pending: { on: ['recipient', 'message'], where: 'pending' },
      problems: { on: ['problemDay', 'message', 'recipient'], where: 'problemDay' },
      byOwnId: { on: ['ownId', 'message'], where: 'ownId' },
      byRfcMessageId: { on: ['rfcId', 'message'], where: 'rfcId' },
    },
  },
  // What found no room in the row of its delivery: a fact, columns, or names (docs/adr/0003).
  beside: {
    columns: {
      ...columnsOf(['recipient', 'message', 'suffix', 'names', 'provider'], 'text'),
      content: 'jsonb',
      expiresAt: 'bigint',
    },
    key: ['recipient', 'message', 'suffix'],
    indexes: expiry,
  },
  suppressions: {
    columns: {
      ...columnsOf(['recipient', 'reason', 'since', 'provider', 'message', 'suppressedBy'], 'text'),
      ...columnsOf(['evidence', 'blocklisted', 'unclearBounces', 'unclearDays', 'countedOut'], 'text[]'),
      removals: 'text[]',
      removedAt: 'text',
      rulesVersion: 'bigint',
      evidenceLeftOut: 'text',
      // `latestHardBounce` and so on.
      latest: 'jsonb',
    },
    key: ['recipient'],
  },
  inbound: {
    columns: {
      ...columnsOf(['id', 'provider', 'recipient', 'answers', 'answeredRecipient'], 'text'),
      ...columnsOf(['receivedAt', 'rawMessageUrls'], 'text[]'),
      ...columnsOf(inboundColumns, 'text'),
      bytes: 'bigint',
      content: 'text',
      expiresAt: 'bigint',
    },
    key: ['id'],
    indexes: { ...expiry, byAnswered: { on: ['answers', 'id'] } },
  },
  quarantine: {
    columns: {
      ...columnsOf(['id', 'provider', 'contentType', 'reason'], 'text'),
      problems: 'text[]',
      bytes: 'bigint',
      ...columnsOf(['verified', 'firstSeenAt', 'lastSeenAt'], 'text'),
      ...columnsOf(['seen', 'replays'], 'text[]'),
      ...columnsOf(['open', 'resolvedAt', 'resolvedBy', 'body', 'bodyBase64'], 'text'),
      expiresAt: 'bigint',
    },
    key: ['id'],
    indexes: { ...expiry, open: { on: ['id'], where: 'open' } },
  },
  // Bytes of unproved bodies that a day has taken.
  room: {
    columns: { day: 'text', takenBytes: 'bigint', expiresAt: 'bigint' },
    key: ['day'],
  },
  tombstones: {
    columns: {
      ...columnsOf(['recipient', 'erasedAt', 'suppression'], 'text'),
      waiting: 'text[]',
      expiresAt: 'bigint',
    },
    key: ['recipient'],
  },
  reconciliation: {
    columns: {
      ...columnsOf(['job', 'leaseOwner', 'leaseUntil', 'checkpoint', 'lastRunAt', 'lastRunBy'], 'text'),
      lastRun: 'jsonb',
    },
    key: ['job'],
  },
} as const satisfies Readonly<Record<string, Table>>

export type TableName = keyof typeof tables

export const everyTable = Object.keys(tables) as readonly TableName[]

/** Text that is quoted as a name. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A column as a statement defines it. Text is compared by its bytes, as DynamoDB does. */
export function definition(name: string, type: Type): string {
  return `${quoted(name)} ${type}${type.startsWith('text') ? ' COLLATE "C"' : ''}`
}

/** Of which a longer one would be cut, and two that begin alike would be one. */
const maxSchemaBytes = 63

/** The tables of one deployment in their database. */
export interface PostgresTables {
  readonly database: Database
  /** A table as a statement names it. */
  readonly nameOf: (table: TableName) => string
}

/** @param schema - of the deployment: its prefix. Throws where PostgreSQL has no names of that length. */
export function tablesIn(database: Database, schema: string): PostgresTables {
  if (schema === '' || Buffer.byteLength(schema) > maxSchemaBytes) {
    throw new Error(
      `TABLE_PREFIX: expected 1 to ${maxSchemaBytes} characters where the tables are in PostgreSQL, since it names their schema.`,
    )
  }
  return { database, nameOf: (table) => inSchema(schema, table) }
}

/** Roles of CloudBase and of Supabase that the internet may take: their default privileges are everything. */
export const publishedRoles = ['anon', 'authenticated', 'service_role']

/**
 * The statements that make what there is not yet of schema, tables, columns and indexes, and close them to every role but their
 * owner: each can be run again. The first makes the schema. One by one, since a door may take no more at a time.
 */
export function schemaStatements(schema: string): readonly string[] {
  const made = Object.entries<Table>(tables).map(
    ([name, { columns, key }]) =>
      `CREATE TABLE IF NOT EXISTS ${inSchema(schema, name)} (${[
        ...Object.entries(columns).map(([column, type]) => definition(column, type)),
        `PRIMARY KEY (${key.map(quoted).join(', ')})`,
      ].join(', ')})`,
  )
  return [
    `CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`,
    ...made,
    ...columnStatements(schema),
    ...indexStatements(schema),
    closing(schema),
  ]
}

/** A statement for each table, which adds the columns that an older one lacks. It locks the table for a moment. */
export function columnStatements(schema: string): readonly string[] {
  return Object.entries<Table>(tables).map(([name, { columns }]) => {
    const added = Object.entries(columns).map(
      ([column, type]) => `ADD COLUMN IF NOT EXISTS ${definition(column, type)}`,
    )
    return `ALTER TABLE ${inSchema(schema, name)} ENABLE ROW LEVEL SECURITY, ${added.join(', ')}`
  })
}

function indexStatements(schema: string): readonly string[] {
  return Object.entries<Table>(tables).flatMap(([name, { indexes = {} }]) =>
    Object.entries(indexes).map(
      ([index, { on, where }]) =>
        `CREATE INDEX IF NOT EXISTS ${quoted(`${name}-${index}`)} ON ${inSchema(schema, name)} (${on.map(quoted).join(', ')})` +
        (where === undefined ? '' : ` WHERE ${quoted(where)} IS NOT NULL`),
    ),
  )
}

function inSchema(schema: string, name: string): string {
  return `${quoted(schema)}.${quoted(name)}`
}

/** Takes every privilege from everybody but the owner, of what there is and of what comes. */
function closing(schema: string): string {
  const literal = (text: string) => `'${text.replaceAll("'", "''")}'`
  const roles = publishedRoles.map(literal).join(', ')
  return `DO $do$
DECLARE grantee text;
BEGIN
  FOR grantee IN
    SELECT 'PUBLIC' UNION ALL SELECT quote_ident(rolname) FROM pg_roles
    WHERE rolname IN (${roles}) AND rolname <> current_user
  LOOP
    EXECUTE format('REVOKE ALL ON SCHEMA %I FROM %s', ${literal(schema)}, grantee);
    EXECUTE format('REVOKE ALL ON ALL TABLES IN SCHEMA %I FROM %s', ${literal(schema)}, grantee);
    EXECUTE format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I REVOKE ALL ON TABLES FROM %s', ${literal(schema)}, grantee);
  END LOOP;
END
$do$`
}
