import { readFileSync } from 'node:fs'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { parse } from 'yaml'

// What serverless.yml lets a function know and do, and clients that can do no more.

export type FunctionName = 'ingest' | 'reconcile'

/** One call to DynamoDB as a role sees it: `dynamodb:Scan` of `deliveries/index/pending`. */
export interface Call {
  readonly action: string
  /** A table, as lib/table/names.ts names it, or an index of one. */
  readonly resource: string
  /** Whether the call may answer what stood in the row. */
  readonly returnsValues: boolean
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

const environment = v.record(v.string(), v.string())

// Strict, so that nothing else gives a permission (`ManagedPolicyArns`, say) without a test that knows it.
const role = v.strictObject({
  AssumeRolePolicyDocument: v.unknown(),
  Policies: v.array(
    v.strictObject({
      PolicyName: v.string(),
      PolicyDocument: v.strictObject({ Version: v.literal('2012-10-17'), Statement: v.array(statement) }),
    }),
  ),
})

const serverlessYaml = v.object({
  provider: v.object({ environment }),
  functions: v.record(v.string(), v.object({ role: v.string(), environment })),
})
const resourcesYaml = v.object({
  Resources: v.record(v.string(), v.object({ Type: v.string(), Properties: v.unknown() })),
})

/** `!GetAtt Table.Arn` and `!Sub '${Table.Arn}'` say the same, and are read as the latter. */
const references = [
  { tag: '!GetAtt', resolve: (attribute: string) => `\${${attribute}}` },
  { tag: '!Ref', resolve: (name: string) => `\${${name}}` },
  { tag: '!Sub', resolve: (text: string) => text },
]

function read(file: string): unknown {
  return parse(readFileSync(new URL(`../${file}`, import.meta.url), 'utf8'), { customTags: references })
}

function declared(): v.InferOutput<typeof serverlessYaml> {
  return v.parse(serverlessYaml, read('serverless.yml'))
}

function resourcesOf(file: string): v.InferOutput<typeof resourcesYaml>['Resources'] {
  return v.parse(resourcesYaml, read(file)).Resources
}

/** The names of the variables that the function finds in its environment. */
export function environmentOf(name: FunctionName): readonly string[] {
  const { provider, functions } = declared()
  return Object.keys({ ...provider.environment, ...functions[name]?.environment })
}

function roleOf(name: FunctionName): v.InferOutput<typeof role> {
  const { functions } = declared()
  const roleName = /^\$\{(\w+)\.Arn\}$/.exec(functions[name]?.role ?? '')?.[1]
  return v.parse(role, resourcesOf('deploy/roles.yml')[roleName ?? '']?.Properties)
}

/** Who may take the function's role. */
export function trustOf(name: FunctionName): unknown {
  return roleOf(name).AssumeRolePolicyDocument
}

/** Every statement of the function's role, with the tables by the names that lib/table/names.ts gives them. */
export function statementsOf(name: FunctionName): readonly Statement[] {
  const tables = new Map(
    Object.entries(resourcesOf('deploy/tables.yml'))
      .filter(([, { Type }]) => Type === 'AWS::DynamoDB::Table')
      .map(([table, { Properties }]) => [`\${${table}.Arn}`, tableOf(Properties)]),
  )
  const inOurNames = (arn: string) =>
    arn.replace(/^\$\{\w+\.Arn\}/, (reference) => tables.get(reference) ?? reference)
  return roleOf(name).Policies.flatMap(({ PolicyDocument }) =>
    PolicyDocument.Statement.map((one) => ({ ...one, Resource: one.Resource.map(inOurNames) })),
  )
}

function tableOf(properties: unknown): string {
  const { TableName } = v.parse(v.object({ TableName: v.string() }), properties)
  return TableName.replace('${self:custom.tablePrefix}-', '')
}

/** The one condition that this project uses: a write may not return what stood there. */
export const withoutReturnedValues = { StringEqualsIfExists: { 'dynamodb:ReturnValues': 'NONE' } }

/** Tells of every call that the client sends, before it is sent. What is thrown is thrown to whoever called. */
export function watchCalls(client: DynamoDBClient, see: (call: Call) => void): void {
  client.middlewareStack.add(
    (next, context) => (args) => {
      const action = `dynamodb:${String(context.commandName).replace(/Command$/, '')}`
      for (const call of callsOf(action, args.input)) see(call)
      return next(args)
    },
    { step: 'initialize', name: 'watch-calls' },
  )
}

const tableInput = v.object({
  TableName: v.string(),
  IndexName: v.optional(v.string()),
  ReturnValues: v.optional(v.string(), 'NONE'),
  ReturnValuesOnConditionCheckFailure: v.optional(v.string(), 'NONE'),
})
const batchInput = v.object({ RequestItems: v.record(v.string(), v.unknown()) })

function callsOf(action: string, input: unknown): readonly Call[] {
  const batch = v.safeParse(batchInput, input)
  if (batch.success) {
    return Object.keys(batch.output.RequestItems).map((table) => ({
      action,
      resource: nameOf(table),
      returnsValues: false,
    }))
  }
  const told = v.parse(tableInput, input)
  const index = told.IndexName === undefined ? '' : `/index/${told.IndexName}`
  const returnsValues = told.ReturnValues !== 'NONE' || told.ReturnValuesOnConditionCheckFailure !== 'NONE'
  return [{ action, resource: nameOf(told.TableName) + index, returnsValues }]
}

/** `test-1-deliveries` → `deliveries` */
function nameOf(table: string): string {
  return table.slice(table.lastIndexOf('-') + 1)
}

/** Refuses, as AWS would, every call of the client that the function's role does not allow. */
export function limitToRole(client: DynamoDBClient, name: FunctionName): void {
  const statements = statementsOf(name)
  watchCalls(client, (call) => {
    if (statements.some((one) => allows(one, call))) return
    const what = `${call.action} on ${call.resource}${call.returnsValues ? ', returning values' : ''}`
    const refusal = new Error(`The role of the ${name} function in serverless.yml does not allow ${what}.`)
    refusal.name = 'AccessDeniedException'
    throw refusal
  })
}

function allows({ Action, Resource, Condition }: Statement, call: Call): boolean {
  const isNamed = Action.includes(call.action) && Resource.includes(call.resource)
  return isNamed && (Condition === undefined || !call.returnsValues)
}
