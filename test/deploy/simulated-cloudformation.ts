import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { text } from 'node:stream/consumers'
import {
  CreateTableCommand,
  DeleteTableCommand,
  DescribeTableCommand,
  waitUntilTableNotExists,
  type AttributeDefinition,
  type CreateTableCommandInput,
  type DynamoDBClient,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
} from '@aws-sdk/client-dynamodb'
import { close, listen } from '../../local/listening-server.ts'

// CloudFormation as far as stacks of tables go, by the rules of its user guide: "Stack status codes", "DeletionPolicy attribute",
// "Moving resources between stacks", and CreateChangeSet's `ImportExistingResources`. The tables are made in a real engine.

export interface Template {
  readonly Resources: Readonly<Record<string, Resource>>
  readonly Outputs?: unknown
}

interface Table {
  readonly TableName: string
  readonly KeySchema?: KeySchemaElement[]
  readonly AttributeDefinitions?: AttributeDefinition[]
  readonly GlobalSecondaryIndexes?: readonly GlobalSecondaryIndex[] | undefined
}

interface Resource {
  readonly Type: string
  readonly DeletionPolicy?: string
  readonly Properties: Table
}

type ChangeSetType = 'CREATE' | 'UPDATE'

interface ChangeSet {
  readonly type: ChangeSetType
  readonly stack: Stack
  readonly template: Template
  readonly refusal: string | undefined
}

interface StackEvent {
  readonly ClientRequestToken: string
  readonly LogicalResourceId: string
  readonly ResourceStatus: string
  readonly ResourceStatusReason: string
}

interface Stack {
  readonly name: string
  status: string
  template: Template
  /** Of each resource that was ever there. */
  readonly resources: Map<string, { status: string; table: string }>
  readonly events: StackEvent[]
}

export interface SimulatedCloudFormation {
  readonly url: string
  /** Of CloudFormation, in order: `CreateChangeSet CREATE`. What only looks is left out. */
  readonly calls: string[]
  /** What each resource fails with when it is made, from now on. */
  readonly failures: Map<string, string>
  readonly statusOf: (stack: string) => string | undefined
  /** The tables that a stack holds, sorted. */
  readonly tablesOf: (stack: string) => readonly string[]
  /** The names of the indexes of a resource, as the stack's template has them. */
  readonly indexesOf: (stack: string, id: string) => readonly string[]
  readonly setStatus: (stack: string, status: string) => void
  /** Makes a stack, or changes it, as somebody else does. */
  readonly putStack: (stack: string, template: Template) => Promise<void>
  readonly deleteStack: (stack: string) => Promise<void>
  readonly stop: () => Promise<void>
}

class Refused extends Error {}

type Query = URLSearchParams

export async function startSimulatedCloudFormation(
  dynamoDb: DynamoDBClient,
): Promise<SimulatedCloudFormation> {
  const stacks = new Map<string, Stack>()
  const changeSets = new Map<string, ChangeSet>()
  const calls: string[] = []
  const failures = new Map<string, string>()
  /** Of a stack or a change set: whether somebody has seen that it is under way. */
  const seenUnderWay = new Set<unknown>()

  /** Everything takes a while: who looks for the first time finds it under way. */
  function isFirstLook(at: unknown): boolean {
    if (seenUnderWay.has(at)) return false
    seenUnderWay.add(at)
    return true
  }

  function stackOf(name: string): Stack {
    const stack = stacks.get(name)
    if (stack === undefined) throw new Refused(`Stack with id ${name} does not exist`)
    return stack
  }

  function newStack(name: string): Stack {
    const stack = {
      name,
      status: 'REVIEW_IN_PROGRESS',
      template: { Resources: {} },
      resources: new Map(),
      events: [],
    }
    seenUnderWay.add(stack)
    stacks.set(name, stack)
    return stack
  }

  function heldBy(stack: Stack): string[] {
    const held = [...stack.resources].filter(([, { status }]) => !status.startsWith('DELETE_'))
    return held.map(([id]) => id)
  }

  async function exists(table: string): Promise<boolean> {
    try {
      const { Table } = await dynamoDb.send(new DescribeTableCommand({ TableName: table }))
      return Table?.TableStatus === 'ACTIVE'
    } catch {
      return false
    }
  }

  /** What is there already was looked at when the change set was made. */
  async function makeOrTakeIn(id: string, { Properties }: Resource): Promise<string | undefined> {
    const failure = failures.get(id)
    if (failure !== undefined) return failure
    if (await exists(Properties.TableName)) return undefined
    await dynamoDb.send(new CreateTableCommand(Properties as CreateTableCommandInput))
    while (!(await exists(Properties.TableName)));
    return undefined
  }

  async function deleteTable(TableName: string): Promise<void> {
    await dynamoDb.send(new DeleteTableCommand({ TableName }))
    await waitUntilTableNotExists(
      { client: dynamoDb, maxWaitTime: 60, minDelay: 0.1, maxDelay: 0.1 },
      { TableName },
    )
  }

  /** Takes a resource out of a stack; with `Retain` what it stood for stays. */
  async function letGo(stack: Stack, id: string): Promise<void> {
    const { DeletionPolicy, Properties } = stack.template.Resources[id]!
    const isRetained = DeletionPolicy === 'Retain'
    if (!isRetained) await deleteTable(Properties.TableName)
    const status = isRetained ? 'DELETE_SKIPPED' : 'DELETE_COMPLETE'
    stack.resources.set(id, { status, table: Properties.TableName })
  }

  async function createChangeSet(query: Query): Promise<object> {
    const name = query.get('StackName')!
    const type = query.get('ChangeSetType') as ChangeSetType
    const template = JSON.parse(query.get('TemplateBody')!) as Template
    const existing = stacks.get(name)
    const isNew = existing === undefined || existing.status === 'REVIEW_IN_PROGRESS'
    if (type === 'CREATE' && !isNew)
      throw new Refused(`Stack [${name}] already exists and cannot be created again`)
    if (type === 'UPDATE' && isNew) throw new Refused(`Stack [${name}] does not exist`)
    if (existing?.status === 'ROLLBACK_COMPLETE')
      throw new Refused(`Stack:${name} is in ROLLBACK_COMPLETE state and can not be updated.`)
    const stack = existing ?? newStack(name)
    const id = `arn:aws:cloudformation:changeSet/${randomUUID()}`
    const doesImport = query.get('ImportExistingResources') === 'true'
    const refusal = await refusalOf(type, stack, template, doesImport)
    changeSets.set(id, { type, stack, template, refusal })
    calls.push(`CreateChangeSet ${type}`)
    return { Id: id, StackId: name }
  }

  async function refusalOf(
    type: ChangeSetType,
    stack: Stack,
    template: Template,
    doesImport: boolean,
  ): Promise<string | undefined> {
    if (type === 'UPDATE' && isDeepStrictEqual(template, stack.template))
      return "The submitted information didn't contain changes. Submit different information to create a change set."
    if (!doesImport) return undefined
    const outside = Object.entries(template.Resources).filter(([id]) => !heldBy(stack).includes(id))
    for (const [id, { DeletionPolicy, Properties }] of outside) {
      const { TableName } = Properties
      if (!(await exists(TableName))) continue
      const holder = holderOf(TableName)
      if (holder !== undefined) return `Resource ${id} already exists in stack ${holder.name}`
      if (DeletionPolicy !== 'Retain')
        return `CloudFormation is attempting to import some resources because they already exist in your account. The resources must have the DeletionPolicy attribute set to 'Retain' or 'RetainExceptOnCreate' in the template for successful import. The affected resources are ${id} ({TableName=${TableName}})`
    }
    return undefined
  }

  function holderOf(table: string): Stack | undefined {
    return [...stacks.values()].find((stack) =>
      heldBy(stack).some((id) => stack.resources.get(id)!.table === table),
    )
  }

  async function execute(query: Query): Promise<object> {
    const { type, stack, template } = changeSets.get(query.get('ChangeSetName')!)!
    calls.push(`ExecuteChangeSet ${type}`)
    await apply(stack, type, template, query.get('ClientRequestToken') ?? '')
    seenUnderWay.delete(stack)
    return {}
  }

  function problemOfChange(was: Resource | undefined, wanted: Resource): string | undefined {
    if (!isDeepStrictEqual(was?.Properties.KeySchema, wanted.Properties.KeySchema))
      return 'CloudFormation cannot update a stack when a custom-named resource requires replacing.'
    if (changedIndexes(was?.Properties, wanted.Properties) > 1)
      return 'Cannot perform more than one GSI creation or deletion in a single update'
    return isEveryAttributeKey(wanted.Properties)
      ? undefined
      : 'Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions'
  }

  async function apply(stack: Stack, type: ChangeSetType, template: Template, token: string): Promise<void> {
    const before = stack.template.Resources
    const made: string[] = []
    const problems: [id: string, reason: string][] = []
    for (const [id, resource] of Object.entries(template.Resources)) {
      const isHeld = heldBy(stack).includes(id)
      const problem = isHeld ? problemOfChange(before[id], resource) : await makeOrTakeIn(id, resource)
      if (problem !== undefined) problems.push([id, problem])
      if (problem !== undefined || isHeld) continue
      made.push(id)
      stack.resources.set(id, { status: `${type}_COMPLETE`, table: resource.Properties.TableName })
    }
    stack.events.unshift(
      ...problems.map(([LogicalResourceId, ResourceStatusReason]) => ({
        ClientRequestToken: token,
        LogicalResourceId,
        ResourceStatus: `${type}_FAILED`,
        ResourceStatusReason,
      })),
    )
    if (problems.length > 0) return rollBack(stack, type, template, made)
    const removed = heldBy(stack).filter((id) => !(id in template.Resources))
    for (const id of removed) await letGo(stack, id)
    stack.template = template
    stack.status = `${type}_COMPLETE`
  }

  async function rollBack(
    stack: Stack,
    type: ChangeSetType,
    { Resources }: Template,
    made: readonly string[],
  ): Promise<void> {
    const before = stack.template
    stack.template = { Resources: { ...before.Resources, ...Resources } }
    for (const id of made) await letGo(stack, id)
    stack.template = before
    stack.status = type === 'CREATE' ? 'ROLLBACK_COMPLETE' : `${type}_ROLLBACK_COMPLETE`
  }

  async function remove(stack: Stack): Promise<void> {
    for (const id of heldBy(stack)) await letGo(stack, id)
    stacks.delete(stack.name)
  }

  const actions: Readonly<Record<string, (query: Query) => object | Promise<object>>> = {
    CreateChangeSet: createChangeSet,
    ExecuteChangeSet: execute,
    DescribeChangeSet(query) {
      const changeSet = changeSets.get(query.get('ChangeSetName')!)!
      if (isFirstLook(changeSet)) return { Status: 'CREATE_IN_PROGRESS' }
      const { refusal } = changeSet
      return refusal === undefined
        ? { Status: 'CREATE_COMPLETE' }
        : { Status: 'FAILED', StatusReason: refusal }
    },
    DeleteChangeSet(query) {
      changeSets.delete(query.get('ChangeSetName')!)
      calls.push('DeleteChangeSet')
      return {}
    },
    DescribeStacks(query) {
      const { name, status } = stackOf(query.get('StackName')!)
      const isUnderWay = isFirstLook(stacks.get(name))
      return { Stacks: [{ StackName: name, StackStatus: isUnderWay ? 'UPDATE_IN_PROGRESS' : status }] }
    },
    ListStackResources(query) {
      const { resources, template } = stackOf(query.get('StackName')!)
      const listed = [...resources].map(([LogicalResourceId, { status, table }]) => ({
        LogicalResourceId,
        PhysicalResourceId: table,
        ResourceType: template.Resources[LogicalResourceId]?.Type ?? 'AWS::DynamoDB::Table',
        ResourceStatus: status,
      }))
      // In pages of two, to see that all of them are read.
      const from = Number(query.get('NextToken') ?? 0)
      const page = { StackResourceSummaries: listed.slice(from, from + 2) }
      return listed.length > from + 2 ? { ...page, NextToken: String(from + 2) } : page
    },
    GetTemplate: (query) => ({ TemplateBody: JSON.stringify(stackOf(query.get('StackName')!).template) }),
    DescribeStackEvents: (query) => ({ StackEvents: stackOf(query.get('StackName')!).events }),
    async DeleteStack(query) {
      calls.push('DeleteStack')
      await remove(stackOf(query.get('StackName')!))
      return {}
    },
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const query = new URLSearchParams(await text(request))
    const action = query.get('Action')!
    try {
      const result = await actions[action]!(query)
      response.end(
        `<${action}Response><${action}Result>${xmlOf(result)}</${action}Result></${action}Response>`,
      )
    } catch (error) {
      if (!(error instanceof Refused)) throw error
      const reported = { Error: { Type: 'Sender', Code: 'ValidationError', Message: error.message } }
      response.writeHead(400)
      response.end(`<ErrorResponse>${xmlOf(reported)}</ErrorResponse>`)
    }
  }

  const server = createServer((request, response) => {
    void answer(request, response)
  })
  const port = await listen(server, 0, 'CloudFormation')
  return {
    url: `http://127.0.0.1:${port}`,
    calls,
    failures,
    statusOf: (stack) => stacks.get(stack)?.status,
    tablesOf(name) {
      const stack = stacks.get(name)
      return stack === undefined
        ? []
        : heldBy(stack)
            .map((id) => stack.resources.get(id)!.table)
            .sort()
    },
    indexesOf: (stack, id) =>
      (stackOf(stack).template.Resources[id]?.Properties.GlobalSecondaryIndexes ?? []).map(nameOf),
    setStatus(stack, status) {
      stackOf(stack).status = status
    },
    async putStack(name, template) {
      const existing = stacks.get(name)
      await apply(existing ?? newStack(name), existing ? 'UPDATE' : 'CREATE', template, '')
    },
    deleteStack: (name) => remove(stackOf(name)),
    stop: () => close(server),
  }
}

/** How many indexes come or go. The emulated engine makes none of an update, so only the template shows them. */
function changedIndexes(was: Table | undefined, wanted: Table): number {
  return differences(was?.GlobalSecondaryIndexes?.map(nameOf), wanted.GlobalSecondaryIndexes?.map(nameOf))
}

function isEveryAttributeKey({ AttributeDefinitions = [], KeySchema = [], GlobalSecondaryIndexes }: Table) {
  const schemas = [KeySchema, ...(GlobalSecondaryIndexes ?? []).map((index) => index.KeySchema ?? [])]
  const keys = schemas.flat().map(({ AttributeName }) => AttributeName)
  return (
    differences(
      keys,
      AttributeDefinitions.map(({ AttributeName }) => AttributeName),
    ) === 0
  )
}

function differences(some: readonly unknown[] = [], others: readonly unknown[] = []): number {
  const lackedBy = (them: readonly unknown[]) => (one: unknown) => !them.includes(one)
  return some.filter(lackedBy(others)).length + others.filter(lackedBy(some)).length
}

function nameOf({ IndexName = '' }: GlobalSecondaryIndex): string {
  return IndexName
}

/** As the query protocol has it: a list's elements are `member`. */
function xmlOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((one) => `<member>${xmlOf(one)}</member>`).join('')
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([name, inner]) => `<${name}>${xmlOf(inner)}</${name}>`)
      .join('')
  return String(value).replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}
