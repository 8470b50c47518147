import { listIn, readApiUsers, readDates, readEmail, readPart, type Part } from './list-query.ts'
import type { Refusal } from './refusal.ts'

/** What one data/emailStatus asks for, read and found right. Filters that are absent let everything through. */
export interface StatusQuery extends Part {
  readonly dates: readonly string[]
  readonly apiUsers: readonly string[]
  readonly email: string | undefined
  readonly emailIds: readonly string[] | undefined
  /** 1 delivered, 4 invalid, 5 soft bounce, 18 requested. */
  readonly status: string | undefined
  readonly subStatuses: readonly string[] | undefined
}

/** The parameters as a query, or the refusal that SendCloud would give. */
export function readStatusQuery(
  parameters: ReadonlyMap<string, string>,
  limits: { readonly mostDays: number; readonly nowMs: number },
): StatusQuery | Refusal {
  const part = readPart(parameters)
  if ('statusCode' in part) return part
  const dates = readDates(parameters, limits)
  if ('statusCode' in dates) return dates
  const email = readEmail(parameters)
  if (typeof email === 'object') return email
  const apiUsers = readApiUsers(parameters)
  if ('statusCode' in apiUsers) return apiUsers
  return {
    ...part,
    dates,
    apiUsers,
    email,
    emailIds: listIn(parameters, 'emailIds'),
    status: parameters.get('status'),
    subStatuses: listIn(parameters, 'subStatus'),
  }
}
