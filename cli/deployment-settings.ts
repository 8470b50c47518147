import { pollParameters, setVariables, type Environment } from '../lib/config.ts'
import { withParameters } from '../lib/parameters.ts'
import { lambda } from '../lib/surroundings.ts'
import { isLocal } from '../local/local-environment.ts'

/**
 * The environment, with the credentials of the poll from the deployment's parameters where they are not set here. So an
 * operator who may read these needs no copy of them.
 */
export async function withPollCredentials(environment: Environment): Promise<Environment> {
  const set = setVariables(environment)
  return isLocal(set) ? set : withParameters(set, pollParameters(set), lambda.parameters)
}
