import type { ServerResponse } from 'node:http'
import { minuteMs } from '../../lib/core/instant.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import { close, listen, localHost } from '../listening-server.ts'
import { nameOfFault, plannedFaults, replyWithFault } from '../simulated-api/faults.ts'
import type { Fault, Faults } from '../simulated-api/faults.ts'
import { paceOf } from '../simulated-api/pace.ts'
import { recordingServer } from '../simulated-api/recording-server.ts'
import { AnswerCache, cacheKeyOf } from './answer-cache.ts'
import { receive, type ApiRequest } from './api-request.ts'
import type { SendCloudMessage } from './mail.ts'
import { refusal, type Refusal } from './refusal.ts'
import { trackedRows } from './open-and-click.ts'
import { isListAction, OwnLists } from './own-lists.ts'
import { SentMail, type ListPart, type SentMailOptions } from './sent-mail.ts'
import { readStatusQuery } from './status-query.ts'

export interface SimulatedSendCloudOptions extends SentMailOptions {
  /** On 127.0.0.1; 0 takes a free one. */
  readonly port: number
  /** The simulation's time: what has happened, how old an answer is, how fast calls come. */
  readonly clock: Pick<Clock, 'now'>
  /** Who may sign in, all with the same key. */
  readonly apiUsers: readonly string[]
  readonly apiKey: string
  /** How many dates one call may name: 3 (default) by newer documents, 30 by older ones. */
  readonly mostDays?: 3 | 30
  /** Calls let through in any one minute of `clock`; default 3,000. */
  readonly callsPerMinute?: number
  /** How long the same parameters get the same answer; default ten minutes. */
  readonly cacheMs?: number
  /** Where the rows are: `voList` (default) by the documents, `list` by one report from the field. */
  readonly rowsIn?: 'voList' | 'list'
}

/** One call as it came in, before an answer was chosen; without its credentials. */
interface IncomingCall {
  readonly atMs: number
  readonly method: string
  /** Module and action: `data/emailStatus`. */
  readonly action: string
  readonly parameters: Readonly<Record<string, string>>
}

interface RecordedCall extends IncomingCall {
  /** `ok`, `cached`, a code (`40005`), or the planted fault: `HTTP 503`, `hang-up`, `not-json`. */
  readonly answer: string
}

export interface SimulatedSendCloud extends Pick<Faults<IncomingCall>, 'failNext' | 'failWhen'> {
  /** What a poll's endpoint is set to: `http://127.0.0.1:<port>/apiv2`. */
  readonly url: string
  /** Adds mail; its rows are listed once the clock has reached its sentAtMs (and lagMs has gone by). */
  send(...messages: readonly SendCloudMessage[]): void
  readonly messages: readonly SendCloudMessage[]
  readonly calls: readonly RecordedCall[]
  /** Cuts open connections and resolves when the port is free. */
  close(): Promise<void>
}

/** What was decided about a call. */
type Answer = { readonly body: string; readonly isCached: boolean } | Refusal | { readonly fault: Fault }

const statusAction = 'data/emailStatus'
const trackAction = 'openandclick/list'
const success = { statusCode: 200, message: '请求成功' }

/**
 * Starts a SendCloud that answers data/emailStatus, openandclick/list and the calls of its own lists over HTTP as its documents
 * say: credentials in the form, dates that must be given, answers that are repeated for ten minutes, calls that come too fast. Nothing of it leaves the machine.
 * Source: "投递回应" (deliver_response), read 2026-11-21.
 */
export async function startSimulatedSendCloud(
  options: SimulatedSendCloudOptions,
): Promise<SimulatedSendCloud> {
  const { clock, callsPerMinute = 3_000, cacheMs = 10 * minuteMs } = options
  const faults = plannedFaults<IncomingCall>()
  const mail = new SentMail(options)
  const ownLists = new OwnLists(mail.messages)
  const cache = new AnswerCache(cacheMs)
  const hasRoom = paceOf(callsPerMinute, minuteMs)

  const answerTo = (request: ApiRequest, call: IncomingCall): Answer => {
    if (!hasRoom(call.atMs)) return refusal(50000)
    const fault = faults.takeFor(call)
    if (fault) return { fault }
    const isOfLists = isListAction(request.action)
    if (request.action !== statusAction && request.action !== trackAction && !isOfLists)
      return { fault: { httpStatus: 404 } }
    if (!isSignedIn(request, options)) return refusal(40005)
    if (isOfLists) {
      const info = ownLists.answerTo(request.action, request.parameters, call.atMs)
      return 'statusCode' in info ? info : { body: answerBody(success, info), isCached: false }
    }
    const key = cacheKeyOf(request.action, request.parameters)
    const known = cache.find(key, call.atMs)
    if (known !== undefined) return { body: known, isCached: true }
    const listed =
      request.action === statusAction ? statusList(request, call.atMs) : trackList(request, call.atMs)
    if ('statusCode' in listed) return listed
    const body = answerBody(success, listed.info)
    cache.keep(key, body, call.atMs)
    return { body, isCached: false }
  }
  const statusList = ({ parameters }: ApiRequest, nowMs: number): { info: object } | Refusal => {
    const query = readStatusQuery(parameters, { mostDays: options.mostDays ?? 3, nowMs })
    if ('statusCode' in query) return query
    return infoOf(mail.rows(query, nowMs))
  }
  const trackList = ({ parameters }: ApiRequest, nowMs: number): { info: object } | Refusal => {
    const listed = trackedRows(mail.messages, parameters, { mostDays: options.mostDays ?? 3, nowMs })
    return 'statusCode' in listed ? listed : infoOf(listed)
  }
  const infoOf = ({ total, rows }: ListPart<unknown>): { info: object } => ({
    info: { total: String(total), voListSize: rows.length, [options.rowsIn ?? 'voList']: rows },
  })

  const { server, calls } = recordingServer({ now: clock.now, receive, callOf, answerTo, nameOf, reply })
  const port = await listen(server, options.port, 'the simulated SendCloud (SENDCLOUD_PORT)')
  return {
    url: `http://${localHost}:${port}/apiv2`,
    send: (...messages) => {
      for (const message of messages) mail.add(message)
    },
    messages: mail.messages,
    calls,
    failNext: (count, fault) => {
      faults.failNext(count, fault)
    },
    failWhen: (predicate, fault) => faults.failWhen(predicate, fault),
    close: () => close(server),
  }
}

function isSignedIn({ parameters }: ApiRequest, { apiUsers, apiKey }: SimulatedSendCloudOptions): boolean {
  return apiUsers.includes(parameters.get('apiUser') ?? '') && parameters.get('apiKey') === apiKey
}

function callOf({ method, action, parameters }: ApiRequest, atMs: number): IncomingCall {
  const shown = [...parameters].filter(([name]) => name !== 'apiUser' && name !== 'apiKey')
  return { atMs, method, action, parameters: Object.fromEntries(shown) }
}

function nameOf(answer: Answer): string {
  if ('body' in answer) return answer.isCached ? 'cached' : 'ok'
  return 'fault' in answer ? nameOfFault(answer.fault) : String(answer.statusCode)
}

function reply(response: ServerResponse, answer: Answer): void {
  if ('body' in answer) sendJson(response, answer.body)
  else if ('statusCode' in answer) sendJson(response, answerBody(answer, {}))
  else if (typeof answer.fault === 'object' && 'code' in answer.fault) {
    const planted = { statusCode: Number(answer.fault.code), message: 'A planted fault.' }
    sendJson(response, answerBody(planted, {}))
  } else replyWithFault(response, answer.fault)
}

function answerBody({ statusCode, message }: Refusal, info: object): string {
  return JSON.stringify({ result: statusCode === 200, statusCode, message, info })
}

function sendJson(response: ServerResponse, body: string): void {
  response.writeHead(200, { 'content-type': 'application/json;charset=UTF-8' }).end(body)
}
