import { readFileSync } from 'node:fs'
import { isDeepStrictEqual } from 'node:util'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { parse } from 'yaml'

// What the functions' roles let them do, as deploy/roles.yml has them or a packaged template, and clients that can do no
// more. That both are the same is for test/proof/permissions.test.ts to say.

export type FunctionName = 'ingest' | 'reconcile' | 'query'

/** One call to DynamoDB as a role sees it: `dynamodb:Scan` of `deliveries/index/pending`. */
export interface Call {
  readonly action: string
  /** A table, as lib/table/names.ts names it, or an index of one. */
  readonly resource: string
  /** What the write asks to be answered of the row; `undefined` where it does not say, and nothing is. */
  readonly returnValues: string | undefined
  /** The same of a write whose condition does not hold. */
  readonly returnValuesOnConditionCheckFailure: string | undefined
}

const oneOrMore = v.union([
  v.array(v.string()),
  v.pipe(
    v.string(),
    v.transform((one) => [one]),
  ),
])

const statement = v.strictObject({
  Effect: v.literal('Allow'),
  Action: oneOrMore,
  Resource: oneOrMore,
  Condition: v.optional(v.unknown()),
})

type Statement = v.InferOutput<typeof statement>

// Strict, so that nothing else gives a permission (`ManagedPolicyArns`, say) without a test that knows it.
const role = v.strictObject({
  Type: v.literal('AWS::IAM::Role'),
  Properties: v.strictObject({
    AssumeRolePolicyDocument: v.unknown(),
    Policies: v.array(
      v.strictObject({
        PolicyName: v.string(),
        PolicyDocument: v.strictObject({ Version: v.literal('2012-10-17'), Statement: v.array(statement) }),
      }),
    ),
  }),
})

/** Resources of CloudFormation by their names, with references as {@link inWords} writes them. */
export type Resources = Readonly<Record<string, unknown>>

/** `!GetAtt Table.Arn` and `!Sub '${Table.Arn}'` say the same, and are read as the latter. */
const references = [
  { tag: '!GetAtt', resolve: (attribute: string) => `\${${attribute}}` },
  { tag: '!Ref', resolve: (name: string) => `\${${name}}` },
  { tag: '!Sub', resolve: (text: string) => text },
]

/** How the roles name a table, but for what stands behind the prefix. */
const writtenArn = v.parse(
  v.object({ custom: v.object({ tableArn: v.string() }) }),
  parse(textOf('serverless.yml'), { logLevel: 'silent' }),
).custom.tableArn

function textOf(file: string): string {
  return readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
}

function resourcesOf(file: string): Resources {
  const text = textOf(file).replaceAll('${self:custom.tableArn}', writtenArn)
  const yaml = v.object({ Resources: v.record(v.string(), v.unknown()) })
  return v.parse(yaml, parse(text, { customTags: references })).Resources
}

/** The roles and tables as they are written, before anything is packaged. */
export function writtenResources(): Resources {
  return { ...resourcesOf('deploy/roles.yml'), ...resourcesOf('deploy/tables.yml') }
}

const reference = v.union([
  v.pipe(
    v.strictObject({ Ref: v.string() }),
    v.transform(({ Ref }) => `\${${Ref}}`),
  ),
  v.pipe(
    v.strictObject({ 'Fn::GetAtt': v.tuple([v.string(), v.string()]) }),
    v.transform((of) => `\${${of['Fn::GetAtt'].join('.')}}`),
  ),
  v.pipe(
    v.strictObject({ 'Fn::Sub': v.string() }),
    v.transform((of) => of['Fn::Sub']),
  ),
])

/** Any part of a template with its references as text: `${IngestRole.Arn}`. */
export function inWords(part: unknown): unknown {
  const said = v.safeParse(reference, part)
  if (said.success) return said.output
  if (Array.isArray(part)) return part.map(inWords)
  if (typeof part !== 'object' || part === null) return part
  return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, inWords(value)]))
}

function roleIn(resources: Resources, name: FunctionName): v.InferOutput<typeof role> {
  return v.parse(role, resources[`${name[0]?.toUpperCase()}${name.slice(1)}Role`])
}

/** Who may take the function's role. */
export function trustIn(resources: Resources, name: FunctionName): unknown {
  return roleIn(resources, name).Properties.AssumeRolePolicyDocument
}

/** Every statement of the function's role, with the tables by the names that lib/table/names.ts gives them. */
export function statementsIn(resources: Resources, name: FunctionName): readonly Statement[] {
  const tables = tablesIn(resources)
  const inOurNames = (arn: string) =>
    arn.replace(arnOfTable, (whole, table: string) => tables.get(table) ?? whole)
  return roleIn(resources, name).Properties.Policies.flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.map((one) => ({ ...one, Resource: one.Resource.map(inOurNames) })),
  )
}

const tableResource = v.object({
  Type: v.literal('AWS::DynamoDB::Table'),
  Properties: v.object({ TableName: v.string() }),
})

/** A table of this account and region, by its name; what stands behind it, an index, is left. */
const arnOfTable = /^arn:\$\{AWS::Partition\}:dynamodb:\$\{AWS::Region\}:\$\{AWS::AccountId\}:table\/([^/]+)/

/** `delivery-ledger-prod-deliveries` → `deliveries`, for each table that is declared. */
function tablesIn(resources: Resources): ReadonlyMap<string, string> {
  const tables = Object.values(resources).filter((resource) => v.is(tableResource, resource))
  return new Map(tables.map(({ Properties: { TableName } }) => [TableName, nameOf(TableName)]))
}

/**
 * The one condition that this project uses of tables: a write may not ask for what stood there by `ReturnValues`, which is all
 * that Amazon says of this key. Of `ReturnValuesOnConditionCheckFailure` it says nothing.
 * Source: Service Authorization Reference, DynamoDB, condition keys, "the ReturnValues parameter of request" (read 2026-11-22).
 */
const withoutReturnedValues = { StringEqualsIfExists: { 'dynamodb:ReturnValues': 'NONE' } }

/** Calls back for every call of the client, before it is sent. Errors propagate to the caller. */
export function watchCalls(client: DynamoDBClient, see: (call: Call) => void): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const action = `dynamodb:${String(context.commandName).replace(/Command$/, '')}`
      for (const call of callsOf(action, args.input)) see(call)
      return next(args)
    },
    { step: 'initialize' },
  )
}

const tableInput = v.object({
  TableName: v.string(),
  IndexName: v.optional(v.string()),
  ReturnValues: v.optional(v.string()),
  ReturnValuesOnConditionCheckFailure: v.optional(v.string()),
})
const batchInput = v.object({ RequestItems: v.record(v.string(), v.unknown()) })

function callsOf(action: string, input: unknown): readonly Call[] {
  const batch = v.safeParse(batchInput, input)
  const nothing = { returnValues: undefined, returnValuesOnConditionCheckFailure: undefined }
  if (batch.success) {
    return Object.keys(batch.output.RequestItems).map((table) => ({
      action,
      resource: nameOf(table),
      ...nothing,
    }))
  }
  const reported = v.parse(tableInput, input)
  const index = reported.IndexName === undefined ? '' : `/index/${reported.IndexName}`
  return [
    {
      action,
      resource: nameOf(reported.TableName) + index,
      returnValues: reported.ReturnValues,
      returnValuesOnConditionCheckFailure: reported.ReturnValuesOnConditionCheckFailure,
    },
  ]
}

/** `test-1-deliveries` → `deliveries` */
function nameOf(table: string): string {
  return table.slice(table.lastIndexOf('-') + 1)
}

/** Refuses, as AWS says that it would, every call of the client that the function's role does not allow. */
export function limitToRole(client: DynamoDBClient, name: FunctionName): void {
  const statements = statementsIn(writtenResources(), name)
  watchCalls(client, (call) => {
    if (statements.some((one) => allows(one, call))) return
    const asks = call.returnValues === undefined ? '' : `, returning ${call.returnValues}`
    const what = `${call.action} on ${call.resource}${asks}`
    const refusal = new Error(`The role of the ${name} function in deploy/roles.yml does not allow ${what}.`)
    refusal.name = 'AccessDeniedException'
    throw refusal
  })
}

function allows({ Action, Resource, Condition }: Statement, call: Call): boolean {
  return Action.includes(call.action) && Resource.includes(call.resource) && holds(Condition, call)
}

/** `…IfExists` holds, too, where the request does not say. */
function holds(condition: unknown, { returnValues }: Call): boolean {
  if (condition === undefined) return true
  if (isDeepStrictEqual(condition, withoutReturnedValues)) {
    return returnValues === undefined || returnValues === 'NONE'
  }
  throw new Error(
    `deploy/roles.yml: test/function-roles.ts does not know when ${JSON.stringify(condition)} holds.`,
  )
}

/** Whether a call asks for what stands in a row, by either parameter. */
export function asksForRow({ returnValues, returnValuesOnConditionCheckFailure }: Call): boolean {
  return [returnValues, returnValuesOnConditionCheckFailure].some(
    (asked) => asked !== undefined && asked !== 'NONE',
  )
}

/** Refuses what no role can: a write that asks for the row. It is our rule, and not one of AWS. */
export function forbidAskingForRows(client: DynamoDBClient): void {
  watchCalls(client, (call) => {
    if (asksForRow(call)) throw new Error(`${call.action} on ${call.resource} asks for the row.`)
  })
}
