import { quarantineStore } from '../../lib/table/quarantine-store.ts'
import { rowsToReplay } from '../../lib/replay.ts'
import type { OpenLedger } from '../open-ledger.ts'
import { passed, type Check } from './check.ts'

const check = 'quarantine'

/** Says what waits in quarantine. That something does is no fault of the deployment. */
export async function checkQuarantine({ client, tables, clock, log }: OpenLedger): Promise<Check> {
  const store = quarantineStore({ client, table: tables.quarantine, clock, log })
  const { length: bodies } = await rowsToReplay(store, {})
  if (bodies === 0) return passed(check, 'is empty')
  const waiting = bodies === 1 ? '1 body waits' : `${bodies} bodies wait`
  return {
    ...passed(check, `${waiting} to be dealt with`),
    advice:
      '`npx ledger quarantine list` names what came and was not understood; `replay` runs it again, `dismiss` puts junk aside.',
  }
}
