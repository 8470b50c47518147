import { isCalendarDate, requestDateOf } from './mail.ts'
import { refusal } from './refusal.ts'
import type { Refusal } from './refusal.ts'

/** What one GetSendEmailStatus asks for, read and found right. */
export interface StatusQuery {
  readonly requestDate: string
  readonly offset: number
  readonly limit: number
  readonly messageId: string | undefined
  readonly toEmailAddress: string | undefined
}

const knownParameters = new Set(['RequestDate', 'Offset', 'Limit', 'MessageId', 'ToEmailAddress'])
const maxLimit = 100
// The text says 30 days and the message of NotSupportDate says 90: the narrower is the safe one to build against.
const windowDays = 30
const dayMs = 86_400_000

/** The parameters as a query, or the refusal that Tencent would give. Dates are judged in UTC+8. */
export function readStatusQuery(
  parameters: ReadonlyMap<string, unknown>,
  nowMs: number,
): StatusQuery | Refusal {
  for (const name of parameters.keys()) {
    if (!knownParameters.has(name)) return refusal('UnknownParameter', `${name} is not recognized`)
  }
  const offset = parameters.get('Offset')
  const limit = parameters.get('Limit')
  const messageId = parameters.get('MessageId')
  const toEmailAddress = parameters.get('ToEmailAddress')
  if (!isCount(offset)) return refusal('InvalidParameter', 'Offset must be an integer from 0 up')
  if (!isCount(limit)) return refusal('InvalidParameter', 'Limit must be an integer from 0 up')
  if (!isOptionalText(messageId)) return refusal('InvalidParameter', 'MessageId must be a string')
  if (!isOptionalText(toEmailAddress)) return refusal('InvalidParameter', 'ToEmailAddress must be a string')
  if (limit > maxLimit) return refusal('FailedOperation.InvalidLimit', 'Reached the query limit (100).')
  const requestDate = readRequestDate(parameters.get('RequestDate'), nowMs)
  if (typeof requestDate !== 'string') return requestDate
  return { requestDate, offset, limit, messageId, toEmailAddress }
}

function readRequestDate(value: unknown, nowMs: number): string | Refusal {
  if (typeof value !== 'string' || !isCalendarDate(value)) {
    return refusal('InvalidParameterValue.WrongDate', 'RequestDate must be a date, YYYY-MM-DD')
  }
  const ageDays = (Date.parse(requestDateOf(nowMs)) - Date.parse(value)) / dayMs
  if (ageDays <= windowDays) return value
  return refusal('FailedOperation.NotSupportDate', 'You cannot query email records for this date.')
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0
}

function isOptionalText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string'
}
