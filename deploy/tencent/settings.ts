import * as v from 'valibot'
import { providers } from '../../lib/providers/registry.ts'
import {
  cloudBaseEntries,
  databaseEntries,
  ingestEntries,
  ownTokenEntries,
  polledEntries,
  reconcileEntries,
  sharedTokenSetting,
} from '../../lib/runtime/config.ts'
import { concurrencyUpTo, problemsOfDeployment, problemsWith } from '../stage-settings.ts'

type Environment = Readonly<Record<string, string>>
type Settings = Readonly<Record<string, unknown>>

interface TencentSettings {
  /** `params.default` of serverless.tencent.yml: every setting that there is. */
  readonly usual: Settings
  /** Those that the stage or the command line sets otherwise. */
  readonly given: Settings
  /** What each function would find in its environment, secrets among it; without what is empty. */
  readonly environments: Readonly<Record<'ingest' | 'reconcile', Environment>>
  /** As SCF would know them. */
  readonly functionNames: readonly string[]
  /** URL of SCF's API, where it is another one. */
  readonly endpoint?: string | undefined
}

/**
 * The variables that this shell gives to a deploy, and no file: secrets. One that this shell does not set stays as it is
 * deployed, and an empty one is taken out.
 */
const secrets: Readonly<Record<'ingest' | 'reconcile', readonly string[]>> = {
  ingest: [
    sharedTokenSetting,
    ...Object.keys(ownTokenEntries(providers)),
    'SENDCLOUD_APP_KEY',
    ...storeSecrets(),
  ],
  reconcile: [
    'SENDCLOUD_API_USER',
    'SENDCLOUD_API_KEY',
    'SES_SECRET_ID',
    'SES_SECRET_KEY',
    ...storeSecrets(),
  ],
}

function storeSecrets(): readonly string[] {
  return ['DATABASE_URL', 'AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY']
}

/** A function's environment: what the file gives, then this shell's secrets, else those that are deployed. */
export function environmentOf(
  name: 'ingest' | 'reconcile',
  of: {
    readonly file: Readonly<Record<string, unknown>>
    readonly shell: Readonly<Record<string, string | undefined>>
    readonly deployed: Environment
  },
): Environment {
  const ofFile = Object.entries(of.file).map(([key, value]) => [key, String(value)] as const)
  const secret = secrets[name].map((key) => [key, of.shell[key] ?? of.deployed[key] ?? ''] as const)
  return Object.fromEntries([...ofFile, ...secret].filter(([, value]) => value !== ''))
}

/** How often reconcile runs, where no setting says it: hourly where each five minutes in which a store is used are paid. */
export function usualCron(environment: Environment): string {
  return environment.CLOUDBASE_ENV_ID === undefined ? '0 */5 * * * * *' : '0 0 * * * * *'
}

/** What is wrong with a deployment's settings, a line each; nothing where it can be made. */
export function problemsOf({
  usual,
  given,
  environments,
  functionNames,
  endpoint,
}: TencentSettings): readonly string[] {
  const unknown = Object.keys(given).filter((name) => !(name in usual))
  if (unknown.length > 0) {
    return unknown.map((name) => `There is no setting ${name}. There are: ${Object.keys(usual).join(', ')}.`)
  }
  const { ingest, reconcile } = environments
  const { [sharedTokenSetting]: sharedToken, ...otherIngestEntries } = ingestEntries
  const isTokenSet = ingest[sharedTokenSetting] !== undefined
  const ofIngest = isTokenSet
    ? { ...otherIngestEntries, [sharedTokenSetting]: sharedToken }
    : otherIngestEntries
  const ofReconcile = reconcile.SES_POLL === 'off' ? reconcileEntries : polledEntries
  return [
    ...new Set([
      ...functionNames.flatMap(problemsOfName),
      ...(isTokenSet ? [] : [noToken]),
      ...problemsWith({ ...ofIngest, ...ownTokenEntries(providers) }, ingest, secrets.ingest),
      ...problemsWith(ofReconcile, reconcile, secrets.reconcile),
      ...problemsOfStore(ingest, { ...usual, ...given }),
      ...problemsOfReach(ingest, endpoint),
      ...problemsOfCredentials(reconcile, { ...usual, ...given }),
      ...Object.entries(environments).flatMap(([name, environment]) => problemsOfSize(name, environment)),
    ]),
    ...problemsOfDeployment(deploymentEntries, { ...usual, ...given }),
  ]
}

const noToken = `${sharedTokenSetting} is not set. Set it in this shell to the digest that \`npx ledger token new\` prints.`

/** Source: SCF API reference, CreateFunction, FunctionName. */
function problemsOfName(name: string): readonly string[] {
  return /^[A-Za-z][\w-]{0,58}[A-Za-z0-9]$/.test(name)
    ? []
    : [`stage: a function's name is made of it, and has at most 60 letters, digits, - and _; not ${name}`]
}

/** The functions have one store. */
function problemsOfStore(environment: Environment, settings: Settings): readonly string[] {
  const { DATABASE_URL, CLOUDBASE_ENV_ID, AWS_REGION } = environment
  if (DATABASE_URL !== undefined && CLOUDBASE_ENV_ID !== undefined) return [twoDatabases]
  if (DATABASE_URL !== undefined && AWS_REGION !== undefined) return [databaseBesideDynamoDb]
  if (CLOUDBASE_ENV_ID !== undefined && AWS_REGION !== undefined) return [cloudBaseBesideDynamoDb]
  if (DATABASE_URL !== undefined) {
    return [...problemsWith(databaseEntries, environment, secrets.ingest), ...problemsOfNetwork(settings)]
  }
  const network = hasNetwork(settings) ? [withoutDatabase] : []
  return [
    ...(CLOUDBASE_ENV_ID === undefined
      ? problemsOfDynamoDb(environment)
      : problemsOfCloudBase(environment, settings)),
    ...network,
  ]
}

/** Whoever asks a private database through a tunnel has such a URL in the shell. */
const throughTunnel =
  'DATABASE_URL: expected the address by which the functions reach the database, and not one of this machine. With an unset DATABASE_URL the one that is deployed stays.'

/** Functions of a simulated SCF are on this machine, too. */
function problemsOfReach({ DATABASE_URL = '' }: Environment, endpoint = ''): readonly string[] {
  return leadsToThisMachine(DATABASE_URL) && !leadsToThisMachine(endpoint) ? [throughTunnel] : []
}

function leadsToThisMachine(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : ''
  return /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/i.test(host)
}

const twoDatabases =
  'DATABASE_URL and cloudbaseEnvId: expected one of them. For rows in CloudBase deploy with an empty DATABASE_URL in this shell, which takes out the one that is deployed; for rows in another PostgreSQL take cloudbaseEnvId out of settings.tencent.yml.'

/** Shells have a DATABASE_URL for other reasons: a deployment must not go on without its rows because of that. */
const databaseBesideDynamoDb =
  'DATABASE_URL and awsRegion: expected one of them. For rows in DynamoDB deploy with an empty DATABASE_URL in this shell, which takes out one that is deployed; for rows in PostgreSQL take awsRegion out of settings.tencent.yml.'

const cloudBaseBesideDynamoDb = 'cloudbaseEnvId and awsRegion: expected one of them in settings.tencent.yml'

const withoutDatabase =
  'vpcId, subnetId: expected none without DATABASE_URL: neither CloudBase nor DynamoDB is in a private network'

function hasNetwork({ vpcId, subnetId }: Settings): boolean {
  return vpcId !== '' || subnetId !== ''
}

function problemsOfNetwork(settings: Settings): readonly string[] {
  if (!hasNetwork(settings)) return []
  const { vpcId, subnetId } = settings
  return [
    ...(/^vpc-\w+$/.test(String(vpcId))
      ? []
      : ['vpcId: expected the id of a private network, such as vpc-1a2b3c4d, beside subnetId']),
    ...(/^subnet-\w+$/.test(String(subnetId))
      ? []
      : ['subnetId: expected the id of a subnet of it, such as subnet-1a2b3c4d, beside vpcId']),
  ]
}

function problemsOfCloudBase(environment: Environment, { runRole }: Settings): readonly string[] {
  return [
    ...problemsWith(cloudBaseEntries, environment),
    ...(runRole === ''
      ? [
          'runRole: expected the name of a CAM role that SCF may take and that may call tcb:ExecutePGSql, since rows are in CloudBase',
        ]
      : []),
  ]
}

function problemsOfDynamoDb(environment: Environment): readonly string[] {
  const { AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY } = environment
  const isSet =
    AWS_REGION !== undefined && AWS_ACCESS_KEY_ID !== undefined && AWS_SECRET_ACCESS_KEY !== undefined
  return isSet
    ? []
    : [
        'There is no store. Set DATABASE_URL in this shell to a PostgreSQL; or cloudbaseEnvId to a CloudBase environment; or for DynamoDB awsRegion, and in this shell AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of a user that may use its tables alone.',
      ]
}

function problemsOfCredentials(environment: Environment, { runRole }: Settings): readonly string[] {
  const { SES_POLL, SES_SECRET_ID, SES_SECRET_KEY } = environment
  if (SES_POLL === 'off' || (SES_SECRET_ID !== undefined && SES_SECRET_KEY !== undefined)) return []
  return runRole === ''
    ? [
        'runRole: expected the name of a CAM role that SCF may take and that may call ses:GetSendEmailStatus; or set SES_SECRET_ID and SES_SECRET_KEY in this shell, or sesPoll to off',
      ]
    : []
}

/** Source: Tencent Cloud documents 583/11637 and 583/30228. */
const maxEnvironmentBytes = 4_096
const reserved = /^(?:SCF_|QCLOUD_|TENCENTCLOUD_)/

function problemsOfSize(name: string, environment: Environment): readonly string[] {
  const entries = Object.entries(environment)
  const bytes = entries.reduce((sum, [key, value]) => sum + Buffer.byteLength(key + value), 0)
  return [
    ...(bytes > maxEnvironmentBytes
      ? [`The environment of ${name} has ${bytes} bytes; SCF takes ${maxEnvironmentBytes}.`]
      : []),
    ...entries.flatMap(([key]) =>
      reserved.test(key) ? [`${key}: SCF keeps names that begin so for itself.`] : [],
    ),
  ]
}

/** What is not a function's setting. */
const deploymentEntries = {
  runtime: v.picklist(['Nodejs20.19', 'Nodejs18.15'], 'Nodejs20.19 or Nodejs18.15'),
  ingestConcurrency: concurrencyUpTo(200),
  schedule: v.pipe(v.string(), v.regex(/^$|^(?:\S+ ){6}\S+$/, 'a cron of seven fields, or nothing')),
  logset: v.string(),
  logTopic: v.string(),
}
