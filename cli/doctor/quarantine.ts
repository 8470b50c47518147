import type { OpenLedger } from '../open-ledger.ts'
import { passed, type Check } from './check.ts'

const check = 'quarantine'

/** Reports what is open in quarantine. An open body is not a fault of the deployment. */
export async function checkQuarantine({ store }: Pick<OpenLedger, 'store'>): Promise<Check> {
  const bodies = await store.quarantineGauge().open()
  if (bodies === 0) return passed(check, 'is empty')
  const waiting = bodies === 1 ? '1 body waits' : `${bodies} bodies wait`
  return {
    ...passed(check, `${waiting} to be dealt with`),
    advice:
      '`npx ledger quarantine list` names what came and was not understood; `replay` runs it again, `dismiss` puts junk aside.',
  }
}
