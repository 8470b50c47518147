import { AsyncLocalStorage } from 'node:async_hooks'
import type { ReadMeter } from '../store/ports.ts'
import type { Database } from './database.ts'

/** The database, and a meter of the statements that each piece of work runs on it. */
export function metered(database: Database): { readonly database: Database; readonly meter: ReadMeter } {
  const works = new AsyncLocalStorage<{ units: number }>()
  const count = () => {
    const work = works.getStore()
    if (work) work.units += 1
  }
  return {
    database: {
      read(select, given, signal) {
        count()
        return database.read(select, given, signal)
      },
      write(statement, given, signal) {
        count()
        return database.write(statement, given, signal)
      },
    },
    meter: {
      measure(work) {
        const counted = { units: 0 }
        return works.run(counted, () => work(() => counted.units))
      },
    },
  }
}
