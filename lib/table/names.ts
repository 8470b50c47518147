import type { TableNames } from '../store/ports.ts'

/** `delivery-ledger-prod` → `delivery-ledger-prod-deliveries` and so on, as serverless.yml declares them. */
export function tableNames(prefix: string): TableNames {
  return {
    deliveries: `${prefix}-deliveries`,
    suppressions: `${prefix}-suppressions`,
    inbound: `${prefix}-inbound`,
    quarantine: `${prefix}-quarantine`,
    reconciliation: `${prefix}-reconciliation`,
  }
}
