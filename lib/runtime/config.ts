import * as v from 'valibot'
import { defaultBlocklistDays } from '../core/suppression.ts'
import type { Provider } from '../providers/provider.ts'

/** Where settings come from: `process.env` or anything like it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** One or more settings are missing or wrong. Never repeats a value: it may be a secret. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`Settings are missing or wrong:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'ConfigError'
  }
}

/** The variables that are set. Shells and templates leave an empty one for a value that is not set. */
export function setVariables(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  )
}

/** Turns the environment into typed settings, or names every wrong one with what was expected. */
export function parseEnvironment<const Entries extends v.ObjectEntries>(
  entries: Entries,
  environment: Environment,
): v.InferOutput<v.ObjectSchema<Entries, undefined>> {
  const present = setVariables(environment)
  const result = v.safeParse(v.object(entries), present)
  if (result.success) return result.output
  throw new ConfigError(
    result.issues.map((issue) => {
      const name = v.getDotPath(issue) ?? ''
      return `${name}: ${name in present ? `expected ${issue.message}` : 'is not set'}`
    }),
  )
}

const wholeNumber = (expected: string, min: number, max: number) =>
  v.pipe(
    v.string(),
    v.digits(expected),
    v.transform(Number),
    v.minValue(min, expected),
    v.maxValue(max, expected),
  )

/** A port of this machine; 0 means any free one. */
export const port = wholeNumber('a port from 0 to 65535', 0, 65_535)

const url = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[^\s/]+\/?$/, 'a URL of a host, such as https://ses.tencentcloudapi.com'),
)

const baseUrl = v.pipe(
  v.string(),
  v.regex(/^https?:\/\/[^\s/?#]+(?:\/[^\s?#]*)?$/, 'a URL such as https://api.sendcloud.net/apiv2'),
)

const sha256Digests = v.pipe(
  v.string(),
  v.transform((text) => text.split(',').map((digest) => digest.trim().toLowerCase())),
  v.minLength(1),
  v.maxLength(2, 'one or two digests, separated by a comma'),
  v.everyItem(
    (digest) => /^[0-9a-f]{64}$/.test(digest),
    'SHA-256 digests of 64 hex digits, separated by a comma',
  ),
)

/** The prefix of the local tables: the default for an environment without TABLE_PREFIX. */
export const localTablePrefix = 'delivery-ledger-local'

const tablePrefix = v.optional(
  v.pipe(v.string(), v.regex(/^[A-Za-z0-9_.-]{1,200}$/, 'letters, digits, _ . and -')),
  localTablePrefix,
)

const retentionDays = v.optional(wholeNumber('a number of days from 1 to 3650', 1, 3_650), '400')

/** How long evidence of a provider's own blocklist that states no end holds after the latest. */
export const blocklistDays = v.optional(
  wholeNumber('a number of days from 0 to 3650', 0, 3_650),
  String(defaultBlocklistDays),
)

const databaseUrlShape = /^postgres(?:ql)?:\/\/[^\s/]+\/[^\s/?]+(?:\?\S*)?$/

/** A PostgreSQL database by its own protocol. Set, it holds the tables: as a schema of the prefix's name. */
const databaseUrl = v.pipe(
  v.string(),
  v.regex(databaseUrlShape, 'a URL such as postgres://user:password@host:5432/database'),
  // A password may make another URL of it.
  v.check(
    (text) => !databaseUrlShape.test(text) || URL.canParse(text),
    'a URL such as postgres://user:password@host:5432/database, with %23 for # in a password, %3F for ? and so on',
  ),
)

/** What leads to the rows where they are in PostgreSQL. */
export const databaseEntries = { DATABASE_URL: databaseUrl }

/** What leads to the rows where they are in the PostgreSQL of a CloudBase environment, by Tencent's API. */
export const cloudBaseEntries = {
  CLOUDBASE_ENV_ID: v.pipe(
    v.string(),
    v.regex(/^[A-Za-z0-9_-]{1,64}$/, "an environment's id, such as my-env-1a2b3c"),
  ),
  CLOUDBASE_ENDPOINT: v.optional(url),
}

/** Settings each of which names a PostgreSQL database. Without any of them rows are in DynamoDB. */
const databaseSettings = ['DATABASE_URL', 'CLOUDBASE_ENV_ID'] as const

/** The deployment whose tables are meant where rows are in PostgreSQL and TABLE_PREFIX is not set. */
const usualSchema = 'delivery-ledger-prod'

/** The environment with the name of the deployment, where that is left to its default. */
export function withUsualSchema(environment: Environment): Environment {
  const { TABLE_PREFIX } = setVariables(environment)
  return isInPostgres(environment) && TABLE_PREFIX === undefined
    ? { ...environment, TABLE_PREFIX: usualSchema }
    : environment
}

/** Whether rows are in PostgreSQL. */
export function isInPostgres(environment: Environment): boolean {
  const set = setVariables(environment)
  return databaseSettings.some((name) => set[name] !== undefined)
}

/** The settings of operator commands that only read the tables. */
export const tableEntries = { TABLE_PREFIX: tablePrefix, RETENTION_DAYS: retentionDays }

const correlationHeader =
  'headers that a provider reports back, X-Tencentcloudses-Cb-… or SC-Custom-…, separated by commas'

/** What the server is started with, besides the settings of what it runs. */
export const serverEntries = {
  ...databaseEntries,
  PORT: v.optional(port, '8080'),
  /** This machine alone: what is sent there is not encrypted, so whoever opens it to a network does that on purpose. */
  HOST: v.optional(
    v.pipe(v.string(), v.regex(/^[\w.:-]{1,255}$/, 'a host name or an IP address')),
    '127.0.0.1',
  ),
  SCHEDULE_MINUTES: v.optional(wholeNumber('minutes from 1 to 60', 1, 60), '5'),
}

/** The settings of whatever writes what a provider reported. */
export const rowEntries = {
  ...tableEntries,
  /** The headers that hold the sender's own id of a mail. Without any there is no index of it. */
  CORRELATION_HEADER: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(',').map((name) => name.trim())),
      v.everyItem(
        (name) => /^(?:x-tencentcloudses-cb-|sc-custom)[\w!#$%&'*+.^`|~-]{1,200}$/i.test(name),
        correlationHeader,
      ),
      v.maxLength(5, 'five headers at most'),
    ),
  ),
  RFC_MESSAGE_ID_INDEX: v.optional(isOn(), 'off'),
}

const requestsPerSecond = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,3}(\.\d+)?$/, 'requests per second, such as 1'),
    v.transform(Number),
    v.minValue(0.01, 'requests per second, at least 0.01'),
    v.maxValue(20, 'requests per second, at most 20'),
  ),
  '1',
)

/** Days after which a date's whole list is read again. Without it they are the default ones, and fewer where there is much mail. */
const sweepAgesDays = v.optional(
  v.pipe(
    v.string(),
    v.regex(/^\d{1,2}( *, *\d{1,2})*$/, 'days from 1 to 29, separated by commas, such as 3,29'),
    v.transform((text) => [...new Set(text.split(',').map(Number))].sort((one, other) => one - other)),
    v.everyItem((days) => days >= 1 && days <= 29, 'days from 1 to 29, separated by commas, such as 3,29'),
    v.check(
      (days) => (days.at(-1) ?? 0) >= 6,
      'a last day from 6 on, when no mail is retried any more: soft bounces may still change until then',
    ),
  ),
)

const inboundRetentionDays = v.optional(wholeNumber('a number of days from 1 to 3650', 1, 3_650), '30')

/** The setting with the digests of a provider's own tokens: `CALLBACK_TOKEN_SHA256_SENDCLOUD`. */
export function tokenSettingOf(provider: string): string {
  return `${sharedTokenSetting}_${provider.toUpperCase().replaceAll('-', '_')}`
}

/** The setting with the digests of the tokens for every path without its own. */
export const sharedTokenSetting = 'CALLBACK_TOKEN_SHA256'

/** What the ingest function reads from its environment, besides the keys of its providers. */
export const ingestEntries = {
  ...rowEntries,
  INBOUND_RETENTION_DAYS: inboundRetentionDays,
  [sharedTokenSetting]: sha256Digests,
  /** The daily limit (UTC) for keeping bodies whose sender is not proved. */
  UNVERIFIED_MB_PER_DAY: v.optional(wholeNumber('megabytes from 0 to 100000', 0, 100_000), '100'),
}

/** The settings of tokens that open one path alone: {@link tokenSettingOf}. */
export function ownTokenEntries(
  providers: readonly Provider[],
): Readonly<Record<string, v.OptionalSchema<typeof sha256Digests, undefined>>> {
  return Object.fromEntries(providers.map(({ name }) => [tokenSettingOf(name), v.optional(sha256Digests)]))
}

/** The digests of the tokens that open each provider's path: its own if it has some, else the shared ones. */
export function parseTokenDigests(
  shared: readonly string[],
  providers: readonly Provider[],
  environment: Environment,
): ReadonlyMap<string, readonly string[]> {
  const own = parseEnvironment(ownTokenEntries(providers), environment)
  return new Map(providers.map(({ name }) => [name, own[tokenSettingOf(name)] ?? shared]))
}

/** The setting with the digests of the tokens of the query API. */
export const queryTokenSetting = 'QUERY_TOKEN_SHA256'

/** What the query function reads from its environment. */
export const queryEntries = {
  ...tableEntries,
  BLOCKLIST_DAYS: blocklistDays,
  [queryTokenSetting]: sha256Digests,
}

/** One or two keys, separated by a comma; an extra comma is ignored. */
const signingKeys = (publicKey: string | undefined) =>
  v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => text.split(',').map((key) => key.trim())),
      v.filterItems((key) => key !== ''),
      v.maxLength(2, 'one or two keys, separated by a comma'),
      v.everyItem(
        (key) => key !== publicKey,
        "keys of your own, not the one published in the provider's documents",
      ),
    ),
  )

/** The keys of a provider that signs; none if its setting is not set, since the provider is not used. */
export function parseSigningKeys({ signing }: Provider, environment: Environment): readonly string[] {
  if (!signing) return []
  const { keySetting, publicKey } = signing
  return parseEnvironment({ [keySetting]: signingKeys(publicKey) }, environment)[keySetting] ?? []
}

function isOn() {
  return v.pipe(
    v.picklist(['on', 'off'], 'on or off'),
    v.transform((setting) => setting === 'on'),
  )
}

/** Explicit: forgotten credentials must not look like a poll that is turned off. */
const sesPoll = v.optional(v.picklist(['on', 'off'], 'on or off'), 'on')

/** Set by the operator, since the table cannot distinguish a mail that was not recorded from one that was never sent. */
const sendsRecorded = v.optional(isOn(), 'off')

/** The credentials of the poll. They are kept as parameters where the environment does not set them. */
export const pollCredentialEntries = {
  TENCENTCLOUD_SECRET_ID: v.string(),
  TENCENTCLOUD_SECRET_KEY: v.string(),
  TENCENTCLOUD_TOKEN: v.optional(v.string()),
}

/** The credentials of SendCloud's poll, kept likewise. Without them it is not polled. */
export const sendCloudCredentialEntries = {
  /** One `apiUser`, or several whose mails are listed together. */
  SENDCLOUD_API_USER: v.pipe(
    v.string(),
    v.transform((text) => text.split(',').map((user) => user.trim())),
    v.filterItems((user) => user !== ''),
    v.minLength(1, 'one API_USER, or several separated by commas'),
  ),
  SENDCLOUD_API_KEY: v.string(),
}

/** What the reconcile function reads from its environment, besides the credentials of the polls. */
export const reconcileEntries = {
  ...rowEntries,
  /** It writes what callbacks left unfinished, which may be inbound mail. */
  INBOUND_RETENTION_DAYS: inboundRetentionDays,
  /** `off` if you send with SendCloud alone: then no credentials of Tencent Cloud are needed. */
  SES_POLL: sesPoll,
  SES_ENDPOINT: v.optional(url),
  /** Each region has a list of its own, and is polled by itself. */
  SES_REGION: v.optional(
    v.pipe(
      v.string(),
      v.transform((text) => [...new Set(text.split(',').map((region) => region.trim()))]),
      v.everyItem(
        (region) => /^[a-z]+-[a-z0-9-]+$/.test(region),
        'a region such as ap-guangzhou, or several separated by commas',
      ),
      v.maxLength(5, 'five regions at most'),
    ),
    'ap-guangzhou',
  ),
  SES_REQUESTS_PER_SECOND: requestsPerSecond,
  /** URL of SendCloud's API before `data/emailStatus`. Default: the China site; elsewhere `https://api2.sendcloud.net/api`. */
  SENDCLOUD_ENDPOINT: v.optional(baseUrl, 'https://api.sendcloud.net/apiv2'),
  SENDCLOUD_REQUESTS_PER_SECOND: requestsPerSecond,
  /** `on` where every send is recorded (lib/client/record-send.ts), so that there is nothing to discover. */
  SENDS_RECORDED: sendsRecorded,
  SWEEP_AGES_DAYS: sweepAgesDays,
  /** Whether the providers' own lists are read into ours once a day. */
  SYNC_PROVIDER_LISTS: v.optional(isOn(), 'on'),
  /** Who is still on the list when what was erased is erased again, and when a provider's list is read. */
  BLOCKLIST_DAYS: blocklistDays,
}

/** A row must outlive the poll's reach, or the last sweep of its date would discover expired deliveries. */
const polledRetentionDays = v.pipe(
  retentionDays,
  v.check((days) => days >= 31, '31 days or more while the poll is on, since it reaches back 30'),
)

/** {@link reconcileEntries} where the poll is on. */
export const polledEntries = { ...reconcileEntries, RETENTION_DAYS: polledRetentionDays }

/** All settings of the poll. */
export const pollEntries = { ...polledEntries, ...pollCredentialEntries }

/** The settings of the poll; `undefined` if it is off. */
export function parsePollSettings(
  environment: Environment,
): v.InferOutput<v.ObjectSchema<typeof pollEntries, undefined>> | undefined {
  return isPolled(environment) ? parseEnvironment(pollEntries, environment) : undefined
}

/** All that SendCloud's poll is set up with. */
const sendCloudPollEntries = { ...polledEntries, ...sendCloudCredentialEntries }

/** The settings of SendCloud's poll; `undefined` where none of its credentials is set. */
export function parseSendCloudPollSettings(
  environment: Environment,
): v.InferOutput<v.ObjectSchema<typeof sendCloudPollEntries, undefined>> | undefined {
  return setsSendCloudPoll(environment) ? parseEnvironment(sendCloudPollEntries, environment) : undefined
}

/** Whether the environment sets any credential of SendCloud's poll. */
export function setsSendCloudPoll(environment: Environment): boolean {
  const set = setVariables(environment)
  return sendCloudPollParameters.some((name) => set[name] !== undefined)
}

/** The parameters of SendCloud's poll. */
export const sendCloudPollParameters: readonly string[] = Object.keys(sendCloudCredentialEntries)

function isPolled(environment: Environment): boolean {
  return parseEnvironment({ SES_POLL: sesPoll }, environment).SES_POLL === 'on'
}

/** The poll's parameters that this environment lacks: none if it is off. */
export function pollParameters(environment: Environment): readonly string[] {
  return isPolled(environment) ? Object.keys(pollCredentialEntries) : []
}
