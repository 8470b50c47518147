import { unzipSync } from 'fflate'
import { close, listen, localHost } from '../../local/listening-server.ts'
import { plannedFaults, nameOfFault, replyWithFault, type Fault } from '../../local/simulated-api/faults.ts'
import { recordingServer } from '../../local/simulated-api/recording-server.ts'
import { headerOf, receive, type ReceivedRequest } from '../../local/simulated-ses/received-request.ts'
import { verifyTc3Signature } from '../../local/simulated-ses/tc3-signature.ts'

// Tencent SCF's API as its documents have it (product 583, version 2018-04-16) and its SDK 4.1.151, read 2026-11-27 and -28.
// It was never compared with the service itself.

type Parameters = Readonly<Record<string, unknown>>

interface SimulatedFunction {
  readonly parameters: Parameters
  readonly zip: Uint8Array
  readonly environment: Readonly<Record<string, string>>
  readonly status: string
  readonly reservedMb: number
  readonly asynchronous: unknown
  readonly triggers: readonly SimulatedTrigger[]
}

interface SimulatedTrigger {
  readonly TriggerName: string
  readonly Type: string
  readonly TriggerDesc: string
  readonly Enable: number
  readonly Qualifier: string
}

interface Call {
  readonly atMs: number
  readonly number: number
  readonly action: string
  readonly name: string
}

type Answer =
  | { readonly result: Parameters }
  | { readonly code: string; readonly message: string }
  | { readonly fault: Exclude<Fault, { code: string }> }

class Refusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export interface SimulatedScf {
  readonly url: string
  readonly functions: ReadonlyMap<string, SimulatedFunction>
  readonly calls: readonly (Call & { readonly answer: string })[]
  /** Faults of calls before anything is done. */
  readonly failWhen: ReturnType<typeof plannedFaults<Call>>['failWhen']
  /** Calls that are done, and whose answer is lost. */
  loseAnswers(of: ((call: Call) => boolean) | undefined): void
  /** Creations fail, after they were accepted. */
  failCreations(doFail: boolean): void
  /** Somebody changes a trigger in the console. */
  changeTrigger(name: string, Type: string, change: Partial<SimulatedTrigger>): void
  close(): Promise<void>
}

/** Looks at a function until a change of it is over. */
const looksOfChange = 1
const reservedNames = /^(?:SCF_|QCLOUD_|TENCENTCLOUD_)/
const knownRuntimes = ['Nodejs18.15', 'Nodejs20.19']

export async function startSimulatedScf(credentials: {
  readonly secretId: string
  readonly secretKey: string
}): Promise<SimulatedScf> {
  const functions = new Map<string, SimulatedFunction>()
  const looksLeft = new Map<string, number>()
  const faults = plannedFaults<Call>()
  let isLost: ((call: Call) => boolean) | undefined
  let doCreationsFail = false
  let number = 0
  let urls = 0

  const the = (name: string): SimulatedFunction => {
    const found = functions.get(name)
    if (!found) throw new Refusal('ResourceNotFound.Function', `Function [${name}] not found.`)
    return found
  }
  const change = (name: string, to: Partial<SimulatedFunction>) =>
    functions.set(name, { ...the(name), ...to })
  const beginChange = (name: string, status: string, to: Partial<SimulatedFunction>) => {
    const found = the(name)
    if (found.status !== 'Active') {
      throw new Refusal('FailedOperation.FunctionStatusError', `Function [${name}] is ${found.status}.`)
    }
    change(name, { ...to, status })
    looksLeft.set(name, looksOfChange)
  }
  const look = (name: string) => {
    const found = the(name)
    const left = looksLeft.get(name) ?? 0
    looksLeft.set(name, left - 1)
    if (left > 0) return found
    if (found.status === 'Deleting') {
      functions.delete(name)
      return the(name)
    }
    if (found.status.endsWith('ing')) {
      change(name, { status: doCreationsFail && found.status === 'Creating' ? 'CreateFailed' : 'Active' })
    }
    return the(name)
  }

  const actions: Readonly<Record<string, (name: string, of: Parameters) => Parameters>> = {
    GetFunction(name) {
      const { parameters, status, environment, triggers } = look(name)
      const Variables = Object.entries(environment).map(([Key, Value]) => ({ Key, Value }))
      const shown = Object.entries(parameters).filter(([field]) => field !== 'Code')
      return {
        ...Object.fromEntries(shown),
        Status: status,
        StatusDesc: '',
        Environment: { Variables },
        Triggers: triggers,
      }
    },
    CreateFunction(name, of) {
      if (functions.has(name)) throw new Refusal('ResourceInUse.FunctionName', `[${name}] is in use.`)
      if (!/^[A-Za-z][\w-]{0,58}[A-Za-z0-9]$/.test(name)) {
        throw new Refusal('InvalidParameterValue.FunctionName', 'A name has 2 to 60 characters.')
      }
      if (!knownRuntimes.includes(String(of.Runtime))) {
        throw new Refusal('InvalidParameterValue.Runtime', `Runtime ${String(of.Runtime)} is not supported.`)
      }
      requireConfiguration(of)
      functions.set(name, {
        parameters: of,
        zip: zipIn(of),
        environment: environmentIn(of),
        status: 'Creating',
        reservedMb: 0,
        asynchronous: undefined,
        triggers: [],
      })
      looksLeft.set(name, looksOfChange)
      return {}
    },
    UpdateFunctionCode(name, of) {
      const parameters = { ...the(name).parameters, Handler: of.Handler }
      beginChange(name, 'Updating', { zip: zipIn({ ...parameters, Code: of.Code }), parameters })
      return {}
    },
    UpdateFunctionConfiguration(name, of) {
      if ('Runtime' in of && of.Runtime !== the(name).parameters.Runtime) {
        throw new Refusal('UnsupportedOperation.Runtime', 'A runtime cannot be changed.')
      }
      requireConfiguration(of)
      const parameters = { ...the(name).parameters, ...of }
      if (vpcIn(of) === '') delete parameters.VpcConfig
      beginChange(name, 'Updating', { parameters, environment: environmentIn(of) })
      return {}
    },
    DeleteFunction(name) {
      the(name)
      change(name, { status: 'Deleting' })
      looksLeft.set(name, looksOfChange)
      return {}
    },
    PutReservedConcurrencyConfig(name, of) {
      the(name)
      if (typeof of.ReservedConcurrencyMem !== 'number' || of.ReservedConcurrencyMem > 128_000 - 12_800) {
        throw new Refusal('LimitExceeded.FunctionReservedConcurrencyMemory', 'That is more than there is.')
      }
      change(name, { reservedMb: of.ReservedConcurrencyMem })
      return {}
    },
    GetReservedConcurrencyConfig: (name) => ({ ReservedMem: the(name).reservedMb }),
    DeleteReservedConcurrencyConfig(name) {
      change(name, { reservedMb: 0 })
      return {}
    },
    UpdateFunctionEventInvokeConfig(name, of) {
      change(name, { asynchronous: of.AsyncTriggerConfig })
      return {}
    },
    ListTriggers: (name) => ({ Triggers: the(name).triggers, TotalCount: the(name).triggers.length }),
    CreateTrigger(name, of) {
      const { triggers } = the(name)
      const isThere = triggers.some(
        (one) => one.TriggerName === of.TriggerName || (of.Type === 'http' && one.Type === 'http'),
      )
      if (isThere) throw new Refusal('ResourceInUse.Trigger', 'The trigger exists already.')
      urls += 1
      change(name, {
        triggers: [...triggers, triggerOf(of, `https://1250000000-url${urls}.ap-guangzhou.tencentscf.com`)],
      })
      return {}
    },
    UpdateTrigger(name, of) {
      const { triggers } = the(name)
      const there = triggers.find((one) => one.TriggerName === of.TriggerName && one.Type === of.Type)
      if (!there) throw new Refusal('ResourceNotFound.Trigger', 'There is no such trigger.')
      const url = of.Type === 'http' ? urlIn(there) : ''
      change(name, { triggers: triggers.map((one) => (one === there ? triggerOf(of, url) : one)) })
      return {}
    },
  }

  const answerTo = (request: ReceivedRequest, call: Call): Answer => {
    const fault = faults.takeFor(call)
    if (fault) return plannedAnswer(fault)
    const refused = gatewayRefusal(request, credentials)
    if (refused) return refused
    const action = actions[call.action]
    if (!action) return { code: 'InvalidAction', message: `The simulation knows no ${call.action}.` }
    try {
      const result = action(call.name, Object.fromEntries(request.parameters ?? []))
      return isLost?.(call) ? { fault: 'hang-up' } : { result }
    } catch (error) {
      if (!(error instanceof Refusal)) throw error
      if (isLost?.(call)) return { fault: 'hang-up' }
      return { code: error.code, message: error.message }
    }
  }
  const { server, calls } = recordingServer<ReceivedRequest, Call, Answer>({
    now: Date.now,
    receive,
    callOf(request, atMs) {
      number += 1
      const name = request.parameters?.get('FunctionName')
      return {
        atMs,
        number,
        action: headerOf(request, 'x-tc-action'),
        name: typeof name === 'string' ? name : '',
      }
    },
    answerTo,
    nameOf: (answer) =>
      'fault' in answer ? nameOfFault(answer.fault) : 'code' in answer ? answer.code : 'ok',
    reply(response, answer, callNumber) {
      if ('fault' in answer) {
        replyWithFault(response, answer.fault)
        return
      }
      const of = 'code' in answer ? { Error: { Code: answer.code, Message: answer.message } } : answer.result
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ Response: { ...of, RequestId: `request-${callNumber}` } }))
    },
  })
  const port = await listen(server, 0, 'the simulated SCF')
  return {
    url: `http://${localHost}:${port}`,
    functions,
    calls,
    failWhen: (predicate, fault) => faults.failWhen(predicate, fault),
    loseAnswers(of) {
      isLost = of
    },
    failCreations(doFail) {
      doCreationsFail = doFail
    },
    changeTrigger(name, Type, to) {
      change(name, {
        triggers: the(name).triggers.map((one) => (one.Type === Type ? { ...one, ...to } : one)),
      })
    },
    close: () => close(server),
  }
}

function plannedAnswer(fault: Fault): Answer {
  const isCode = typeof fault === 'object' && 'code' in fault
  return isCode ? { code: fault.code, message: 'This was planned.' } : { fault }
}

function gatewayRefusal(
  request: ReceivedRequest,
  credentials: { readonly secretId: string; readonly secretKey: string },
): Answer | undefined {
  const verdict = verifyTc3Signature(request, { ...credentials, nowMs: Date.now() })
  if (verdict !== 'ok') return { code: verdict, message: 'The request is not signed as it should be.' }
  if (headerOf(request, 'x-tc-version') !== '2018-04-16') return { code: 'NoSuchVersion', message: '' }
  if (headerOf(request, 'x-tc-region') !== 'ap-guangzhou') return { code: 'UnsupportedRegion', message: '' }
  return undefined
}

function vpcIn({ VpcConfig }: Parameters): string | undefined {
  return (VpcConfig as { readonly VpcId?: string } | undefined)?.VpcId
}

/** Source: CreateFunction, VpcConfig and PublicNetConfig. A network is left by empty ids, as Tencent's console does. */
function requireNetwork({ VpcConfig, PublicNetConfig }: Parameters): void {
  const { VpcId = '', SubnetId = '' } = (VpcConfig ?? {}) as { VpcId?: string; SubnetId?: string }
  if ((VpcId === '') !== (SubnetId === '')) {
    throw new Refusal('InvalidParameterValue.VpcConfig', 'A network needs a subnet.')
  }
  const { PublicNetStatus = 'ENABLE' } = (PublicNetConfig ?? {}) as { PublicNetStatus?: string }
  if (!['ENABLE', 'DISABLE'].includes(PublicNetStatus)) {
    throw new Refusal('InvalidParameterValue.PublicNetConfig', 'ENABLE or DISABLE.')
  }
}

function requireConfiguration(of: Parameters): void {
  const { MemorySize, Timeout, Description = '' } = of
  requireNetwork(of)
  const memory = Number(MemorySize)
  if (memory !== 64 && (memory % 128 !== 0 || memory < 128 || memory > 3_072)) {
    throw new Refusal('InvalidParameterValue.Memory', 'Memory is 64, or 128 to 3072 MB in steps of 128.')
  }
  if (Number(Timeout) < 1 || Number(Timeout) > 900) {
    throw new Refusal('InvalidParameterValue.Timeout', 'A timeout is 1 to 900 seconds.')
  }
  if (!/^[\w ,.\n]{0,1000}$/.test(String(Description))) {
    throw new Refusal('InvalidParameterValue.Description', 'Letters, digits, spaces, commas and dots.')
  }
}

/** `{Variables: [{Key, Value}]}`; 4 KB in all, no empty value, no reserved name. */
function environmentIn({ Environment }: Parameters): Readonly<Record<string, string>> {
  const { Variables = [] } = (Environment ?? {}) as { Variables?: readonly { Key: string; Value: string }[] }
  for (const { Key, Value } of Variables) {
    if (reservedNames.test(Key) || Value === '') {
      throw new Refusal('InvalidParameterValue.EnvironmentVariables', `${Key} is reserved, or empty.`)
    }
  }
  const bytes = Variables.reduce((sum, { Key, Value }) => sum + Buffer.byteLength(Key + Value), 0)
  if (bytes > 4_096) throw new Refusal('LimitExceeded.EnvironmentVariables', 'An environment has 4 KB.')
  return Object.fromEntries(Variables.map(({ Key, Value }) => [Key, Value]))
}

/** The handler's file must be at the root. */
function zipIn({ Code, Handler }: Parameters): Uint8Array {
  const { ZipFile = '' } = (Code ?? {}) as { ZipFile?: string }
  const zip = Buffer.from(ZipFile, 'base64')
  const [file = ''] = String(Handler).split('.')
  const names = Object.keys(unzipSync(zip))
  if (!names.includes(`${file}.js`)) throw new Refusal('InvalidParameterValue.Handler', `No ${file}.js.`)
  return zip
}

function triggerOf(of: Parameters, url: string): SimulatedTrigger {
  const description = JSON.parse(String(of.TriggerDesc)) as Parameters
  const isUrl = of.Type === 'http'
  if (!isUrl && !/^(?:\S+ ){6}\S+$/.test(String(description.cron))) {
    throw new Refusal('InvalidParameterValue.Cron', 'A cron has seven fields.')
  }
  const NetConfig = { ...(description.NetConfig as object), IntranetUrl: '', ExtranetUrl: url }
  return {
    TriggerName: String(of.TriggerName),
    Type: String(of.Type),
    TriggerDesc: JSON.stringify(isUrl ? { ...description, NetConfig } : description),
    Enable: of.Enable === 'OPEN' ? 1 : 0,
    Qualifier: String(of.Qualifier),
  }
}

function urlIn({ TriggerDesc }: SimulatedTrigger): string {
  return (JSON.parse(TriggerDesc) as { NetConfig: { ExtranetUrl: string } }).NetConfig.ExtranetUrl
}
