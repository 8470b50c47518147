import { rm } from 'node:fs/promises'
import * as v from 'valibot'
import { evidenceLine } from '../lib/core/suppression.ts'
import { suppressionRulesVersion } from '../lib/core/suppression-rules.ts'
import {
  recheck,
  recheckFromStart,
  type RecheckFinding,
  type RecheckState,
} from '../lib/suppressions/recheck.ts'
import { comparedBy, readCheckpointFile, writeCheckpointFile } from './checkpoint-file.ts'
import { CommandError } from './command-error.ts'
import { counted } from './counted.ts'
import { withLedger, type OpenLedger } from './open-ledger.ts'
import { progressBar } from './progress-bar.ts'
import { doubtWords } from './suppression-report.ts'
import { untilInterrupted } from './until-interrupted.ts'

interface RecheckOptions {
  readonly dryRun?: boolean
  readonly remove?: boolean
  readonly restart?: boolean
  readonly checkpoint?: string
  readonly json?: boolean
}

/** Judges all stored replies by the current rules. After an interruption, the next run resumes there. */
export async function recheckSuppressions(options: RecheckOptions): Promise<void> {
  const { dryRun: isDryRun = false, remove: isRemoving = false, restart = false, json = false } = options
  if (isDryRun && isRemoving) throw new CommandError('--dry-run changes nothing: leave out --remove, or it.')
  await withLedger(async (opened) => {
    const file = options.checkpoint ?? `ledger-recheck.${opened.name}${isDryRun ? '.dry-run' : ''}.json`
    // What it finds depends on these.
    const how = { isDryRun, isRemoving, rulesVersion: suppressionRulesVersion }
    const of = await comparedBy(opened.store, process.env, how)
    const from = restart ? recheckFromStart : await storedState(file, of)
    if (from !== recheckFromStart) {
      process.stderr.write(`Going on from where it was interrupted (${file}; --restart begins anew).\n`)
    }
    const deps = dependenciesOf(opened)
    const end = await untilInterrupted('Ending after this page.', (signal) =>
      withBar(deps, from, (onState) =>
        recheck(deps, {
          isDryRun,
          isRemoving,
          from,
          signal,
          onFinding: (finding) => process.stdout.write(json ? jsonOf(finding) : lineOf(finding, isDryRun)),
          onState: async (state) => {
            onState(state)
            await writeCheckpointFile(file, JSON.stringify({ of, ...state }))
          },
        }),
      ),
    )
    if (end.phase === 'done') await rm(file, { force: true })
    else process.exitCode = 1
    process.stderr.write(
      `${sentenceOf(end, isDryRun)}${end.phase === 'done' ? '' : ` Run it again to go on.`}\n`,
    )
  })
}

type Dependencies = Parameters<typeof recheck>[0]

function dependenciesOf({ store, clock, blocklistDays }: OpenLedger): Dependencies {
  return {
    deliveries: { ...store.deliveryReader(), ...store.deliveryScanner() },
    suppressions: { ...store.suppressionScanner(), ...store.suppressionWriter() },
    clock,
    blocklistDays,
  }
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const stateSchema = v.object({
  of: v.string(),
  phase: v.picklist(['deliveries', 'suppressions', 'done']),
  position: v.optional(v.string()),
  deliveries: count,
  suppressions: count,
  added: count,
  doubtful: count,
  removed: count,
})

/**
 * The checkpoint of an earlier recheck; else the start.
 * @param of - says what is rechecked and how; a recheck of anything else is not gone on with
 */
async function storedState(file: string, of: string): Promise<RecheckState> {
  const text = await readCheckpointFile(file)
  if (text === undefined) return recheckFromStart
  try {
    const { position, of: ofStored, ...state } = v.parse(stateSchema, JSON.parse(text))
    if (ofStored !== of || state.phase === 'done') return recheckFromStart
    return { ...state, ...(position !== undefined && { position }) }
  } catch {
    throw new CommandError(`${file} is no checkpoint of a recheck: remove it, or begin anew with --restart.`)
  }
}

/** Shows the progress on a terminal, by the row count of the store, which is hours old. */
async function withBar<T>(
  { deliveries, suppressions }: Dependencies,
  from: RecheckState,
  run: (onState: (state: RecheckState) => void) => Promise<T>,
): Promise<T> {
  const [mails, addresses] = await Promise.all([deliveries.approximateRows(), suppressions.approximateRows()])
  const doneOf = (state: RecheckState) => state.deliveries + state.suppressions
  // No count is exact while rows are written: the total is never less than what was read.
  const totalOf = (state: RecheckState) =>
    state.phase === 'deliveries'
      ? Math.max(mails, state.deliveries) + addresses
      : state.deliveries + Math.max(addresses, state.suppressions)
  const bar = progressBar('{value}/{total} rows')
  bar.start(totalOf(from), doneOf(from))
  try {
    return await run((state) => {
      bar.setTotal(totalOf(state))
      bar.update(doneOf(state))
    })
  } finally {
    bar.stop()
  }
}

function lineOf(finding: RecheckFinding, isDryRun: boolean): string {
  if (finding.type === 'missing') {
    const { recipient, isUnclear } = finding.evidence
    const what = isUnclear ? 'counts against it' : isDryRun ? 'belongs on the list' : 'added'
    return `${recipient}  ${what}: ${evidenceLine(finding.evidence)}\n`
  }
  const { recipient, doubts, alsoHeld } = finding
  const also = alsoHeld.length === 0 ? '' : ` (stays for ${alsoHeld.map(({ reason }) => reason).join(', ')})`
  return `${recipient}  in doubt: ${doubts.map(doubtWords).join('; ')}${also}\n`
}

function jsonOf(finding: RecheckFinding): string {
  const plain =
    finding.type === 'missing'
      ? {
          type: finding.type,
          recipient: finding.evidence.recipient,
          evidence: evidenceLine(finding.evidence),
        }
      : {
          type: finding.type,
          recipient: finding.recipient,
          doubts: finding.doubts.map(doubtWords),
          alsoHeld: finding.alsoHeld.map(({ reason }) => reason),
        }
  return `${JSON.stringify(plain)}\n`
}

function sentenceOf(
  { deliveries, suppressions, added, doubtful, removed }: RecheckState,
  isDryRun: boolean,
): string {
  const would = isDryRun ? 'would be added' : 'added'
  return `${counted(deliveries, 'row')} of deliveries and ${counted(suppressions, 'row')} of the list read: ${added} ${would}, ${doubtful} in doubt, ${removed} removed.`
}
