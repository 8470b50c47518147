'use strict'

// A stack that holds only tables, created and updated by CloudFormation's change sets.

const {
  CreateChangeSetCommand,
  DeleteChangeSetCommand,
  DeleteStackCommand,
  DescribeChangeSetCommand,
  DescribeStackEventsCommand,
  DescribeStacksCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  paginateListStackResources,
} = require('@aws-sdk/client-cloudformation')

const tableType = 'AWS::DynamoDB::Table'

/**
 * Creates a stack of tables, or updates it to its template. An existing table outside of any stack is imported as it
 * is, with its rows: it was left by a stack that is gone, or by a first deploy that failed.
 *
 * Rejects with what was wrong where CloudFormation does not do it, or the stack is in a state in which nothing can be changed.
 */
async function bringUpTables(aws, { stack, template, tags, role, say = () => undefined }) {
  const type = await typeOfChange(aws, stack)
  const steps = type === 'UPDATE' ? stepsTo(template, await templateOf(aws, stack)) : [template]
  for (const [done, step] of steps.entries()) {
    if (steps.length > 1) say(`${oneAtATime}: update ${done + 1} of ${steps.length} of the stack ${stack}.`)
    await change(aws, { type, stack, template: step, tags, role })
  }
}

const oneAtATime = 'DynamoDB makes or removes one index of a table at a time'

/**
 * The templates on the way from one to another, each with one index more or less of a table than the one before: "you can create or
 * delete only one global secondary index per UpdateTable" (DynamoDB developer guide). Where a deploy ends between two of them, the
 * next goes on from there.
 */
function stepsTo(template, { Resources: before }) {
  const tables = Object.entries(template.Resources)
  const changesOf = ([id, { Properties }]) => indexChanges(before[id]?.Properties ?? Properties, Properties)
  const count = Math.max(1, ...tables.map((table) => changesOf(table).length))
  return Array.from({ length: count }, (_, step) => ({
    ...template,
    Resources: Object.fromEntries(
      tables.map(([id, resource]) => {
        const left = changesOf([id, resource]).slice(step + 1)
        const was = before[id]?.Properties
        return [id, { ...resource, Properties: withoutChanges(resource.Properties, was, left) }]
      }),
    ),
  }))
}

/** The names of the indexes that go and of those that come. */
function indexChanges(was, wanted) {
  const [old, wished] = [was, wanted].map(namesOfIndexes)
  return [...old.filter((name) => !wished.includes(name)), ...wished.filter((name) => !old.includes(name))]
}

function namesOfIndexes({ GlobalSecondaryIndexes = [] }) {
  return GlobalSecondaryIndexes.map(({ IndexName }) => IndexName)
}

/** A table as it is wanted, but for these changes of its indexes, which are left for later. */
function withoutChanges(wanted, was, left) {
  if (left.length === 0) return wanted
  const { GlobalSecondaryIndexes: old = [], AttributeDefinitions: oldAttributes } = was
  const { GlobalSecondaryIndexes: wished = [], AttributeDefinitions } = wanted
  const isLeft = ({ IndexName }) => left.includes(IndexName)
  const indexes = [...wished.filter((index) => !isLeft(index)), ...old.filter(isLeft)]
  const keys = [wanted, ...indexes].flatMap(({ KeySchema }) => KeySchema)
  const isKey = (name) => keys.some(({ AttributeName }) => AttributeName === name)
  const attributes = new Map(
    [...oldAttributes, ...AttributeDefinitions].map((attribute) => [attribute.AttributeName, attribute]),
  )
  return {
    ...wanted,
    AttributeDefinitions: [...attributes.values()].filter(({ AttributeName }) => isKey(AttributeName)),
    GlobalSecondaryIndexes: indexes.length === 0 ? undefined : indexes,
  }
}

/** The tables that a stack holds, each with its deletion policy. */
async function tablesHeldBy(aws, stack) {
  if ((await statusOf(aws, stack)) === undefined) return []
  const held = await resourcesOf(aws, stack)
  const tables = held.filter(({ ResourceType }) => ResourceType === tableType)
  if (tables.length === 0) return []
  const { Resources } = await templateOf(aws, stack)
  return tables.map(({ LogicalResourceId: id, PhysicalResourceId: table }) => ({
    table,
    deletionPolicy: Resources[id]?.DeletionPolicy,
  }))
}

async function typeOfChange(aws, stack) {
  const status = await statusOf(aws, stack)
  // In review: a change set that would have made the stack was refused, or never executed.
  if (status === undefined || status === 'REVIEW_IN_PROGRESS') return 'CREATE'
  if (isUnderWay(status)) {
    throw new Error(
      `The stack ${stack} is being changed (${status}): wait until that is over, and deploy again.`,
    )
  }
  if (status === 'ROLLBACK_COMPLETE') {
    await deleteLeftover(aws, stack)
    return 'CREATE'
  }
  if (/_COMPLETE$/.test(status)) return 'UPDATE'
  throw new Error(
    `The stack ${stack} cannot be changed (${status}). AWS console → CloudFormation → Stacks → ${stack} → Events says why.`,
  )
}

/** What is left of a first deploy that failed can only be deleted. It holds nothing: of its tables it let go, or deleted them. */
async function deleteLeftover(aws, stack) {
  await aws.cloudFormation.send(new DeleteStackCommand({ StackName: stack }))
  const status = await settledStatusOf(aws, stack)
  if (status === undefined) return
  throw new Error(`The stack ${stack}, left by a first deploy that failed, could not be deleted (${status}).`)
}

/** Does nothing where nothing would change. */
async function change(aws, { type, stack, template, tags, role }) {
  const { cloudFormation } = aws
  const name = `deploy-${Date.now()}`
  const { Id: changeSet, StackId } = await cloudFormation.send(
    new CreateChangeSetCommand({
      StackName: stack,
      ChangeSetName: name,
      ChangeSetType: type,
      TemplateBody: JSON.stringify(template),
      ImportExistingResources: true,
      Tags: tags,
      RoleARN: role,
    }),
  )
  const ofChangeSet = { ChangeSetName: changeSet, StackName: StackId }
  const { Status, StatusReason = '' } = await settledChangeSet(aws, ofChangeSet)
  if (Status !== 'CREATE_COMPLETE') {
    await cloudFormation.send(new DeleteChangeSetCommand(ofChangeSet))
    if (isWithoutChanges(StatusReason)) return
    throw new Error(`The stack ${stack} was not changed: ${StatusReason}`)
  }
  await cloudFormation.send(new ExecuteChangeSetCommand({ ...ofChangeSet, ClientRequestToken: name }))
  const status = await settledStatusOf(aws, stack)
  if (/^(?:CREATE|UPDATE|IMPORT)_COMPLETE$/.test(status)) return
  const reasons = await failuresOf(aws, stack, name)
  throw new Error([`The stack ${stack} was not changed (${status}).`, ...reasons].join('\n  '))
}

/** As CloudFormation says it, and as serverless knows it. */
function isWithoutChanges(reason) {
  return /No updates are to be performed|didn't contain changes/.test(reason)
}

async function settledChangeSet(aws, changeSet) {
  const described = await aws.cloudFormation.send(new DescribeChangeSetCommand(changeSet))
  if (!/^CREATE_(?:PENDING|IN_PROGRESS)$/.test(described.Status)) return described
  await aws.wait()
  return settledChangeSet(aws, changeSet)
}

/** Without a limit in time: CloudFormation has one, and an index of a large table takes hours to fill. */
async function settledStatusOf(aws, stack) {
  const status = await statusOf(aws, stack)
  if (status === undefined || !isUnderWay(status)) return status
  await aws.wait()
  return settledStatusOf(aws, stack)
}

function isUnderWay(status) {
  return status.endsWith('_IN_PROGRESS')
}

/** `undefined` where there is no such stack. */
async function statusOf({ cloudFormation }, stack) {
  try {
    const { Stacks = [] } = await cloudFormation.send(new DescribeStacksCommand({ StackName: stack }))
    return Stacks[0]?.StackStatus
  } catch (error) {
    if (error.name === 'ValidationError' && error.message.includes('does not exist')) return undefined
    throw error
  }
}

/** What the stack holds now. It also lists what it released, and what was never created. */
async function resourcesOf({ cloudFormation }, stack) {
  const pages = paginateListStackResources({ client: cloudFormation }, { StackName: stack })
  const listed = []
  for await (const { StackResourceSummaries = [] } of pages) listed.push(...StackResourceSummaries)
  return listed.filter(
    ({ ResourceStatus }) => !/^DELETE_(?:COMPLETE|SKIPPED)$|^CREATE_FAILED$/.test(ResourceStatus),
  )
}

async function templateOf({ cloudFormation }, stack) {
  const { TemplateBody } = await cloudFormation.send(new GetTemplateCommand({ StackName: stack }))
  return JSON.parse(TemplateBody)
}

/** The errors of this change, a line each, without those that only followed from them. */
async function failuresOf({ cloudFormation }, stack, token) {
  const { StackEvents = [] } = await cloudFormation.send(new DescribeStackEventsCommand({ StackName: stack }))
  return StackEvents.filter(
    ({ ClientRequestToken, ResourceStatus = '', ResourceStatusReason: reason = '' }) =>
      ClientRequestToken === token && ResourceStatus.endsWith('_FAILED') && !/cancelled/.test(reason),
  ).map(({ LogicalResourceId, ResourceStatusReason }) => `${LogicalResourceId}: ${ResourceStatusReason}`)
}

module.exports = { bringUpTables, tablesHeldBy }
