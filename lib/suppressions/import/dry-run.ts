import { emptySuppression, withEvidence, type SuppressionEvidence } from '../../core/suppression.ts'
import type { SuppressionScanner, SuppressionWriter } from '../ports.ts'

/** Beyond these, what the file says again is counted as added again. */
const maxRecipients = 100_000
const maxOfRecipient = 50

/** A list on which what is added can be seen, and is not written: so a dry run reports what an import would. */
export function withoutWriting(
  suppressions: Pick<SuppressionScanner, 'ofRecipients'>,
): Pick<SuppressionScanner, 'ofRecipients'> & SuppressionWriter {
  const added = new Map<string, SuppressionEvidence[]>()
  return {
    async ofRecipients(recipients) {
      const rows = new Map(await suppressions.ofRecipients(recipients))
      for (const recipient of new Set(recipients)) {
        const evidence = added.get(recipient)
        const row = rows.get(recipient) ?? emptySuppression(recipient)
        if (evidence) rows.set(recipient, evidence.reduce(withEvidence, row))
      }
      return rows
    },
    suppress(evidence) {
      const of = added.get(evidence.recipient) ?? []
      if (of.length < maxOfRecipient) of.push(evidence)
      if (added.size < maxRecipients || added.has(evidence.recipient)) added.set(evidence.recipient, of)
      return Promise.resolve()
    },
  }
}
