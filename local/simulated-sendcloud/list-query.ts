import { addDays, requestDateOf } from '../../lib/core/instant.ts'
import { datesFrom } from '../../lib/core/sweep-plan.ts'
import { isCalendarDate } from '../simulated-ses/mail.ts'
import { refusal, type Refusal } from './refusal.ts'

type Parameters = ReadonlyMap<string, string>

/** Which part of a list is asked for. */
interface Part {
  readonly start: number
  readonly limit: number
}

/** What the parameters of every list ask for. */
export interface ListQuery extends Part {
  readonly dates: readonly string[]
  readonly apiUsers: readonly string[]
  /** The one address whose rows are asked for; `undefined` where all are. */
  readonly email: string | undefined
}

/** How far a query may reach, and when it is made. */
export interface QueryLimits {
  readonly mostDays: number
  readonly nowMs: number
}

/** What is asked for, read and found right, or the refusal that SendCloud would give. */
export function readListQuery(parameters: Parameters, limits: QueryLimits): ListQuery | Refusal {
  const part = readPart(parameters)
  if ('statusCode' in part) return part
  const dates = readDates(parameters, limits)
  if ('statusCode' in dates) return dates
  const email = readEmail(parameters)
  if (typeof email === 'object') return email
  const apiUsers = readApiUsers(parameters)
  if ('statusCode' in apiUsers) return apiUsers
  return { ...part, dates, apiUsers, email }
}

const mostRows = 100

/** `start` and `limit`, 0 and 100 where they are absent. */
function readPart(parameters: Parameters): Part | Refusal {
  const start = parameters.get('start') ?? '0'
  const limit = parameters.get('limit') ?? String(mostRows)
  if (start === '') return refusal(40001)
  if (!isCount(start)) return refusal(40002)
  if (limit === '') return refusal(40003)
  if (!isCount(limit) || Number(limit) > mostRows) return refusal(40004)
  return { start: Number(start), limit: Number(limit) }
}

/** The dates asked for, by `days` (1 is today) or else from `startDate` to `endDate`, both included. Dates are those of UTC+8. */
function readDates(parameters: Parameters, { mostDays, nowMs }: QueryLimits): readonly string[] | Refusal {
  const days = parameters.get('days')
  if (days !== undefined) {
    if (!isCount(days) || Number(days) < 1 || Number(days) > mostDays) return refusal(40006)
    const today = requestDateOf(nowMs)
    return datesFrom(addDays(today, 1 - Number(days)), today)
  }
  const [from = '', to = ''] = [parameters.get('startDate'), parameters.get('endDate')]
  if (!isCalendarDate(from)) return refusal(40007)
  if (!isCalendarDate(to)) return refusal(40008)
  // Which code a range has that is too long is not documented.
  return from <= to && to < addDays(from, mostDays) ? datesFrom(from, to) : refusal(40008)
}

function readEmail(parameters: Parameters): string | undefined | Refusal {
  const email = parameters.get('email')
  if (email === '') return refusal(40011)
  return email === undefined || /^[^\s@]+@[^\s@]+$/.test(email) ? email : refusal(40012)
}

/** Of which users mails are asked for: of the one that asks, unless others are named. */
function readApiUsers(parameters: Parameters): readonly string[] | Refusal {
  const list = parameters.get('apiUserList')
  if (list === undefined) return listIn(parameters, 'apiUser') ?? []
  if (list === '') return refusal(40010)
  return /^[\w.-]+(?:;[\w.-]+)*$/.test(list) ? list.split(';') : refusal(40016)
}

/** A list whose elements are set apart by semicolons; `undefined` where none is given. */
export function listIn(parameters: Parameters, name: string): readonly string[] | undefined {
  const text = parameters.get(name) ?? ''
  return text === '' ? undefined : text.split(';')
}

function isCount(text: string): boolean {
  return /^\d{1,9}$/.test(text)
}
