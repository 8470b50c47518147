import type { Command } from 'commander'
import * as v from 'valibot'
import { systemClock } from '../lib/clock.ts'
import { parseEnvironment, port, setVariables, type Environment } from '../lib/config.ts'
import { secondMs } from '../lib/core/instant.ts'
import { mailProviders } from '../lib/providers/providers.ts'
import { isLocal, usualPorts } from '../local/local-environment.ts'
import { CommandError } from './command-error.ts'
import { ask, type Front } from './doctor/ask.ts'
import { notChecked, type Check } from './doctor/check.ts'
import { checkClock } from './doctor/clock.ts'
import { checkFunctionUrl } from './doctor/function-url.ts'
import { checkPollApi } from './doctor/poll-api.ts'
import { checkSigningKey } from './doctor/signing-keys.ts'
import { checkStores } from './doctor/stores.ts'
import { checkToken, checkWrongToken } from './doctor/tokens.ts'
import { isOfThisMachine, stageOptions } from './where-to-look.ts'
import { printJson } from './print-json.ts'

/** Longer than the function may take, so that AWS itself can tell that it took too long. */
const answerTimeoutMs = 12 * secondMs

/** Declares `ledger doctor`. */
export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description('check a deployment from outside, and say of each failure what to do')
    .option('--url <function URL>', 'where the function is, without a path (default: the local stack)')
    .option('--token <token>', 'of the callback URL; better set as CALLBACK_TOKEN, which no history keeps')
    .option('--json', 'print the checks as JSON')
    .addHelpText('after', help)
    .action(examine)
}

const help = `
TABLE_PREFIX, AWS_REGION and AWS credentials say which tables to look at, and the settings of the poll which API to ask,
as they were deployed. What they do not tell is not checked. Nothing is stored, and the token is never printed.
The credentials need dynamodb:DescribeTable and dynamodb:DescribeTimeToLive on the tables, dynamodb:GetItem on
…-reconciliation and dynamodb:Scan on …-quarantine. It ends with 1 where a check failed.`

interface Options {
  readonly url?: string
  readonly token?: string
  readonly json?: boolean
}

async function examine({ url: given, token: givenToken, json = false }: Options): Promise<void> {
  const environment = setVariables(process.env)
  const url = given === undefined ? localUrl(environment) : functionUrl(given)
  const front = { url, timeoutMs: answerTimeoutMs, clock: systemClock }
  const token = givenToken ?? environment.CALLBACK_TOKEN
  const checks = (
    await Promise.all([checkFront(front, token, environment), checkBehind(url, environment)])
  ).flat()
  if (json) printJson(checks)
  else process.stdout.write(`${checks.map(linesOf).join('')}\n${sumOf(checks)}\n`)
  if (checks.some(({ verdict }) => verdict === 'failed')) process.exitCode = 1
}

function localUrl(environment: Environment): URL {
  if (!isLocal(environment)) {
    throw new CommandError(
      `Say by --url where the function is: \`npx serverless info ${stageOptions(environment)}\` prints it.`,
    )
  }
  const { PORT } = parseEnvironment({ PORT: v.optional(port, usualPorts.PORT) }, environment)
  return new URL(`http://127.0.0.1:${PORT}`)
}

/** Never repeats what was given: it may hold the token. */
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

/** What anybody can see of the function who knows the token. */
async function checkFront(
  front: Front,
  token: string | undefined,
  environment: Environment,
): Promise<readonly Check[]> {
  const answer = await ask(front, '/')
  const url = checkFunctionUrl(answer, front, environment)
  const signing = mailProviders.filter((provider) => provider.signing)
  if (url.verdict !== 'passed') {
    const names = ['token', 'wrong token', ...signing.map(({ name }) => name)]
    const others = names.map((name) => notChecked(name, 'not checked: the function did not answer'))
    return [url, ...others, checkClock(answer)]
  }
  return [
    url,
    await checkToken(front, token),
    await checkWrongToken(front),
    ...(await Promise.all(signing.map((provider) => checkSigningKey(provider, front, token, environment)))),
    checkClock(answer),
  ]
}

/** What it takes an environment to see: the tables, and the API that is polled. */
async function checkBehind(url: URL, environment: Environment): Promise<readonly Check[]> {
  if (isLocal(environment) && !isOfThisMachine(url)) {
    const why =
      'not checked: set TABLE_PREFIX (delivery-ledger-<stage>) and AWS_REGION to say which deployment this is'
    return [notChecked('DynamoDB', why), notChecked('poll API', why)]
  }
  const [stores, pollApi] = await Promise.all([
    checkStores(environment),
    checkPollApi(environment, systemClock),
  ])
  return [...stores, pollApi]
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
