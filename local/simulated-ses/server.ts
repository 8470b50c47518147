import type { Clock } from '../../lib/runtime/ports.ts'
import { close, listen, localHost } from '../listening-server.ts'
import { plannedFaults } from '../simulated-api/faults.ts'
import type { Faults } from '../simulated-api/faults.ts'
import { paceOf } from '../simulated-api/pace.ts'
import { recordingServer } from '../simulated-api/recording-server.ts'
import { BlockLists, isListAction } from './block-lists.ts'
import type { SimulatedDelivery } from './mail.ts'
import { mailboxWith } from './mailbox.ts'
import type { Mailbox, MailboxOptions } from './mailbox.ts'
import { callOf, headerOf, receive } from './received-request.ts'
import type { IncomingCall, ReceivedRequest } from './received-request.ts'
import { nameOf, reply } from './reply.ts'
import type { Answer } from './reply.ts'
import { refusal } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import { readReportQuery, statisticsReport } from './statistics-report.ts'
import { readStatusQuery } from './status-query.ts'
import { verifyTc3Signature } from './tc3-signature.ts'

export interface SimulatedSesOptions extends MailboxOptions {
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number
  /** The simulation's time: what has happened, what is in reach, how fast calls come. */
  readonly clock: Clock
  readonly secretId: string
  readonly secretKey: string
  /** The token of a temporary credential; without it a call must carry none. */
  readonly token?: string
  /** Default: the two regions of the China site and the one of the international site. */
  readonly regions?: readonly string[]
  /** Calls let through in any one second of `clock`; default: no limit. */
  readonly requestsPerSecond?: number
  /** The time by which a signature's age is judged; default the machine's, by which the SDK signs. */
  readonly checkSkewAgainst?: () => number
}

interface RecordedCall extends IncomingCall {
  /** `ok`, an error code, or the planted fault: `HTTP 503`, `hang-up`, `not-json`. */
  readonly answer: string
}

export interface SimulatedSes extends Pick<Faults<IncomingCall>, 'failNext' | 'failWhen'> {
  /** `http://127.0.0.1:<port>`; without the scheme it is the SDK's `endpoint`. */
  readonly url: string
  /** Adds mail; a row is listed once the clock has reached its sentAtMs (and lagMs has gone by). */
  send(...deliveries: readonly SimulatedDelivery[]): void
  /** Puts an address on the account's own blocklist, until a date (YYYY-MM-DD) or for good. */
  block(address: string, expireDate?: string): void
  readonly deliveries: readonly SimulatedDelivery[]
  readonly calls: readonly RecordedCall[]
  /** Cuts open connections and resolves when the port is free. */
  close(): Promise<void>
}

const apiVersion = '2020-10-02'
const statusAction = 'GetSendEmailStatus'
const reportAction = 'GetStatisticsReport'
const defaultRegions = ['ap-guangzhou', 'ap-hongkong', 'ap-singapore']

/**
 * Starts a Tencent SES that answers GetSendEmailStatus, GetStatisticsReport and the calls of its blocklists over HTTP as the
 * real one is known to: signatures, regions, pace, paging without a total, the 30 days' window. Nothing of it leaves the machine.
 */
export async function startSimulatedSes(options: SimulatedSesOptions): Promise<SimulatedSes> {
  const faults = plannedFaults<IncomingCall>()
  // Each region lists its own mail.
  const mailboxes = new Map(
    (options.regions ?? defaultRegions).map((region) => [region, mailboxWith(options)]),
  )
  const deliveries: SimulatedDelivery[] = []
  const blockLists = new BlockLists(deliveries)
  const hasRoom = paceOf(options.requestsPerSecond, 1_000)

  const answerTo = (request: ReceivedRequest, call: IncomingCall): Answer => {
    if (!hasRoom(call.atMs))
      return refusal('RequestLimitExceeded', 'The number of requests exceeds the limit.')
    const fault = faults.takeFor(call)
    if (fault) return { fault }
    const refused = gatewayRefusal(request, options)
    if (refused) return refused
    const parameters = request.parameters ?? new Map<string, unknown>()
    if (isListAction(call.action)) return blockLists.answerTo(call.action, parameters, call.atMs)
    const mailbox = mailboxes.get(headerOf(request, 'x-tc-region'))
    if (!mailbox) throw new TypeError('The gateway refuses any other region.')
    const answer = call.action === reportAction ? reported : listed
    return answer(mailbox, parameters, call.atMs)
  }
  const listed = (mailbox: Mailbox, parameters: ReadonlyMap<string, unknown>, nowMs: number): Answer => {
    const query = readStatusQuery(parameters, nowMs)
    return 'code' in query ? query : { rows: mailbox.rows(query, nowMs) }
  }
  const reported = (mailbox: Mailbox, parameters: ReadonlyMap<string, unknown>, nowMs: number): Answer => {
    const query = readReportQuery(parameters)
    return 'code' in query ? query : { report: statisticsReport(mailbox.deliveries, query, nowMs) }
  }

  const { server, calls } = recordingServer({
    now: options.clock.now,
    receive,
    callOf,
    answerTo,
    nameOf,
    reply,
  })
  const port = await listen(server, options.port, 'the simulated SES (SES_PORT)')
  return {
    url: `http://${localHost}:${port}`,
    send: (...sent) => {
      deliveries.push(...sent)
      for (const delivery of sent) {
        for (const [region, mailbox] of mailboxes) {
          if ((delivery.region ?? region) === region) mailbox.add(delivery)
        }
      }
    },
    block: (address, expireDate) => {
      blockLists.block(address, expireDate, options.clock.now())
    },
    deliveries,
    calls,
    failNext: (count, fault) => {
      faults.failNext(count, fault)
    },
    failWhen: (predicate, fault) => faults.failWhen(predicate, fault),
    close: () => close(server),
  }
}

/** What is refused before a parameter is looked at. */
function gatewayRefusal(request: ReceivedRequest, options: SimulatedSesOptions): Refusal | undefined {
  const { secretId, secretKey, token, regions = defaultRegions, checkSkewAgainst = Date.now } = options
  const verdict = verifyTc3Signature(request, { secretId, secretKey, token, nowMs: checkSkewAgainst() })
  if (verdict !== 'ok') return refusal(verdict, 'The request is not signed as it should be.')
  const region = headerOf(request, 'x-tc-region')
  const action = headerOf(request, 'x-tc-action')
  if (request.method !== 'POST') return refusal('UnsupportedProtocol', 'The simulation answers POST only.')
  if (headerOf(request, 'x-tc-version') !== apiVersion) {
    return refusal('NoSuchVersion', `The simulation knows version ${apiVersion}.`)
  }
  if (action !== statusAction && action !== reportAction && !isListAction(action)) {
    return refusal('InvalidAction', `The simulation knows no ${action}.`)
  }
  if (!regions.includes(region)) return refusal('UnsupportedRegion', `Region ${region} is not supported.`)
  if (!request.parameters) return refusal('InvalidParameter', 'The body is not a JSON object.')
  return undefined
}
