import { listIn, readListQuery, type ListQuery, type QueryLimits } from './list-query.ts'
import type { Refusal } from './refusal.ts'

/** What one data/emailStatus asks for, read and found right. Filters that are absent let everything through. */
export interface StatusQuery extends ListQuery {
  readonly emailIds: readonly string[] | undefined
  /** 1 delivered, 4 invalid, 5 soft bounce, 18 requested. */
  readonly status: string | undefined
  readonly subStatuses: readonly string[] | undefined
}

/** The parameters as a query, or the refusal that SendCloud would give. */
export function readStatusQuery(
  parameters: ReadonlyMap<string, string>,
  limits: QueryLimits,
): StatusQuery | Refusal {
  const query = readListQuery(parameters, limits)
  if ('statusCode' in query) return query
  return {
    ...query,
    emailIds: listIn(parameters, 'emailIds'),
    status: parameters.get('status'),
    subStatuses: listIn(parameters, 'subStatus'),
  }
}
