import { rm } from 'node:fs/promises'
import * as v from 'valibot'
import { emptyFigures, figuresFrom, storedFigures, type Figures } from '../lib/core/figures.ts'
import { ofAnother, readCheckpointFile, writeCheckpointFile } from './checkpoint-file.ts'
import { CommandError } from './command-error.ts'
import { scanFromStart, type ScanState } from './scan-deliveries.ts'

/** All that a count is: where it stands, and what it has counted until there. */
export interface Counted {
  readonly state: ScanState
  readonly figures: Figures
  /** Mails of which no day is known. */
  undated: number
}

export function nothingCounted(segments: number): Counted {
  return { state: scanFromStart(segments), figures: emptyFigures(), undated: 0 }
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0))
const counts = v.record(v.string(), count)

const schema = v.pipe(
  v.object({
    of: v.string(),
    positions: v.array(v.nullable(v.string())),
    isDone: v.array(v.boolean()),
    rows: count,
    undated: count,
    figures: v.object({
      level: count,
      groups: v.array(v.tuple([v.string(), counts])),
      others: counts,
    }),
  }),
  v.check(({ positions, isDone }) => positions.length === isDone.length),
)

/**
 * The count in a file, if there is one.
 * @param of - says what is counted and by which rules; a count of anything else is refused
 */
export async function storedCount(file: string, of: string): Promise<Counted | undefined> {
  const text = await readCheckpointFile(file)
  if (text === undefined) return undefined
  const stored = parsed(text)
  if (stored === undefined) {
    throw new CommandError(
      `${file} is no checkpoint of \`ledger stats\`: remove it, or begin anew with --restart.`,
    )
  }
  if (stored.of !== of) throw ofAnother(file, 'count')
  const { isDone, rows, undated, figures } = stored
  const positions = stored.positions.map((position) => position ?? undefined)
  return { state: { positions, isDone, rows }, figures: figuresFrom(figures), undated }
}

function parsed(text: string): v.InferOutput<typeof schema> | undefined {
  try {
    return v.parse(schema, JSON.parse(text))
  } catch {
    return undefined
  }
}

/** How often an interrupted count is kept: reading for so long is soon done again. */
const everyMs = 5_000

/** Keeps a count in its file. */
export class Checkpoint {
  readonly #file: string
  readonly #of: string
  #savedAtMs: number
  #saving: Promise<void> | undefined

  constructor(file: string, of: string, nowMs: number) {
    this.#file = file
    this.#of = of
    this.#savedAtMs = nowMs
  }

  /** Keeps it if the last time was a while ago. */
  saveNow(counted: Counted, nowMs: number): void {
    if (this.#saving !== undefined || nowMs - this.#savedAtMs < everyMs) return
    this.#savedAtMs = nowMs
    this.#saving = this.#save(counted)
      // The last attempt, at the end, reports what is wrong.
      .catch(() => undefined)
      .finally(() => {
        this.#saving = undefined
      })
  }

  /** At the end of a count that has more to read. */
  async saveLast(counted: Counted): Promise<void> {
    await this.#saving
    await this.#save(counted)
  }

  /** At the end of a count that is done. */
  async remove(): Promise<void> {
    await this.#saving
    await rm(this.#file, { force: true })
  }

  async #save({ state, figures, undated }: Counted): Promise<void> {
    const { positions, isDone, rows } = state
    const text = JSON.stringify({
      of: this.#of,
      positions,
      isDone,
      rows,
      undated,
      figures: storedFigures(figures),
    })
    await writeCheckpointFile(this.#file, text)
  }
}
