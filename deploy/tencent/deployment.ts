import type { scf } from 'tencentcloud-sdk-nodejs-scf'

type Client = InstanceType<typeof scf.v20180416.Client>
type Found = Awaited<ReturnType<Client['GetFunction']>>
type ListedTrigger = NonNullable<Awaited<ReturnType<Client['ListTriggers']>>['Triggers']>[number]

/** SCF's API, and how a deployment waits and speaks. */
export interface Reached {
  readonly client: Client
  /** Between two looks at a change that is under way. */
  readonly wait: () => Promise<void>
  readonly say: (line: string) => void
}

/** A function as it is to be. */
export interface WantedFunction {
  /** As SCF knows it: `delivery-ledger-prod-ingest`. */
  readonly name: string
  readonly description: string
  readonly zip: Uint8Array
  readonly handler: string
  readonly runtime: string
  readonly memoryMb: number
  readonly timeoutSeconds: number
  /** Empty values are left out: SCF takes none. */
  readonly environment: Readonly<Record<string, string>>
  /** Name of the CAM role that it runs as; empty for none. */
  readonly role: string
  /** The private network that it is in; `undefined` for none. */
  readonly network?: { readonly vpcId: string; readonly subnetId: string } | undefined
  /** Where its log goes; empty: to the log set that SCF makes. */
  readonly logset: string
  readonly logTopic: string
  /** What is reserved for it, and so the most it gets at once, in MB of all its instances; `undefined` reserves nothing. */
  readonly concurrencyMb: number | undefined
  /** How events that nobody waits for are tried again. */
  readonly asynchronous?: { readonly retries: number; readonly maxAgeSeconds: number }
  /** Whether it has a URL that is open to everybody. */
  readonly hasUrl: boolean
  /** Seven fields, from the second to the year; `undefined` for no timer. */
  readonly cron: string | undefined
}

/** What stands of a function, by its name; `undefined` where there is none. */
type Standing = ReadonlyMap<string, Found | undefined>

/** Looks at the functions, and changes nothing. Waits where one is just being changed. */
export async function standing(reached: Reached, names: readonly string[]): Promise<Standing> {
  const found = new Map<string, Found | undefined>()
  for (const name of names) found.set(name, await settled(reached, name))
  return found
}

/** The variables of a function that stands. */
export function variablesOf(found: Found | undefined): Readonly<Record<string, string>> {
  const variables = found?.Environment?.Variables ?? []
  return Object.fromEntries(variables.map(({ Key, Value }) => [Key ?? '', Value ?? '']))
}

/** Why the functions cannot be deployed as they are wanted, a line each. */
export function obstacles(wanted: readonly WantedFunction[], found: Standing): readonly string[] {
  return wanted.flatMap(({ name, runtime }) => {
    const stands = found.get(name)?.Runtime
    return stands === undefined || stands === runtime || isUseless(found.get(name))
      ? []
      : [
          `${name} runs on ${stands}, and SCF changes no function's runtime. Deploy it with ${stands}, or run \`serverless remove\` first: then its URL is another one.`,
        ]
  })
}

/**
 * Makes a function, or brings it to what is wanted, and answers its URL. Where a deployment ended in the middle, the next one
 * goes on: each step looks at what is there, or can be repeated.
 */
export async function bringUp(
  reached: Reached,
  wanted: WantedFunction,
  found: Found | undefined,
): Promise<string | undefined> {
  const { client } = reached
  if (isUseless(found)) await removeFunction(reached, wanted.name)
  if (found === undefined || isUseless(found)) await create(reached, wanted)
  else await update(reached, wanted, found)
  await reserveConcurrency(client, wanted)
  if (wanted.asynchronous) {
    const { retries, maxAgeSeconds } = wanted.asynchronous
    await called('UpdateFunctionEventInvokeConfig', () =>
      client.UpdateFunctionEventInvokeConfig({
        FunctionName: wanted.name,
        AsyncTriggerConfig: { RetryConfig: [{ RetryNum: retries }], MsgTTL: maxAgeSeconds },
      }),
    )
  }
  return bringUpTriggers(client, wanted)
}

/** The URL of a function; `undefined` where it has none. */
export async function urlOf(client: Client, name: string): Promise<string | undefined> {
  return urlIn((await triggersOf(client, name)).find(({ Type }) => Type === 'http'))
}

/** Removes a function with its triggers, and answers whether there was one. */
export async function removeFunction(reached: Reached, name: string): Promise<boolean> {
  try {
    await called('DeleteFunction', () => reached.client.DeleteFunction({ FunctionName: name }))
  } catch (error) {
    if (isAbsent(error)) return false
    throw error
  }
  await settled(reached, name, (found) => found === undefined)
  return true
}

/** A creation that failed leaves a function that nothing can be done with. */
function isUseless(found: Found | undefined): boolean {
  return found?.Status === 'CreateFailed'
}

async function create(reached: Reached, wanted: WantedFunction): Promise<void> {
  reached.say(`Creating ${wanted.name}`)
  await called('CreateFunction', () =>
    reached.client.CreateFunction({
      ...configurationOf(wanted),
      Handler: wanted.handler,
      Runtime: wanted.runtime,
      Type: 'Event',
      Code: { ZipFile: base64(wanted.zip) },
      ...(wanted.logTopic === '' && { AutoCreateClsTopic: 'TRUE', AutoDeployClsTopicIndex: 'TRUE' }),
    }),
  )
  await active(reached, wanted.name)
}

async function update(reached: Reached, wanted: WantedFunction, found: Found): Promise<void> {
  reached.say(`Updating ${wanted.name}`)
  await called('UpdateFunctionCode', () =>
    reached.client.UpdateFunctionCode({
      FunctionName: wanted.name,
      Handler: wanted.handler,
      Code: { ZipFile: base64(wanted.zip) },
    }),
  )
  await active(reached, wanted.name)
  await called('UpdateFunctionConfiguration', () =>
    reached.client.UpdateFunctionConfiguration({ ...leftNetwork(found), ...configurationOf(wanted) }),
  )
  await active(reached, wanted.name)
}

/** Empty ids take a function out of its network: as Tencent's own console sends them, in no document that we found. */
function leftNetwork({ VpcConfig }: Found) {
  return (VpcConfig?.VpcId ?? '') === '' ? {} : { VpcConfig: { VpcId: '', SubnetId: '' } }
}

/** A private network alone has no way to the internet, where the polls are. Source: SCF API, PublicNetConfigIn. */
function networkOf({ network }: WantedFunction) {
  if (network === undefined) return {}
  const { vpcId: VpcId, subnetId: SubnetId } = network
  return {
    VpcConfig: { VpcId, SubnetId },
    PublicNetConfig: { PublicNetStatus: 'ENABLE', EipConfig: { EipStatus: 'DISABLE' } },
  }
}

function configurationOf(wanted: WantedFunction) {
  const { name, description, memoryMb, timeoutSeconds, environment, role, logset, logTopic } = wanted
  const set = Object.entries(environment).filter(([, value]) => value !== '')
  return {
    FunctionName: name,
    Description: description,
    MemorySize: memoryMb,
    Timeout: timeoutSeconds,
    Environment: { Variables: set.map(([Key, Value]) => ({ Key, Value })) },
    ...(role !== '' && { Role: role }),
    ...networkOf(wanted),
    ...(logTopic !== '' && { ClsLogsetId: logset, ClsTopicId: logTopic }),
  }
}

async function reserveConcurrency(client: Client, { name, concurrencyMb }: WantedFunction): Promise<void> {
  const FunctionName = name
  if (concurrencyMb !== undefined) {
    await called('PutReservedConcurrencyConfig', () =>
      client.PutReservedConcurrencyConfig({ FunctionName, ReservedConcurrencyMem: concurrencyMb }),
    )
    return
  }
  const { ReservedMem } = await called('GetReservedConcurrencyConfig', () =>
    client.GetReservedConcurrencyConfig({ FunctionName }),
  )
  if (ReservedMem === undefined || ReservedMem === 0) return
  await called('DeleteReservedConcurrencyConfig', () =>
    client.DeleteReservedConcurrencyConfig({ FunctionName }),
  )
}

interface WantedTrigger {
  readonly TriggerName: string
  readonly Type: 'http' | 'timer'
  readonly description: Readonly<Record<string, unknown>>
}

function triggersWanted({ hasUrl, cron }: WantedFunction): readonly WantedTrigger[] {
  const NetConfig = { EnableIntranet: false, EnableExtranet: true }
  return [
    ...(hasUrl
      ? [{ TriggerName: 'url', Type: 'http', description: { AuthType: 'NONE', NetConfig } } as const]
      : []),
    ...(cron === undefined
      ? []
      : [{ TriggerName: 'schedule', Type: 'timer', description: { cron } } as const]),
  ]
}

async function bringUpTriggers(client: Client, wanted: WantedFunction): Promise<string | undefined> {
  const listed = await triggersOf(client, wanted.name)
  let isChanged = false
  for (const trigger of triggersWanted(wanted)) {
    const isKnown = await bringUpTrigger(client, wanted.name, trigger, listed)
    isChanged ||= !isKnown
  }
  if (!wanted.hasUrl) return undefined
  const after = isChanged ? await triggersOf(client, wanted.name) : listed
  return urlIn(after.find(({ Type }) => Type === 'http'))
}

/** Answers whether it was there as it is wanted. A function has one URL: it is changed, and never replaced. */
async function bringUpTrigger(
  client: Client,
  FunctionName: string,
  { TriggerName, Type, description }: WantedTrigger,
  listed: readonly ListedTrigger[],
): Promise<boolean> {
  const there = listed.find((trigger) =>
    Type === 'http' ? trigger.Type === Type : trigger.Type === Type && trigger.TriggerName === TriggerName,
  )
  const TriggerDesc = JSON.stringify(description)
  if (there === undefined) {
    const wanted = { FunctionName, TriggerName, Type, TriggerDesc, Enable: 'OPEN', Qualifier: qualifier }
    await called('CreateTrigger', () => client.CreateTrigger(wanted))
    return false
  }
  if (there.Enable === 1 && holds(descriptionOf(there), description)) return true
  await called('UpdateTrigger', () =>
    client.UpdateTrigger({
      FunctionName,
      TriggerName: there.TriggerName ?? TriggerName,
      Type,
      TriggerDesc,
      Enable: 'OPEN',
      Qualifier: there.Qualifier ?? qualifier,
    }),
  )
  return false
}

/** The alias that stands for the latest version. */
const qualifier = '$DEFAULT'

/** SCF's own limit is 10 of a kind. */
const mostTriggers = 100

async function triggersOf(client: Client, name: string): Promise<readonly ListedTrigger[]> {
  const { Triggers = [] } = await called('ListTriggers', () =>
    client.ListTriggers({ FunctionName: name, Limit: mostTriggers }),
  )
  return Triggers
}

/** JSON, or of a timer the bare cron. */
function descriptionOf({ Type, TriggerDesc = '' }: ListedTrigger): unknown {
  try {
    return JSON.parse(TriggerDesc) as unknown
  } catch {
    return Type === 'timer' ? { cron: TriggerDesc } : {}
  }
}

/** Whether what stands has all that is wanted. */
function holds(stands: unknown, wanted: unknown): boolean {
  if (!isMapping(wanted)) return stands === wanted
  return isMapping(stands) && Object.entries(wanted).every(([name, value]) => holds(stands[name], value))
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function urlIn(trigger: ListedTrigger | undefined): string | undefined {
  if (trigger === undefined) return undefined
  const description = descriptionOf(trigger)
  const net = isMapping(description) ? description.NetConfig : undefined
  const url = isMapping(net) ? net.ExtranetUrl : undefined
  return typeof url === 'string' && url !== '' ? url : undefined
}

/** Ten minutes, at five seconds each. */
const mostLooks = 120

async function active(reached: Reached, name: string): Promise<void> {
  const found = await settled(reached, name, (one) => one !== undefined)
  if (found?.Status === 'Active') return
  const reasons = (found?.StatusReasons ?? []).map(({ ErrorMessage }) => ErrorMessage ?? '')
  const why = [found?.StatusDesc ?? '', ...reasons].filter((reason) => reason !== '').join(' ')
  throw new Error(`${name} is ${found?.Status ?? 'gone'}. ${why} Console → SCF → ${name} says more.`)
}

/** What stands of a function once no change of it is under way. */
async function settled(
  reached: Reached,
  name: string,
  isExpected: (found: Found | undefined) => boolean = () => true,
): Promise<Found | undefined> {
  for (let look = 0; look < mostLooks; look += 1) {
    const found = await functionOf(reached.client, name)
    if (!isUnderWay(found) && isExpected(found)) return found
    await reached.wait()
  }
  throw new Error(`${name} is still being changed. Wait until that is over, and run the same command again.`)
}

function isUnderWay(found: Found | undefined): boolean {
  return (found?.Status ?? '').endsWith('ing')
}

async function functionOf(client: Client, name: string): Promise<Found | undefined> {
  try {
    return await called('GetFunction', () => client.GetFunction({ FunctionName: name, ShowCode: 'FALSE' }))
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** A call that failed: which, and with what code. */
class CallError extends Error {
  override readonly name = 'CallError'
  readonly code: string

  constructor(action: string, error: Error) {
    const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
    const advice = /^(?:AuthFailure|UnauthorizedOperation)/.test(code)
      ? ' Are TENCENTCLOUD_SECRET_ID and TENCENTCLOUD_SECRET_KEY those of an account that may use SCF (QcloudSCFFullAccess)?'
      : ''
    super(
      `${action}: ${error.message}${code === '' ? '' : ` (${code})`}.${advice} The next deploy goes on from here.`,
    )
    this.code = code
  }
}

async function called<T>(action: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call()
  } catch (error) {
    throw error instanceof Error ? new CallError(action, error) : error
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof CallError && error.code === 'ResourceNotFound.Function'
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
