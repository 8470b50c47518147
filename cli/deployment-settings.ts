import {
  ingestEntries,
  pollCredentialEntries,
  pollParameters,
  reconcileEntries,
  sendCloudPollParameters,
  setVariables,
  type Environment,
} from '../lib/runtime/config.ts'
import { oneLine } from '../lib/core/text.ts'
import { secondMs } from '../lib/core/instant.ts'
import { withParameters } from '../lib/runtime/parameters.ts'
import { lambda } from '../lib/runtime/runtime.ts'
import { isLocal } from '../local/local-environment.ts'
import { CommandError, sentenceOf } from './command-error.ts'
import type { DeployedFunctions } from './deployed-functions.ts'
import { isOnAws } from './where-to-look.ts'

// The settings of a deployment, read from AWS: so commands by hand do what the functions do, and the doctor checks what
// is deployed, not the shell's settings. Where rows are in PostgreSQL nobody knows what runs over them: the shell's hold.

const requestTimeoutMs = 5 * secondMs

/** Why a setting of a deployment is unknown. */
interface Unread {
  /** `unasked`: AWS cannot be asked without a region or credentials. */
  readonly because: 'absent' | 'denied' | 'unasked' | 'fault'
  /** In words that can follow a colon, without an end. */
  readonly why: string
}

type FunctionName = 'ingest' | 'reconcile' | 'query'

/** What a function reads from its environment besides its tables' names; it includes no secret. */
const deployedNames = [...Object.keys(reconcileEntries), 'INBOUND_RETENTION_DAYS'].filter(
  (name) => name !== 'TABLE_PREFIX',
)

type DeployedSettings = { readonly deployed: Environment } | { readonly unread: Unread }

/** The settings of a deployed function; those left at their default are empty. */
export async function deployedSettings(
  environment: Environment,
  name: FunctionName,
): Promise<DeployedSettings> {
  const called = functionName(environment, name)
  const found = await fromFunctions(called, 'lambda:GetFunctionConfiguration', (functions) =>
    functions.environmentOf(called),
  )
  if ('unread' in found) return found
  return { deployed: Object.fromEntries(deployedNames.map((key) => [key, found.value[key] ?? ''])) }
}

/** The URL of a deployed function. */
export async function deployedUrl(
  environment: Environment,
  name: 'ingest' | 'query',
): Promise<{ readonly url: URL } | { readonly unread: Unread }> {
  const called = functionName(environment, name)
  const found = await fromFunctions(called, 'lambda:GetFunctionUrlConfig', (functions) =>
    functions.urlOf(called),
  )
  return 'unread' in found ? found : { url: found.value }
}

export function functionName(environment: Environment, name: FunctionName): string {
  return `${environment.TABLE_PREFIX ?? ''}-${name}`
}

async function fromFunctions<T>(
  called: string,
  action: string,
  look: (functions: DeployedFunctions) => Promise<T | undefined>,
): Promise<{ readonly value: T } | { readonly unread: Unread }> {
  let functions: DeployedFunctions | undefined
  try {
    const adapter = await import('./deployed-functions.ts')
    functions = adapter.deployedFunctions(requestTimeoutMs)
    const value = await look(functions)
    return value === undefined ? { unread: absent(called, action) } : { value }
  } catch (error) {
    return { unread: unreadBy(error, `${action} on function:${called}`) }
  } finally {
    functions?.close()
  }
}

function absent(called: string, action: string): Unread {
  const what = action === 'lambda:GetFunctionUrlConfig' ? 'function URL of' : 'function'
  return { because: 'absent', why: `AWS knows no ${what} ${called} there` }
}

function unreadBy(error: unknown, permission: string): Unread {
  const { name, message } = error instanceof Error ? error : { name: typeof error, message: '' }
  if (name.startsWith('AccessDenied')) {
    return { because: 'denied', why: `these AWS credentials may not read them; allow ${permission}` }
  }
  if (name === 'CredentialsProviderError' || message === 'Region is missing') {
    return { because: 'unasked', why: oneLine(sentenceOf(error)).replace(/\.$/, '') }
  }
  if (name === 'TimeoutError' || name === 'AbortError') {
    return { because: 'fault', why: 'there was no answer in time' }
  }
  return { because: 'fault', why: oneLine(`${name}: ${message === '' ? codeOf(error) : message}`) }
}

/** If several addresses refuse, Node reports only their code. */
function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'no answer'
}

interface SettingsByHand {
  readonly environment: Environment
  /** Why the deployment's own are missing. */
  readonly unread?: Unread
}

/** The environment, completed by the settings of a function of its deployment. */
export async function withDeployedSettings(
  environment: Environment,
  name: FunctionName,
): Promise<SettingsByHand> {
  const set = setVariables(environment)
  if (!isOnAws(set)) return { environment: set }
  const found = await deployedSettings(set, name)
  return 'unread' in found
    ? { environment: set, unread: found.unread }
    : { environment: { ...found.deployed, ...set } }
}

const usualDays = new Map([
  ['RETENTION_DAYS', reconcileEntries.RETENTION_DAYS.default],
  ['INBOUND_RETENTION_DAYS', ingestEntries.INBOUND_RETENTION_DAYS.default],
])

/**
 * Refuses to write into a deployment of unknown retention: it applies to every written row, and a default could shorten
 * or lengthen it.
 */
export function requireRetention({ environment, unread }: SettingsByHand, ...names: readonly string[]): void {
  const set = setVariables(environment)
  if (isLocal(set)) return
  const missing = names.filter((name) => set[name] === undefined)
  if (missing.length === 0) return
  const usual = missing.map((name) => usualDays.get(name) ?? '').join(' and ')
  const why = unread ? ` It could not be read: ${unread.why}.` : ''
  throw new CommandError(
    `Set ${missing.join(' and ')} to what ${set.TABLE_PREFIX ?? ''} was deployed with (${usual} unless you changed ${missing.length === 1 ? 'it' : 'them'}): rows that are written take their retention from it.${why}`,
  )
}

/** Warns that the settings may not be those of the deployment. */
export function warningOf({ environment, unread }: SettingsByHand): string {
  if (!unread) return ''
  return `What ${environment.TABLE_PREFIX ?? ''} was deployed with is not known: ${unread.why}. SES_REGION and the others are as this shell sets them, or as they are by default.\n`
}

const requiredCredentials = ['TENCENTCLOUD_SECRET_ID', 'TENCENTCLOUD_SECRET_KEY'] as const

/** The required settings that an environment lacks. */
export function missingCredentials(environment: Environment): readonly string[] {
  const set = setVariables(environment)
  return requiredCredentials.filter((name) => set[name] === undefined)
}

/** The credentials of the poll in the deployment's parameters, regardless of this shell. */
export async function deployedCredentials({
  TABLE_PREFIX,
}: Environment): Promise<{ readonly credentials: Environment } | { readonly unread: Unread }> {
  const names = Object.keys(pollCredentialEntries)
  try {
    return { credentials: setVariables(await withParameters({ TABLE_PREFIX }, names, lambda.parameters)) }
  } catch (error) {
    const parameters = `arn:aws:ssm:<region>:<account>:parameter/${TABLE_PREFIX ?? ''}/TENCENTCLOUD_*`
    return {
      unread: unreadBy(
        error,
        `ssm:GetParameters on ${parameters}, and kms:Decrypt where a key of your own encrypts them`,
      ),
    }
  }
}

/**
 * The environment, with the credentials of the poll from the deployment's parameters if none is set here. So an
 * operator who may read them needs no copy.
 */
export async function withPollCredentials(environment: Environment): Promise<Environment> {
  const set = await withSendCloudCredentials(setVariables(environment))
  const names = pollParameters(set)
  if (!isOnAws(set) || names.length === 0) return set
  if (names.some((name) => set[name] !== undefined)) return wholeCredentials(set)
  const found = await deployedCredentials(set)
  if ('unread' in found) {
    throw new CommandError(
      `The poll's credentials are not set here, and the deployment's could not be read: ${found.unread.why}.`,
    )
  }
  const missing = missingCredentials(found.credentials)
  if (missing.length === 0) return { ...set, ...found.credentials }
  throw new CommandError(
    `${set.TABLE_PREFIX ?? ''} has no ${missing.join(' and no ')}: ${putAdvice(missing)}. ${pollOffAdvice}`,
  )
}

/** Without them, or where they may not be read, SendCloud is not polled. */
async function withSendCloudCredentials(set: Environment): Promise<Environment> {
  if (!isOnAws(set)) return set
  try {
    return setVariables(await withParameters(set, sendCloudPollParameters, lambda.parameters))
  } catch (error) {
    const { why } = unreadBy(error, 'ssm:GetParameters on its parameters')
    process.stderr.write(`SendCloud is not asked: the deployment's credentials could not be read: ${why}.\n`)
    return set
  }
}

function wholeCredentials(set: Environment): Environment {
  const missing = missingCredentials(set)
  if (missing.length === 0) return set
  throw new CommandError(
    `${missing.join(' and ')}: not set here, though others of the poll's credentials are. Set all of them, or none: then the deployment's own are taken.`,
  )
}

export function putAdvice(names: readonly string[]): string {
  return names.map((name) => `\`npx ledger parameter put ${name}\``).join(' and ')
}

export const pollOffAdvice =
  "Who sends with SendCloud alone needs none of it: `sesPoll: 'off'` in serverless.yml and a deploy say so (SES_POLL=off for one command)."
