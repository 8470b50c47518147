import { embeddedPostgres } from '../embedded-postgres.ts'
import { times } from '../strength.ts'
import { describeLedgerContract, type OpenLedger } from './ledger-contract.ts'

const engine = embeddedPostgres()

const openTables: OpenLedger = async (clock, { retentionDays, maxFactsInRow, maxEvidenceInRow }) => {
  const tables = await engine.emptied(clock)
  const limits = {
    evidence: maxEvidenceInRow,
    blocklisted: maxEvidenceInRow,
    unclearBounces: maxEvidenceInRow,
  }
  return {
    deliveries: { ...tables.deliveryWriter({ retentionDays, maxFactsInRow }), ...tables.deliveryReader() },
    suppressions: { ...tables.suppressionWriter(limits), ...tables.suppressionReader() },
    runs: { ...tables.runStore('get-send-email-status'), ...tables.leaseByHand('get-send-email-status') },
  }
}

describeLedgerContract('PostgreSQL', openTables, times({ quick: 10, proof: 60 }))
