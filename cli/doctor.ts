import type { Command } from 'commander'
import * as v from 'valibot'
import { systemClock } from '../lib/runtime/clock.ts'
import {
  isInPostgres,
  parseEnvironment,
  port,
  setVariables,
  type Environment,
} from '../lib/runtime/config.ts'
import { secondMs } from '../lib/core/instant.ts'
import type { Provider } from '../lib/providers/provider.ts'
import { mailProviders, providers } from '../lib/providers/registry.ts'
import { tencentSes } from '../lib/providers/tencent-ses/tencent-ses.ts'
import { isLocal, usualPorts } from '../local/local-environment.ts'
import { CommandError } from './command-error.ts'
import { deployedUrl } from './deployment-settings.ts'
import { ask, type Front } from './doctor/ask.ts'
import { notChecked, type Check } from './doctor/check.ts'
import { checkClock } from './doctor/clock.ts'
import { checkFunctionUrl } from './doctor/function-url.ts'
import { checkPoll } from './doctor/poll.ts'
import { checkQueryApi } from './doctor/query-api.ts'
import { checkSigningKey } from './doctor/signing-keys.ts'
import { checkStores } from './doctor/stores.ts'
import { checkToken, checkWrongToken, ownTokenVariable, tokenFor } from './doctor/tokens.ts'
import { isOfThisMachine, stageOptions } from './where-to-look.ts'
import { printJson } from './print-json.ts'

/** Longer than the function's timeout, so that AWS can report that. */
const answerTimeoutMs = 12 * secondMs

/** Declares `ledger doctor`. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check a deployment from outside, and say of each failure what to do')
    .option('--url <function URL>', 'where the function is, without a path (default: that of the deployment)')
    .option('--token <token>', 'of the callback URL; better set as CALLBACK_TOKEN, which no history keeps')
    .option('--json', 'print the checks as JSON')
    .addHelpText('after', help)
    .action(examine)
}

const help = `
CALLBACK_TOKEN_SENDCLOUD and CALLBACK_TOKEN_SENT are the tokens of those paths where they have their own, and QUERY_TOKEN is that of
the query API where that is deployed.
TABLE_PREFIX, AWS_REGION and AWS credentials say which deployment to look at; without them it is the local stack. What they
do not name is not checked. With DATABASE_URL the tables are those of that database, the poll is tried with the settings of this
shell, and --url says where callbacks are taken. The poll is tried as it was deployed, with the credentials that the deployment has; where it
has none that may be read, with those of this shell. Nothing is stored, and no secret is ever printed.
The credentials need lambda:GetFunctionUrlConfig on …-ingest (unless --url is given) and …-query, lambda:GetFunctionConfiguration on
…-reconcile, ssm:GetParameters on parameter/<TABLE_PREFIX>/TENCENTCLOUD_* and …/SENDCLOUD_API_*, dynamodb:DescribeTable and
dynamodb:DescribeTimeToLive on the tables, dynamodb:GetItem on …-reconciliation and dynamodb:Scan on the index open of …-quarantine.
It ends with 1 where a check failed.`

interface Options {
  readonly url?: string
  readonly token?: string
  readonly json?: boolean
}

async function examine({ url: given, token: givenToken, json = false }: Options): Promise<void> {
  const environment = setVariables(process.env)
  const found = given === undefined ? await urlOf(environment) : { url: functionUrl(given) }
  const token = givenToken ?? environment.CALLBACK_TOKEN
  const front =
    'url' in found ? checkFront(frontAt(found.url), token, environment) : withoutUrl(found.why, environment)
  const behind = 'url' in found ? checkBehind(found.url, environment) : checkDeployment(environment)
  const checks = (await Promise.all([front, behind, checkQueryApi(environment, answerTimeoutMs)])).flat()
  if (json) printJson(checks)
  else process.stdout.write(`${checks.map(linesOf).join('')}\n${sumOf(checks)}\n`)
  if (checks.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1
}

function frontAt(url: URL): Front {
  return { url, timeoutMs: answerTimeoutMs, clock: systemClock }
}

/** The default URL of the function. */
async function urlOf(environment: Environment): Promise<{ readonly url: URL } | { readonly why: string }> {
  if (isInPostgres(environment)) return { why: 'what takes callbacks for this database is not known' }
  if (!isLocal(environment)) {
    const found = await deployedUrl(environment, 'ingest')
    return 'url' in found ? found : { why: found.unread.why }
  }
  const { PORT } = parseEnvironment({ PORT: v.optional(port, usualPorts.PORT) }, environment)
  return { url: new URL(`http://127.0.0.1:${PORT}`) }
}

/** Never repeats the input: it may hold the token. */
function functionUrl(given: string): URL {
  const url = URL.canParse(given) ? new URL(given) : undefined
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:'
  if (!url || !isWeb || url.href !== `${url.origin}/`) {
    throw new CommandError(
      '--url: expected the function URL alone, such as https://abc123.lambda-url.ap-southeast-1.on.aws, without a path. The token of a callback URL goes into CALLBACK_TOKEN.',
    )
  }
  return url
}

const signing = mailProviders.filter((provider) => provider.signing)
const behindUrl = ['token', 'wrong token', ...signing.map(({ name }) => name)]

/** The checks that need the URL. */
function withoutUrl(why: string, environment: Environment): readonly Check[] {
  const stage = stageOptions(environment)
  const advice = isInPostgres(environment)
    ? 'Say by --url where it is'
    : `Say by --url where it is: \`npx serverless info ${stage}\` prints it`
  return [
    notChecked('function URL', `not checked: ${why}. ${advice}`),
    ...[...behindUrl, 'clock'].map((name) => notChecked(name, 'not checked: the function URL is not known')),
  ]
}

/** Paths without another check, whose own token is set here. */
function withOwnToken(environment: Environment): readonly Provider[] {
  return providers.filter(
    (provider) =>
      provider !== tencentSes &&
      !provider.signing &&
      environment[ownTokenVariable(provider.name)] !== undefined,
  )
}

/** The checks that need only the URL and the token. */
async function checkFront(
  front: Front,
  token: string | undefined,
  environment: Environment,
): Promise<readonly Check[]> {
  const answer = await ask(front, '/')
  const url = checkFunctionUrl(answer, front, environment)
  if (url.verdict !== 'passed') {
    const others = behindUrl.map((name) => notChecked(name, 'not checked: the function did not answer'))
    return [url, ...others, checkClock(answer)]
  }
  return [
    url,
    await checkToken(
      { path: tencentSes.name },
      front,
      tokenFor(tencentSes.name, token, environment),
      environment,
    ),
    await checkWrongToken(front),
    ...(await Promise.all(
      signing.map((provider) =>
        checkSigningKey(provider, front, tokenFor(provider.name, token, environment), environment),
      ),
    )),
    ...(await Promise.all(
      withOwnToken(environment).map(({ name: path }) =>
        checkToken(
          { path, check: `${path} token` },
          front,
          tokenFor(path, undefined, environment),
          environment,
        ),
      ),
    )),
    checkClock(answer),
  ]
}

/** The checks that need an environment: the tables, and the API that is polled. */
async function checkBehind(url: URL, environment: Environment): Promise<readonly Check[]> {
  if (isLocal(environment) && !isOfThisMachine(url)) {
    const why =
      'not checked: set TABLE_PREFIX (delivery-ledger-<stage>) and AWS_REGION to say which deployment this is'
    return ['DynamoDB', 'poll API', 'emailStatus'].map((name) => notChecked(name, why))
  }
  return checkDeployment(environment)
}

async function checkDeployment(environment: Environment): Promise<readonly Check[]> {
  return (await Promise.all([checkStores(environment), checkPoll(environment, systemClock)])).flat()
}

const marks: Readonly<Record<Check['verdict'], string>> = { passed: '✓', failed: '✗', 'not-checked': '–' }
const nameWidth = 'function URL'.length

function linesOf({ check, verdict, found, advice }: Check): string {
  const line = `${marks[verdict]} ${check.padEnd(nameWidth)}  ${found}\n`
  return advice === undefined ? line : `${line}${' '.repeat(nameWidth + 4)}→ ${advice}\n`
}

function sumOf(checks: readonly Check[]): string {
  const count = (verdict: Check['verdict']) => checks.filter((check) => check.verdict === verdict).length
  return `${count('passed')} passed, ${count('failed')} failed, ${count('not-checked')} not checked.`
}
