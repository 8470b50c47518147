import pMap from 'p-map'
import type { Environment } from '../../lib/runtime/config.ts'
import { describedTable, expiringBy, shapeOf, type TableShape } from '../../lib/table/described-table.ts'
import { isLocal } from '../../local/local-environment.ts'
import { declaredTables } from '../../local/tables.ts'
import { sentenceOf } from '../command-error.ts'
import type { OpenDynamoDb } from '../open-ledger.ts'
import { failed, passed, type Check } from './check.ts'
import { stageOptions, startLocalStack } from '../where-to-look.ts'

const check = 'tables'
const concurrentTables = 5

type DeclaredTable = Awaited<ReturnType<typeof declaredTables>>[number]

interface Tables extends Pick<OpenDynamoDb, 'client' | 'name'> {
  readonly environment: Environment
  /** Those with which it was deployed, as far as they are known: some want an index. */
  readonly settings: Environment
  /** Whether rows can expire. The emulator does not support that. */
  readonly doRowsExpire: boolean
}

/** What keeps a table from being what serverless.yml declares. */
interface Fault {
  readonly found: string
  readonly advice: string
}

const notThere = 'is not there'

/** Whether every table exists as serverless.yml declares it; a line for each fault. */
export async function checkTables(of: Tables): Promise<readonly Check[]> {
  const declared = await declaredTables(of.name, of.settings)
  const looked = await pMap(declared, (table) => lookAt(table, of), { concurrency: concurrentTables })
  const faults = looked.flatMap(({ table, fault }) => (fault ? [{ table, ...fault }] : []))
  if (faults.length === 0) {
    const unknown = looked.some(({ isExpiryUnknown }) => isExpiryUnknown) ? expiryUnknown : ''
    return [passed(check, `${declared.length} of ${of.name}, as serverless.yml declares them${unknown}`)]
  }
  if (faults.length === declared.length && faults.every(({ found }) => found === notThere)) {
    return [
      failed(
        check,
        `there are none called ${of.name}-…`,
        isLocal(of.environment)
          ? `Something else answers there. ${startLocalStack}`
          : `Check TABLE_PREFIX and AWS_REGION, or deploy: \`npx serverless deploy ${stageOptions(of.environment)}\`.`,
      ),
    ]
  }
  return faults.map(({ table, found, advice }) => failed(check, `${table} ${found}`, advice))
}

interface Looked {
  readonly table: string
  readonly fault?: Fault | undefined
  readonly isExpiryUnknown?: boolean
}

async function lookAt(declared: DeclaredTable, of: Tables): Promise<Looked> {
  const table = declared.TableName
  try {
    const { shape, state } = await describedTable(of.client, table)
    const fault = unusable(state) ?? difference(shapeOf(declared), shape, of.environment)
    if (fault || !of.doRowsExpire) return { table, fault }
    return { table, ...(await lookAtExpiry(declared, of)) }
  } catch (error) {
    return { table, fault: refusal(error, of) }
  }
}

function unusable(state: string): Fault | undefined {
  return ['ACTIVE', 'UPDATING'].includes(state)
    ? undefined
    : {
        found: `cannot be used: it is ${state}`,
        advice:
          'Wait until it is ACTIVE. Of INACCESSIBLE_ENCRYPTION_CREDENTIALS the key in KMS is the cause.',
      }
}

function difference(declared: TableShape, there: TableShape, environment: Environment): Fault | undefined {
  const anotherVersion = isLocal(environment) ? anotherLocalVersion : anotherDeployedVersion
  if (there.keys !== declared.keys) {
    return {
      found: `has the key ${there.keys} instead of ${declared.keys}`,
      advice: anotherVersion,
    }
  }
  for (const [name, index] of declared.indexes) {
    const found = there.indexes.get(name)
    if (found === undefined) {
      const advice = isLocal(environment) ? anotherLocalVersion : 'Deploy this version: that adds it.'
      return { found: `lacks the index ${name}`, advice }
    }
    if (found !== index) {
      return {
        found: `has the index ${name} as ${found} instead of ${index}`,
        advice: anotherVersion,
      }
    }
  }
  return undefined
}

const anotherLocalVersion =
  'It was made by another version or with other settings: stop the local stack, delete the folder in which its tables persist, and start it again.'

const anotherDeployedVersion =
  'It was made by another version: check out the one that is deployed. CHANGELOG.md says what a newer one asks for.'

const expiryUnknown = '; whether rows expire may not be asked (dynamodb:DescribeTimeToLive)'

async function lookAtExpiry(
  { TableName, TimeToLiveSpecification }: DeclaredTable,
  { client }: Tables,
): Promise<Omit<Looked, 'table'>> {
  try {
    const there = await expiringBy(client, TableName)
    return { fault: expiryFault(TimeToLiveSpecification?.AttributeName, there) }
  } catch (error) {
    if (error instanceof Error && error.name === 'AccessDeniedException') return { isExpiryUnknown: true }
    throw error
  }
}

function expiryFault(declared: string | undefined, there: string | undefined): Fault | undefined {
  if (there === declared) return undefined
  if (declared === undefined) {
    return {
      found: `loses rows by ${there ?? ''}`,
      advice: 'Turn its time to live off: what is in it does not become untrue with time.',
    }
  }
  const what = there === undefined ? 'keeps its rows for ever' : `lets rows leave by ${there}`
  return {
    found: `${what}, though they are to leave by ${declared}`,
    advice: `Deploy this version, or turn its time to live on by ${declared}.`,
  }
}

function refusal(error: unknown, { environment }: Tables): Fault {
  const name = error instanceof Error ? error.name : ''
  if (name === 'ResourceNotFoundException') {
    const advice = isLocal(environment)
      ? 'Start the local stack again (npm start): it makes its tables.'
      : `Deploy: \`npx serverless deploy ${stageOptions(environment)}\`.`
    return { found: notThere, advice }
  }
  if (name === 'AccessDeniedException') {
    return {
      found: 'may not be looked at',
      advice: 'Allow dynamodb:DescribeTable on it to these credentials.',
    }
  }
  return { found: `cannot be looked at (${name}: ${sentenceOf(error)})`, advice: 'Try again.' }
}
