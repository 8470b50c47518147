import type { ServerResponse } from 'node:http'
import { nameOfFault, replyWithFault, type Fault } from '../simulated-api/faults.ts'
import { refusal } from './refusal.ts'
import type { Refusal } from './refusal.ts'
import type { StatisticsReport } from './statistics-report.ts'
import type { StatusRow } from './status-row.ts'

/** What was decided about a call. */
export type Answer =
  | { readonly rows: readonly StatusRow[] }
  | { readonly report: StatisticsReport }
  | { readonly content: Readonly<Record<string, unknown>> }
  | Refusal
  | { readonly fault: Fault }

/** As it is written down in the recorded calls. */
export function nameOf(answer: Answer): string {
  if ('rows' in answer || 'report' in answer || 'content' in answer) return 'ok'
  return 'code' in answer ? answer.code : nameOfFault(answer.fault)
}

/** Writes the answer; the RequestId is made from the call's number, so that a run repeats itself. */
export function reply(response: ServerResponse, answer: Answer, callNumber: number): void {
  const requestId = requestIdOf(callNumber)
  if ('rows' in answer) sendJson(response, { EmailStatusList: answer.rows, RequestId: requestId })
  else if ('report' in answer) sendJson(response, { ...answer.report, RequestId: requestId })
  else if ('content' in answer) sendJson(response, { ...answer.content, RequestId: requestId })
  else if ('code' in answer) sendError(response, answer, requestId)
  else sendFault(response, answer.fault, requestId)
}

function sendFault(response: ServerResponse, fault: Fault, requestId: string): void {
  if (typeof fault === 'object' && 'code' in fault)
    sendError(response, refusal(fault.code, 'A planted fault.'), requestId)
  else replyWithFault(response, fault)
}

function sendError(response: ServerResponse, { code, message }: Refusal, requestId: string): void {
  sendJson(response, { Error: { Code: code, Message: message }, RequestId: requestId })
}

function sendJson(response: ServerResponse, content: Readonly<Record<string, unknown>>): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ Response: content }))
}

/** A UUID by its shape, the same for the same call of a run. */
function requestIdOf(callNumber: number): string {
  return `00000000-0000-4000-8000-${callNumber.toString(16).padStart(12, '0')}`
}
