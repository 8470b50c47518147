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
 * The statements that make what there is not yet of schema, tables with their indexes, and columns, and close them to every role but their
 * owner: each can be run again. A table is whole or not there, whenever its maker ends: that it is missing is all that makes
 * anybody go on. Not all of it is one statement, or a slow server, which has little time for each, would never get anywhere.
 */
export function schemaStatements(schema: string): readonly string[] {
  const made = Object.entries<Table>(tables).map(([name, table]) =>
    block([
      // Not of one that is there: an index of a large table takes longer than a callback may.
      `IF to_regclass(${literal(inSchema(schema, name))}) IS NULL THEN`,
      ...[creation(schema, name, table), ...indexStatements(schema, name, table)],
      'END IF',
      completion(schema, name, table),
      forOthers([`REVOKE ALL ON TABLE ${inSchema(schema, name)} FROM %s`]),
    ]),
  )
  return [schemaStatement(schema), ...made]
}

/**
 * Makes the schema. One that is there is left as it is: to make one takes CREATE on the database even if there is nothing to make,
 * so a role without it can be given a schema of its own.
 */
function schemaStatement(schema: string): string {
  const name = quoted(schema)
  return block([
    `IF NOT EXISTS (SELECT FROM pg_namespace WHERE nspname = ${literal(schema)}) THEN CREATE SCHEMA ${name}; END IF`,
    forOthers([
      `REVOKE ALL ON SCHEMA ${name} FROM %s`,
      `ALTER DEFAULT PRIVILEGES IN SCHEMA ${name} REVOKE ALL ON TABLES FROM %s`,
    ]),
  ])
}

function creation(schema: string, name: string, { columns, key }: Table): string {
  return `CREATE TABLE IF NOT EXISTS ${inSchema(schema, name)} (${[
    ...Object.entries(columns).map(([column, type]) => definition(column, type)),
    `PRIMARY KEY (${key.map(quoted).join(', ')})`,
  ].join(', ')})`
}

/** Several as one, which is done whole or not at all. */
function block(statements: readonly string[]): string {
  return `DO $do$
DECLARE grantee text;
BEGIN
  ${statements.map((one) => (one.endsWith('THEN') ? one : `${one};`)).join('\n  ')}
END
$do$`
}

/** A statement for each table, which adds the columns that an older one lacks. */
export function columnStatements(schema: string): readonly string[] {
  return Object.entries<Table>(tables).map(([name, table]) => block([completion(schema, name, table)]))
}

function completion(schema: string, name: string, { columns }: Table): string {
  const added = Object.entries(columns).map(
    ([column, type]) => `ADD COLUMN IF NOT EXISTS ${definition(column, type)}`,
  )
  const wanted = Object.keys(columns).map(literal).join(', ')
  // To alter a table locks it even where there is nothing to do, and waits for whoever reads it for long, such as pg_dump.
  return `IF EXISTS (
    SELECT FROM pg_class AS c WHERE c.oid = to_regclass(${literal(inSchema(schema, name))}) AND (NOT c.relrowsecurity OR EXISTS (
      SELECT FROM unnest(ARRAY[${wanted}]) AS w(name) WHERE NOT EXISTS (
        SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = w.name AND NOT a.attisdropped)))
  ) THEN ALTER TABLE ${inSchema(schema, name)} ENABLE ROW LEVEL SECURITY, ${added.join(', ')}; END IF`
}

function indexStatements(schema: string, name: string, { indexes = {} }: Table): readonly string[] {
  return Object.entries(indexes).map(
    ([index, { on, where }]) =>
      `CREATE INDEX IF NOT EXISTS ${quoted(`${name}-${index}`)} ON ${inSchema(schema, name)} (${on.map(quoted).join(', ')})` +
      (where === undefined ? '' : ` WHERE ${quoted(where)} IS NOT NULL`),
  )
}

function inSchema(schema: string, name: string): string {
  return `${quoted(schema)}.${quoted(name)}`
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** Runs the statements with every role but the owner in the place of `%s`. */
function forOthers(statements: readonly string[]): string {
  return `FOR grantee IN
    SELECT 'PUBLIC' UNION ALL SELECT quote_ident(rolname) FROM pg_roles
    WHERE rolname IN (${publishedRoles.map(literal).join(', ')}) AND rolname <> current_user
  LOOP
    ${statements.map((one) => `EXECUTE format(${literal(one)}, grantee);`).join('\n    ')}
  END LOOP`
}
