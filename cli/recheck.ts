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
import { readCheckpointFile, writeCheckpointFile } from './checkpoint-file.ts'
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
    const from = restart ? recheckFromStart : await storedState(file, { isDryRun, isRemoving })
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
            await storeState(file, state, { isDryRun, isRemoving })
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

/** What a recheck does with what it finds. */
interface Kind {
  readonly isDryRun: boolean
  readonly isRemoving: boolean
}

const stateSchema = v.object({
  // A recheck depends on these, so it resumes only if they are the same.
  isDryRun: v.boolean(),
  isRemoving: v.boolean(),
  rulesVersion: count,
  phase: v.picklist(['deliveries', 'suppressions', 'done']),
  position: v.optional(v.string()),
  deliveries: count,
  suppressions: count,
  added: count,
  doubtful: count,
  removed: count,
})

/** The checkpoint of an earlier recheck with the same options and rules; else the start. */
async function storedState(file: string, { isDryRun, isRemoving }: Kind): Promise<RecheckState> {
  const text = await readCheckpointFile(file)
  if (text === undefined) return recheckFromStart
  try {
    const {
      position,
      isDryRun: wasDryRun,
      isRemoving: wasRemoving,
      rulesVersion,
      ...state
    } = v.parse(stateSchema, JSON.parse(text))
    const isSame =
      wasDryRun === isDryRun && wasRemoving === isRemoving && rulesVersion === suppressionRulesVersion
    if (!isSame || state.phase === 'done') return recheckFromStart
    return { ...state, ...(position !== undefined && { position }) }
  } catch {
    throw new CommandError(`${file} is no checkpoint of a recheck: remove it, or begin anew with --restart.`)
  }
}

function storeState(file: string, state: RecheckState, kind: Kind): Promise<void> {
  return writeCheckpointFile(
    file,
    JSON.stringify({ ...state, ...kind, rulesVersion: suppressionRulesVersion }),
  )
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
