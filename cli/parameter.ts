import type { Command } from 'commander'
import {
  ingestEntries,
  isInPostgres,
  parseEnvironment,
  parseSigningKeys,
  pollCredentialEntries,
  queryTokenSetting,
  sendCloudCredentialEntries,
  setVariables,
  sharedTokenSetting,
  tableEntries,
  tokenSettingOf,
} from '../lib/runtime/config.ts'
import { formatInstant } from '../lib/core/instant.ts'
import { parameterName } from '../lib/runtime/parameters.ts'
import type { ParameterKeeper } from '../lib/runtime/ports.ts'
import { parameterKeeper } from '../lib/runtime/parameters/parameter-keeper.ts'
import { mailProviders, providers } from '../lib/providers/registry.ts'
import { isLocal } from '../local/local-environment.ts'
import { CommandError } from './command-error.ts'
import { checkCredential, checkKeys } from './credential.ts'
import { stageOptions } from './where-to-look.ts'
import { printJson } from './print-json.ts'
import { readSecret } from './read-secret.ts'

/** A setting that a deployment keeps as a parameter of AWS Systems Manager. */
interface Parameter {
  readonly setting: string
  readonly isSecret: boolean
  readonly description: string
  /** The prompt for the value. */
  readonly prompt: string
  /** When the functions use a new value. */
  readonly takesEffect: string
  /** What follows once it is removed. */
  readonly missing: string
  /** Throws if the value cannot be right. */
  readonly check: (value: string) => void
}

/** The form of `ledger token new`: half as long as a digest, and easily mistaken for one. */
const looksLikeToken = /^[0-9a-f]{48}$/i

/** What a token opens, in words, by what `ledger token new` calls it; absent for all callback URLs. */
interface TokenOf {
  readonly path?: string
  readonly opens: string
  readonly missing: string
}

function tokenParameter(setting: string, { path, opens, missing }: TokenOf): Parameter {
  const options = path === undefined ? '' : ` --for ${path}`
  return {
    setting,
    isSecret: false,
    description: `delivery-ledger: SHA-256 of the token ${opens}; two, while it is being replaced`,
    prompt: `${setting}, the second line that \`npx ledger token new${options}\` printed; it is not shown: `,
    takesEffect: `It is accepted after the next \`npx serverless deploy ${stageOptions(process.env)}\`.`,
    missing,
    check: (value) => {
      if (value.split(',').some((part) => looksLikeToken.test(part.trim()))) {
        throw new CommandError(
          `${setting}: this looks like the token. Its digest is the second line that \`token new\` printed; nothing was put.`,
        )
      }
      parseEnvironment({ [setting]: ingestEntries[sharedTokenSetting] }, { [setting]: value })
    },
  }
}

/** @param missing - What follows once it is removed. */
function credentialParameter(setting: string, of: string, missing: string): Parameter {
  return {
    setting,
    isSecret: true,
    description: `delivery-ledger: credentials of ${of}`,
    prompt: `${setting}, which is not shown: `,
    takesEffect: 'The next run of the poll uses it.',
    missing,
    check: (value) => {
      checkCredential(setting, value)
    },
  }
}

const parameters: readonly Parameter[] = [
  tokenParameter(sharedTokenSetting, {
    opens: 'in the callback URL',
    missing:
      'What is deployed goes on with the digest it has, and the next `serverless deploy` stops for want of it.',
  }),
  ...providers.map(({ name }) =>
    tokenParameter(tokenSettingOf(name), {
      path: name,
      opens: `in the callback URL of ${name}`,
      missing: `After the next \`serverless deploy\` /${name} is opened by the token of all paths.`,
    }),
  ),
  tokenParameter(queryTokenSetting, {
    path: 'query',
    opens: 'of the query API',
    missing:
      "What is deployed goes on with the digest it has; with queryApi 'on' the next `serverless deploy` stops for want of it.",
  }),
  ...mailProviders.flatMap((provider): Parameter[] => {
    if (!provider.signing) return []
    const { keySetting } = provider.signing
    return [
      {
        setting: keySetting,
        isSecret: true,
        description: `delivery-ledger: with what ${provider.name} signs; two, separated by a comma, while it is being replaced`,
        prompt: `${keySetting}, which is not shown: `,
        takesEffect: 'The ingest function knows it within five minutes.',
        missing: `Within five minutes callbacks of ${provider.name} are answered 503, and ${provider.name} tries again.`,
        check: (value) => {
          checkKeys(keySetting, parseSigningKeys(provider, { [keySetting]: value }))
        },
      },
    ]
  }),
  ...Object.keys(pollCredentialEntries).map((setting) =>
    credentialParameter(
      setting,
      'Tencent Cloud for GetSendEmailStatus',
      setting === 'TENCENTCLOUD_TOKEN'
        ? 'The next run of the poll does without it, as a permanent key does.'
        : "The poll's next run fails, and every one after it, unless sesPoll is 'off' in serverless.yml.",
    ),
  ),
  ...Object.keys(sendCloudCredentialEntries).map((setting) =>
    credentialParameter(
      setting,
      'SendCloud for data/emailStatus',
      'The next run of the poll fails for want of it; with neither of the two, SendCloud is not polled.',
    ),
  ),
]

const settings = parameters.map(({ setting }) => setting)

/** Declares `ledger parameter put | list | remove`. */
export function registerParameter(program: Command): void {
  const parameter = program
    .command('parameter')
    .description('secrets and the token’s digest, kept as parameters of AWS Systems Manager')
  parameter
    .command('put')
    .description('put a value, or another in its place; it is asked for, or read from standard input')
    .argument('<name>', settings.join(', '))
    .option('--key-id <key>', 'a KMS key of your own to encrypt it with, at every put (default: aws/ssm)')
    .addHelpText('after', putHelp)
    .action(putParameter)
  parameter
    .command('list')
    .description('which are there; never their values')
    .option('--json', 'print them as JSON')
    .action(listParameters)
  parameter
    .command('remove')
    .description('take one away; `serverless remove` leaves them')
    .argument('<name>', settings.join(', '))
    .action(removeParameter)
}

const putHelp = `
CALLBACK_TOKEN_SHA256 wants the digest, which is the second line that \`npx ledger token new\` prints, and not the token. Those of one
path alone, such as CALLBACK_TOKEN_SHA256_SENDCLOUD, want that of \`npx ledger token new --for sendcloud\`, and QUERY_TOKEN_SHA256 that of
\`npx ledger token new --for query\`.
TABLE_PREFIX says whose it is: delivery-ledger-<stage>.`

function parameterOf(setting: string): Parameter {
  const parameter = parameters.find((known) => known.setting === setting)
  if (parameter) return parameter
  throw new CommandError(`There is no parameter '${setting}'. There are: ${settings.join(', ')}.`)
}

async function putParameter(setting: string, { keyId }: { keyId?: string }): Promise<void> {
  const parameter = parameterOf(setting)
  const { isSecret, description, prompt, takesEffect } = parameter
  const name = parameterName(stageOfItsOwn(), setting)
  if (keyId !== undefined && !isSecret) {
    throw new CommandError(`${setting} is no secret and is not encrypted: leave --key-id out.`)
  }
  const value = await readSecret(prompt)
  if (value === '') throw new CommandError(`${setting}: nothing was given, and nothing was put.`)
  parameter.check(value)
  await withStore(async (store) => {
    try {
      await store.put({ name, value, isSecret, keyId, description })
    } catch (error) {
      throw (await otherType(store, name, parameter)) ?? error
    }
  })
  process.stdout.write(`Put ${name}. ${takesEffect}\n`)
}

/** AWS cannot change a parameter's type, and its error does not say what to do. */
async function otherType(
  store: Pick<ParameterKeeper, 'found'>,
  name: string,
  { setting, isSecret }: Parameter,
): Promise<CommandError | undefined> {
  const there = await store.found([name]).then(
    (found) => found.get(name),
    () => undefined,
  )
  if (there === undefined || there.isSecret === isSecret) return undefined
  return new CommandError(
    `${name} is there as ${typeOf(there.isSecret)} and is to be ${typeOf(isSecret)}, and AWS changes no type. Run \`npx ledger parameter remove ${setting}\`, and put it again.`,
  )
}

function typeOf(isSecret: boolean): 'SecureString' | 'String' {
  return isSecret ? 'SecureString' : 'String'
}

async function removeParameter(setting: string): Promise<void> {
  const { missing } = parameterOf(setting)
  const name = parameterName(deployment(), setting)
  const wasThere = await withStore((store) => store.remove(name))
  if (!wasThere) throw new CommandError(`There is no ${name}: nothing was removed.`)
  process.stdout.write(`Removed ${name}. ${missing}\n`)
}

async function listParameters({ json = false }: { json?: boolean }): Promise<void> {
  const named = settings.map((setting) => parameterName(deployment(), setting))
  const found = await withStore((store) => store.found(named))
  const rows = parameters.map(({ setting, isSecret: shouldBeSecret }): Row => {
    const name = parameterName(deployment(), setting)
    const there = found.get(name)
    if (!there) return { name }
    const { isSecret, version, changedAtMs } = there
    return {
      name,
      isSecret,
      version,
      ...(changedAtMs !== undefined && { changedAt: formatInstant(changedAtMs) }),
      ...(shouldBeSecret && !isSecret && { problem: exposed(setting) }),
    }
  })
  if (json) printJson(rows)
  else process.stdout.write(rows.map(lineOf).join(''))
}

function exposed(setting: string): string {
  return `should be SecureString, and is readable in the console: \`npx ledger parameter remove ${setting}\`, and put it again`
}

interface Row {
  readonly name: string
  readonly isSecret?: boolean
  readonly version?: number
  readonly changedAt?: string
  readonly problem?: string
}

function lineOf({ name, isSecret = false, version, changedAt = '', problem }: Row): string {
  const width = Math.max(...settings.map((setting) => parameterName(deployment(), setting).length))
  if (version === undefined) return `${name.padEnd(width)}  is not set\n`
  const cells = [name.padEnd(width), typeOf(isSecret).padEnd(12), `version ${version}`, changedAt]
  return `${[...cells, ...(problem === undefined ? [] : [problem])].join('  ')}\n`
}

/** The deployment of the parameters: the local stack has none. */
function deployment(): string {
  const set = setVariables(process.env)
  if (isInPostgres(set)) {
    throw new CommandError(
      'Parameters are those of a deployment on AWS. With rows in PostgreSQL, settings and secrets are variables of the server, or of the shell that deploys the SCF functions.',
    )
  }
  if (isLocal(set)) {
    throw new CommandError(
      'Say whose parameters: set TABLE_PREFIX (delivery-ledger-<stage>) and AWS_REGION. The local stack has none.',
    )
  }
  return parseEnvironment({ TABLE_PREFIX: tableEntries.TABLE_PREFIX }, set).TABLE_PREFIX
}

/** A parameter under a name that no stage has would never be read. */
function stageOfItsOwn(): string {
  const prefix = deployment()
  if (/^delivery-ledger-[A-Za-z0-9-]+$/.test(prefix)) return prefix
  throw new CommandError(
    `TABLE_PREFIX: expected delivery-ledger-<stage>, such as delivery-ledger-prod, since no stage makes ${prefix}: nobody would read what is put there.`,
  )
}

async function withStore<T>(use: (store: ParameterKeeper) => Promise<T>): Promise<T> {
  const store = parameterKeeper()
  try {
    return await use(store)
  } catch (error) {
    if (error instanceof Error && error.name === 'AccessDeniedException') {
      throw new CommandError(
        `These credentials may not do that: allow ssm:PutParameter, ssm:GetParameters and ssm:DeleteParameter on parameter/${deployment()}/*.`,
      )
    }
    throw error
  } finally {
    store.close()
  }
}
