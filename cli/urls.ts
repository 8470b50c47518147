import type { Command } from 'commander'
import * as v from 'valibot'
import { isAcceptedToken } from '../lib/ingest/token-digest.ts'
import { secondMs } from '../lib/core/instant.ts'
import { providers } from '../lib/providers/registry.ts'
import {
  isInPostgres,
  parseEnvironment,
  port,
  setVariables,
  sharedTokenSetting,
  tokenSettingOf,
  type Environment,
} from '../lib/runtime/config.ts'
import { isLocal, usualPorts } from '../local/local-environment.ts'
import { CommandError, sentenceOf } from './command-error.ts'
import { deployedUrl, functionName } from './deployment-settings.ts'
import { printJson } from './print-json.ts'
import { readSecret } from './read-secret.ts'
import { stageOptions } from './where-to-look.ts'

const requestTimeoutMs = 5 * secondMs

/** Declares `ledger urls`. */
export function registerUrls(program: Command): void {
  program
    .command('urls')
    .description("the callback URLs, to paste into the providers' consoles")
    .option('--with-token', 'ask for the token, which is not shown, and print the URLs whole')
    .option('--json', 'print them as JSON')
    .addHelpText('after', help)
    .action(printUrls)
}

const help = `
The credentials need lambda:GetFunctionUrlConfig and lambda:GetFunctionConfiguration on …-ingest. The token may be piped in.`

interface Options {
  readonly withToken?: boolean
  readonly json?: boolean
}

interface CallbackUrl {
  readonly path: string
  readonly url: string
}

async function printUrls({ withToken = false, json = false }: Options): Promise<void> {
  const environment = setVariables(process.env)
  const origin = await originOf(environment)
  const digests = await digestsOf(environment)
  const token = withToken ? await givenToken() : undefined
  if (token !== undefined) requireAccepted(token, digests, environment)
  const urls = providers.map(({ name }) => ({ path: name, url: urlOf(origin, name, token, digests) }))
  if (json) printJson(urls)
  else process.stdout.write(`${urls.map(lineOf).join('')}\n${token === undefined ? whatTokenIs : keepIt}\n`)
}

const pathWidth = Math.max(...providers.map(({ name }) => name.length))

function lineOf({ path, url }: CallbackUrl): string {
  return `${path.padEnd(pathWidth)}  ${url}\n`
}

const whatTokenIs =
  '<token> is the first line that `npx ledger token new` printed. It is stored nowhere, so it cannot be shown here: --with-token asks for it.'
const keepIt = 'Whoever has one of these URLs can report deliveries: keep them as passwords.'

async function originOf(environment: Environment): Promise<URL> {
  if (isInPostgres(environment)) {
    throw new CommandError(
      'Where the functions are is not known with rows in PostgreSQL. `npx serverless info --config serverless.tencent.yml` prints the URLs of SCF functions; those of a server are https://<its name>/<provider>/<token>.',
    )
  }
  if (isLocal(environment)) {
    const { PORT } = parseEnvironment({ PORT: v.optional(port, usualPorts.PORT) }, environment)
    return new URL(`http://127.0.0.1:${PORT}`)
  }
  const found = await deployedUrl(environment, 'ingest')
  if ('url' in found) return found.url
  throw new CommandError(
    `The URL is not known: ${found.unread.why}. \`npx serverless info ${stageOptions(environment)}\` prints it, too.`,
  )
}

/** The accepted digests of each path: those of its own token if it has one. `undefined` if they cannot be read. */
type Digests =
  ReadonlyMap<string, { readonly digests: readonly string[]; readonly isOwn: boolean }> | undefined

async function digestsOf(environment: Environment): Promise<Digests> {
  if (isLocal(environment)) return undefined
  const { deployedFunctions } = await import('./deployed-functions.ts')
  const functions = deployedFunctions(requestTimeoutMs)
  try {
    const deployed = await functions.environmentOf(functionName(environment, 'ingest'))
    return deployed && acceptedBy(deployed)
  } catch (error) {
    process.stderr.write(`Which paths have a token of their own could not be read: ${sentenceOf(error)}\n`)
    return undefined
  } finally {
    functions.close()
  }
}

function acceptedBy(deployed: Environment): NonNullable<Digests> {
  const set = setVariables(deployed)
  return new Map(
    providers.map(({ name }) => {
      const own = set[tokenSettingOf(name)]
      const digests = (own ?? set[sharedTokenSetting] ?? '').split(',').map((digest) => digest.trim())
      return [name, { digests, isOwn: own !== undefined }]
    }),
  )
}

async function givenToken(): Promise<string> {
  const token = await readSecret('The token of the callback URL, which is not shown: ')
  if (/^[\w.~-]+$/.test(token)) return token
  throw new CommandError(
    'That is no token: expected letters and digits alone, as `npx ledger token new` prints them.',
  )
}

/** So that nobody pastes a digest, or the token of another deployment, into a console. */
function requireAccepted(token: string, digests: Digests, environment: Environment): void {
  if (!digests || [...digests.values()].some((path) => isAcceptedToken(token, path.digests))) return
  const isDigest = [...digests.values()].some((path) => path.digests.includes(token.toLowerCase()))
  throw new CommandError(
    isDigest
      ? 'That is the digest of the token. The URL ends with the token itself, the first line that `npx ledger token new` printed.'
      : `No path of ${environment.TABLE_PREFIX ?? ''} accepts this token. Was its digest put and deployed? \`npx ledger parameter list\` shows when it was put.`,
  )
}

function urlOf(origin: URL, path: string, token: string | undefined, digests: Digests): string {
  const of = digests?.get(path)
  const isAccepted = token !== undefined && (of === undefined || isAcceptedToken(token, of.digests))
  return `${new URL(`${path}/`, origin).href}${isAccepted ? token : of?.isOwn ? `<token for ${path}>` : '<token>'}`
}
