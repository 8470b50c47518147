import type { ReadEntry } from './entries.ts'
import { mayBeDoubtful } from './import-entries.ts'

/** What an import has to expect, by a first reading of its file. */
export interface ImportSurvey {
  readonly entries: number
  readonly refused: number
  readonly undated: number
  /** Entries whose deliveries are looked up where the list lacks them. */
  readonly lookedUp: number
}

/** Reads all entries and writes nothing, so that a file that cannot be read is refused as a whole. */
export async function surveyEntries(
  entries: AsyncIterable<ReadEntry>,
  signal: AbortSignal,
): Promise<ImportSurvey> {
  const survey = { entries: 0, refused: 0, undated: 0, lookedUp: 0 }
  for await (const entry of entries) {
    survey.entries += 1
    if (entry.type === 'refused') survey.refused += 1
    if (entry.type === 'evidence') {
      if (!entry.isDated) survey.undated += 1
      if (mayBeDoubtful(entry.evidence)) survey.lookedUp += 1
    }
    if (signal.aborted) break
  }
  return survey
}
