import pMap from 'p-map'
import { dayMs, isAhead } from '../../core/instant.ts'
import {
  counting,
  emptySuppression,
  evidenceLine,
  heldReasons,
  linesOf,
  type Suppression,
  type SuppressionEvidence,
} from '../../core/suppression.ts'
import type { Clock } from '../../runtime/ports.ts'
import type {
  ListEntry,
  ListPage,
  ProviderList,
  SuppressionScanner,
  SuppressionWriter,
} from '../../suppressions/ports.ts'

export interface ApplyDependencies {
  readonly suppressions: Pick<SuppressionScanner, 'ofRecipients'> & SuppressionWriter
  /** How long a blocklisting that states no end counts. */
  readonly blocklistDays: number
  readonly clock: Pick<Clock, 'now'>
}

/** What a provider's list says that ours does not. */
export type ListFinding =
  /** Our list lacked it. */
  | { readonly type: 'added'; readonly list: string; readonly evidence: SuppressionEvidence }
  /** It was taken off ours later, and is at the provider still: the next mail is refused. */
  | { readonly type: 'still'; readonly list: string; readonly evidence: SuppressionEvidence }

/** What the pages of a list held. */
export interface ListFigures {
  readonly rows: number
  readonly added: number
  /** On our list already. */
  readonly known: number
  readonly still: number
  /** Rows of which no address can be read, or nothing that says when. */
  readonly unreadable: number
}

export const noFigures: ListFigures = { rows: 0, added: 0, known: 0, still: 0, unreadable: 0 }

/** Writes of one page at once. */
const concurrent = 16

/**
 * Joins one page of a provider's list into ours. What is known costs no write, and what was taken off ours since does not
 * come back: reading a list twice changes nothing. The page's rows are all that is held.
 */
export async function applyPage(
  deps: ApplyDependencies,
  list: Pick<ProviderList, 'provider' | 'name'>,
  page: ListPage,
  { isDryRun, onFinding }: { readonly isDryRun: boolean; readonly onFinding: (found: ListFinding) => void },
): Promise<ListFigures> {
  const { blocklistDays } = deps
  const nowMs = deps.clock.now()
  const evidence = page.entries.flatMap((entry) => evidenceOf(entry, list.provider, nowMs) ?? [])
  const rows = await deps.suppressions.ofRecipients(evidence.map(({ recipient }) => recipient))
  const judged = [...new Map(evidence.map((one) => [`${one.recipient} ${evidenceLine(one)}`, one])).values()]
    .filter(({ untilMs = Infinity }) => untilMs > nowMs)
    .map((one) => ({ evidence: one, as: judgedBy(rows.get(one.recipient), one, { nowMs, blocklistDays }) }))
  const ofType = (type: Judged) => judged.flatMap((one) => (one.as === type ? [one.evidence] : []))
  const [added, still] = [ofType('added'), ofType('still')]
  if (!isDryRun) await pMap(added, (one) => deps.suppressions.suppress(one), { concurrency: concurrent })
  for (const one of added) onFinding({ type: 'added', list: list.name, evidence: one })
  for (const one of still) onFinding({ type: 'still', list: list.name, evidence: one })
  return {
    rows: page.rows,
    added: added.length,
    known: ofType('known').length,
    still: still.length,
    unreadable: page.unreadable + page.entries.length - evidence.length,
  }
}

type Judged = 'added' | 'known' | 'still' | 'over'

/** What an entry is to our row of its recipient. */
function judgedBy(
  known: Suppression | undefined,
  evidence: SuppressionEvidence,
  asked: { readonly nowMs: number; readonly blocklistDays: number },
): Judged {
  const row = known ?? emptySuppression(evidence.recipient)
  const line = evidenceLine(evidence)
  if (counting(row)(line)) return linesOf(row).includes(line) ? 'known' : 'added'
  const { reason, occurredAtMs, untilMs = occurredAtMs + asked.blocklistDays * dayMs } = evidence
  const isOver = reason === 'blocklist' && untilMs <= asked.nowMs
  const isHeld = heldReasons(row, asked).length > 0
  return isOver || isHeld ? 'over' : 'still'
}

/**
 * The evidence that an entry is; `undefined` where nothing says when, and it would not hold. The line of an entry is always
 * the same, so that a removal can be later. Without an instant it is older than any removal.
 */
function evidenceOf(entry: ListEntry, provider: string, nowMs: number): SuppressionEvidence | undefined {
  const { recipient, reason, listedAtMs, untilMs, detail } = entry
  if (listedAtMs !== undefined && isAhead(listedAtMs, nowMs)) return undefined
  if (reason === 'blocklist' && listedAtMs === undefined && untilMs === undefined) return undefined
  return {
    recipient,
    reason,
    occurredAtMs: listedAtMs ?? 0,
    source: 'list',
    provider,
    ...(reason === 'blocklist' && untilMs !== undefined && { untilMs }),
    detail,
  }
}
