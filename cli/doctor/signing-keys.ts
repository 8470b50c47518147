import { notSetUp, unauthorized } from '../../lib/ingest/responses.ts'
import { isInPostgres, setVariables, tokenSettingOf, type Environment } from '../../lib/runtime/config.ts'
import type { Provider } from '../../lib/providers/provider.ts'
import { ask, type Front } from './ask.ts'
import { failed, notChecked, passed, type Check } from './check.ts'
import { callbackPath, mayCarryToken, ownTokenVariable, statusOf } from './tokens.ts'

/** Whether the function has the key of a provider that signs. Not every deployment uses every provider. */
export async function checkSigningKey(
  { name, signing }: Provider,
  front: Front,
  token: string | undefined,
  environment: Environment,
): Promise<Check> {
  if (!signing) return notChecked(name, 'signs nothing')
  if (token === undefined) return notChecked(name, 'not checked: that takes the token')
  if (!mayCarryToken(front.url)) return notChecked(name, 'not checked: the token was not sent')
  const answer = await ask(front, callbackPath(name, token))
  if ('status' in answer && answer.status === 200) return passed(name, 'is set up: the function has its key')
  if ('status' in answer && answer.title === notSetUp(signing.keySetting).body?.title) {
    return withoutKey(name, signing.keySetting, environment)
  }
  if ('status' in answer && answer.status === unauthorized().status) {
    return withoutToken(name, environment)
  }
  return failed(
    name,
    `was answered ${statusOf(answer)} instead of 200`,
    'Try again; should it stay so, something in front of the function answers for it.',
  )
}

/** The token may be that of another path, which is not a fault; a wrong token for this path is. */
function withoutToken(name: string, environment: Environment): Check {
  const variable = ownTokenVariable(name)
  return environment[variable] === undefined
    ? notChecked(
        name,
        `not checked: the token is not accepted. Where this path has its own, set ${variable} to it`,
      )
    : failed(
        name,
        `the token in ${variable} is not accepted (401)`,
        `Give the token whose digest is deployed as ${tokenSettingOf(name)}.`,
      )
}

/** A key in our environment means that the provider is used. */
function withoutKey(name: string, keySetting: string, environment: Environment): Check {
  return setVariables(environment)[keySetting] === undefined
    ? notChecked(name, `is not set up: the function has no ${keySetting}. That is right where it is not used`)
    : failed(
        name,
        `the function has no ${keySetting}`,
        isInPostgres(environment)
          ? 'It is set here, and not where callbacks are taken: set it there.'
          : `It is set here, and not in the deployment's parameters: \`npx ledger parameter put ${keySetting}\`. The function knows it within five minutes.`,
      )
}
