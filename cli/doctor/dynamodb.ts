import { setVariables, type Environment } from '../../lib/runtime/config.ts'
import type { Store } from '../../lib/store/ports.ts'
import { describedTable } from '../../lib/table/described-table.ts'
import { sentenceOf } from '../command-error.ts'
import type { OpenDynamoDb } from '../open-ledger.ts'
import { isLocal } from '../../local/local-environment.ts'
import { dynamoDbEndpoint, startLocalStack, waysToCheck } from '../where-to-look.ts'
import { failed, notChecked, passed, type Check } from './check.ts'

const check = 'DynamoDB'

/** Errors about a table or its permissions: DynamoDB itself responded. */
const aboutTables = ['ResourceNotFoundException', 'AccessDeniedException']

/** Errors for credentials that AWS does not accept, or no longer. */
const aboutCredentials = [
  'UnrecognizedClientException',
  'InvalidSignatureException',
  'ExpiredTokenException',
  'MissingAuthenticationTokenException',
  'IncompleteSignatureException',
]

/** Whether there are credentials and a region that DynamoDB accepts: without them no table can be checked. */
export async function checkDynamoDb(
  { client, store }: Pick<OpenDynamoDb, 'client'> & { readonly store: Pick<Store, 'tables'> },
  environment: Environment,
): Promise<Check> {
  const { AWS_REGION = 'the region of your profile' } = setVariables(environment)
  const endpoint = dynamoDbEndpoint(environment)
  const answers = passed(check, `answers ${endpoint === undefined ? `in ${AWS_REGION}` : `at ${endpoint}`}`)
  try {
    await describedTable(client, store.tables.deliveries)
    return answers
  } catch (error) {
    if (!(error instanceof Error)) throw error
    if (aboutTables.includes(error.name)) return answers
    return isMissing(error)
      ? notChecked(check, `not checked, nor what is in it. ${sentenceOf(error)}`)
      : fault(error, environment)
  }
}

function isMissing(error: Error): boolean {
  return error.name === 'CredentialsProviderError' || error.message === 'Region is missing'
}

function fault(error: Error, environment: Environment): Check {
  if (aboutCredentials.includes(error.name)) {
    return failed(
      check,
      `AWS does not accept the credentials (${error.name})`,
      "Set AWS_PROFILE, or sign in with the AWS CLI. AWS also refuses them where this machine's clock is wrong.",
    )
  }
  const settings = ['AWS_REGION', 'AWS_ENDPOINT_URL_DYNAMODB', 'AWS_ENDPOINT_URL']
  const advice = isLocal(environment) ? startLocalStack : `Check ${waysToCheck(environment, ...settings)}.`
  return failed(check, sentenceOf(error), advice)
}
