import { secondMs } from '../../lib/core/instant.ts'
import type { Database } from '../../lib/postgres/database.ts'
import { errorName } from '../../lib/runtime/error-name.ts'
import type { Runtime } from '../../lib/runtime/runtime.ts'

/** Who asks about health waits no longer. */
const boundMs = 2 * secondMs
/** Within this time nobody asks the database again, however many strangers ask us. */
const freshMs = secondMs

/** Whether the server can do what it is there for. */
export interface Health {
  /** Whether the database answers. Never rejects. */
  readonly isReady: () => Promise<boolean>
}

/** Asks the database, and logs when it stops or begins to answer. */
export function databaseHealth(
  database: Pick<Database, 'read'>,
  { clock, log, deadline = (ms) => AbortSignal.timeout(ms) }: Pick<Runtime, 'clock' | 'log' | 'deadline'>,
): Health {
  let last: { readonly askedMs: number; readonly answer: Promise<boolean> } | undefined
  let wasReady: boolean | undefined
  const ask = async () => {
    const failure = await database.read('SELECT 1 AS it', undefined, deadline(boundMs)).then(
      () => undefined,
      (error: unknown) => ({ error: errorName(error) }),
    )
    const isReady = failure === undefined
    if (isReady !== wasReady) log(isReady ? 'database answers' : 'database does not answer', failure)
    wasReady = isReady
    return isReady
  }
  return {
    isReady() {
      const nowMs = clock.now()
      // A clock that is set back makes no answer fresh.
      if (last === undefined || Math.abs(nowMs - last.askedMs) >= freshMs)
        last = { askedMs: nowMs, answer: ask() }
      return last.answer
    },
  }
}
