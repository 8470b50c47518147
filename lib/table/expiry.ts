import * as rows from '../rows/expiry.ts'

/** {@link rows.expiresAt} as DynamoDB requires it. */
export function expiresAt(nowMs: number, retentionDays: number): { N: string } {
  return { N: String(rows.expiresAt(nowMs, retentionDays)) }
}
