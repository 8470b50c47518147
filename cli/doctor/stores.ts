import { isInPostgres, type Environment } from '../../lib/runtime/config.ts'
import { oneLine } from '../../lib/core/text.ts'
import { lacksTable } from '../../lib/postgres/database.ts'
import { isLocal } from '../../local/local-environment.ts'
import { sentenceOf } from '../command-error.ts'
import { deployedSettings } from '../deployment-settings.ts'
import { withDynamoDb, withPostgres } from '../open-ledger.ts'
import { failed, notChecked, type Check } from './check.ts'
import { checkDynamoDb } from './dynamodb.ts'
import { checkPostgres } from './postgres.ts'
import { checkQuarantine } from './quarantine.ts'
import { checkSchedule } from './schedule.ts'
import { checkTables } from './tables.ts'

/** The tables of the deployment and their content; only one line if what keeps them cannot be reached. */
export async function checkStores(environment: Environment): Promise<readonly Check[]> {
  return isInPostgres(environment) ? checkInPostgres(environment) : checkInDynamoDb(environment)
}

async function checkInPostgres(environment: Environment): Promise<readonly Check[]> {
  try {
    return await withPostgres(async (ledger) => {
      const checks = await checkPostgres(ledger)
      const content = await Promise.all([
        unlessUnreadable('schedule', () => checkSchedule(ledger, environment)),
        unlessUnreadable('quarantine', () => checkQuarantine(ledger)),
      ])
      return [...checks, ...content]
    })
  } catch (error) {
    return [failed('PostgreSQL', 'does not answer as it should', oneLine(sentenceOf(error)))]
  }
}

async function checkInDynamoDb(environment: Environment): Promise<readonly Check[]> {
  try {
    return await withDynamoDb(async (ledger) => {
      const dynamoDb = await checkDynamoDb(ledger, environment)
      if (dynamoDb.verdict !== 'passed') return [dynamoDb]
      const doRowsExpire = !isLocal(environment)
      const checks = await Promise.all([
        settingsOf(environment).then((settings) =>
          checkTables({ ...ledger, environment, settings, doRowsExpire }),
        ),
        unlessUnreadable(
          'schedule',
          () => checkSchedule(ledger, environment),
          'dynamodb:GetItem on its table',
        ),
        unlessUnreadable(
          'quarantine',
          () => checkQuarantine(ledger),
          'dynamodb:Scan on the index open of its table',
        ),
      ])
      return [dynamoDb, ...checks.flat()]
    })
  } catch (error) {
    return [failed('DynamoDB', 'was not asked', oneLine(sentenceOf(error)))]
  }
}

/** Those of a deployment are its own, whatever this shell sets; without them no index is missed that a setting makes. */
async function settingsOf(environment: Environment): Promise<Environment> {
  if (isLocal(environment)) return environment
  const found = await deployedSettings(environment, 'reconcile')
  return 'deployed' in found ? found.deployed : {}
}

/** A table that cannot be read does not hide the others. */
async function unlessUnreadable(check: string, look: () => Promise<Check>, action?: string): Promise<Check> {
  try {
    return await look()
  } catch (error) {
    const name = error instanceof Error ? error.name : ''
    if (name === 'ResourceNotFoundException' || lacksTable(error))
      return notChecked(check, 'not checked: its table is not there')
    if (name === 'AccessDeniedException' && action !== undefined) {
      return failed(check, 'may not be read', `Allow ${action} to these credentials.`)
    }
    return failed(check, 'cannot be read', oneLine(sentenceOf(error)))
  }
}
