import type { Command } from 'commander'
import {
  ingestEntries,
  parseEnvironment,
  parseSigningKeys,
  pollCredentialEntries,
  setVariables,
  tableEntries,
} from '../lib/config.ts'
import { formatInstant, secondMs } from '../lib/core/instant.ts'
import { parameterName } from '../lib/parameters.ts'
import { parameterKeeper } from '../lib/parameters/parameter-keeper.ts'
import { mailProviders } from '../lib/providers/providers.ts'
import { isLocal } from '../local/local-environment.ts'
import { CommandError } from './command-error.ts'
import { stageOptions } from './where-to-look.ts'
import { printJson } from './print-json.ts'
import { readSecret } from './read-secret.ts'

const requestTimeoutMs = 5 * secondMs

/** A setting that a deployment keeps as a parameter of AWS Systems Manager. */
interface Parameter {
  readonly setting: string
  readonly isSecret: boolean
  readonly description: string
  /** What it takes until the functions use a new value. */
  readonly takesEffect: string
  /** Throws where the value cannot be right. */
  readonly check: (value: string) => unknown
}

const parameters: readonly Parameter[] = [
  {
    setting: 'CALLBACK_TOKEN_SHA256',
    isSecret: false,
    description: 'delivery-ledger: SHA-256 of the token in the callback URL; two, while it is being replaced',
    takesEffect: `It is accepted after the next \`npx serverless deploy ${stageOptions(process.env)}\`.`,
    check: (value) => {
      const { CALLBACK_TOKEN_SHA256 } = ingestEntries
      return parseEnvironment({ CALLBACK_TOKEN_SHA256 }, { CALLBACK_TOKEN_SHA256: value })
    },
  },
  ...mailProviders.flatMap((provider): Parameter[] => {
    if (!provider.signing) return []
    const { keySetting } = provider.signing
    return [
      {
        setting: keySetting,
        isSecret: true,
        description: `delivery-ledger: with what ${provider.name} signs; two, separated by a comma, while it is being replaced`,
        takesEffect: 'The ingest function knows it within five minutes.',
        check: (value) => parseSigningKeys(provider, { [keySetting]: value }),
      },
    ]
  }),
  ...Object.keys(pollCredentialEntries).map((setting) => ({
    setting,
    isSecret: true,
    description: 'delivery-ledger: credentials of Tencent Cloud for GetSendEmailStatus',
    takesEffect: 'The next run of the poll uses it.',
    check: () => undefined,
  })),
]

const settings = parameters.map(({ setting }) => setting)

/** Declares `ledger parameter put | list`. */
export function registerParameter(program: Command): void {
  const parameter = program
    .command('parameter')
    .description('secrets and the token’s digest, kept as parameters of AWS Systems Manager')
  parameter
    .command('put')
    .description('put a value, or another in its place; it is asked for, or read from standard input')
    .argument('<name>', settings.join(', '))
    .action(putParameter)
  parameter
    .command('list')
    .description('which are there; never their values')
    .option('--json', 'print them as JSON')
    .action(listParameters)
}

async function putParameter(setting: string): Promise<void> {
  const parameter = parameters.find((known) => known.setting === setting)
  if (!parameter) {
    throw new CommandError(`There is no parameter '${setting}'. There are: ${settings.join(', ')}.`)
  }
  const name = parameterName(deployment(), setting)
  const value = await readSecret(`${setting}, which is not shown: `)
  if (value === '') throw new CommandError(`${setting}: nothing was given, and nothing was put.`)
  parameter.check(value)
  const { isSecret, description, takesEffect } = parameter
  await withStore((store) => store.put({ name, value, isSecret, description }))
  process.stdout.write(`Put ${name}. ${takesEffect}\n`)
}

async function listParameters({ json = false }: { json?: boolean }): Promise<void> {
  const named = settings.map((setting) => parameterName(deployment(), setting))
  const found = await withStore((store) => store.found(named))
  const rows = named.map((name) => {
    const { changedAtMs, ...rest } = found.get(name) ?? {}
    return { name, ...rest, ...(changedAtMs !== undefined && { changedAt: formatInstant(changedAtMs) }) }
  })
  if (json) printJson(rows)
  else process.stdout.write(rows.map(lineOf).join(''))
}

interface Row {
  readonly name: string
  readonly isSecret?: boolean
  readonly version?: number
  readonly changedAt?: string
}

function lineOf({ name, isSecret, version, changedAt = '' }: Row): string {
  const width = Math.max(...settings.map((setting) => parameterName(deployment(), setting).length))
  if (version === undefined) return `${name.padEnd(width)}  is not set\n`
  return `${name.padEnd(width)}  ${isSecret === true ? 'SecureString' : 'String      '}  version ${version}  ${changedAt}\n`
}

/** Whose parameters: the local stack has none. */
function deployment(): string {
  const set = setVariables(process.env)
  if (isLocal(set)) {
    throw new CommandError(
      'Say whose parameters: set TABLE_PREFIX (delivery-ledger-<stage>) and AWS_REGION. The local stack has none.',
    )
  }
  return parseEnvironment({ TABLE_PREFIX: tableEntries.TABLE_PREFIX }, set).TABLE_PREFIX
}

async function withStore<T>(use: (store: ReturnType<typeof parameterKeeper>) => Promise<T>): Promise<T> {
  const store = parameterKeeper(requestTimeoutMs)
  try {
    return await use(store)
  } catch (error) {
    if (error instanceof Error && error.name === 'AccessDeniedException') {
      throw new CommandError(
        `These credentials may not do that: allow ssm:PutParameter and ssm:GetParameters on parameter/${deployment()}/*.`,
      )
    }
    throw error
  } finally {
    store.close()
  }
}
