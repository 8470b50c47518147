import { createHandler } from '../functions/reconcile.ts'
import { minuteMs } from '../lib/core/instant.ts'
import type { RunFigures } from '../lib/ports.ts'
import { jsonLog } from '../lib/log.ts'
import { lambda } from '../lib/surroundings.ts'
import { lambdaContext } from '../local/lambda-context.ts'
import { requireRetention } from './open-ledger.ts'

/** A pass by hand has as long as the function has. */
const runTimeMs = 14 * minuteMs

/** One reconcile pass, the same as the schedule runs. What it logs goes to standard error. */
export async function reconcileOnce(options: { json?: boolean }): Promise<void> {
  requireRetention(process.env, 'RETENTION_DAYS')
  const log = jsonLog((line) => process.stderr.write(`${line}\n`), lambda.clock.now)
  const handler = createHandler(process.env, { ...lambda, log }, true)
  const figures = await handler(
    {},
    lambdaContext(() => runTimeMs),
  )
  if (figures.stoppedBy === 'provider') process.exitCode = 1
  process.stdout.write(options.json ? `${JSON.stringify(figures)}\n` : `${sentenceOf(figures)}\n`)
}

function sentenceOf(figures: RunFigures): string {
  const { calls, rows, discovered, repaired, settled, unknown, pending, stoppedBy } = figures
  return [
    `${counted(calls, 'call')}, ${counted(rows, 'row')}: ${discovered} discovered, ${repaired} repaired, ${settled} settled, ${unknown} unknown.`,
    `${pending} pending. ${endings[stoppedBy]}`,
  ].join(' ')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

const endings: Readonly<Record<RunFigures['stoppedBy'], string>> = {
  done: 'Nothing is left to ask.',
  time: 'The time was used up; the next run goes on from here.',
  calls: 'The calls were used up; the next run goes on from here.',
  lease: 'Another run is at work, and this one left the rest to it.',
  provider: 'The provider did not answer; the next run goes on from here.',
  settings: 'The provider refuses the settings.',
}
