import { rm } from 'node:fs/promises'
import * as v from 'valibot'
import { ofAnother, readCheckpointFile, writeCheckpointFile } from '../checkpoint-file.ts'
import { CommandError } from '../command-error.ts'
import { scanFromStart, type ScanState } from '../scan-deliveries.ts'

/** How far an export has come. */
export interface ExportState extends ScanState {
  mails: number
}

export function exportFromStart(segments: number): ExportState {
  return { ...scanFromStart(segments), mails: 0 }
}

const count = v.pipe(v.number(), v.integer(), v.minValue(0))

const checkpointSchema = v.object({
  /** What is exported: an export goes on only if that is the same. */
  of: v.string(),
  bytes: count,
  rows: count,
  mails: count,
  positions: v.array(v.nullable(v.string())),
  isDone: v.array(v.boolean()),
})

/** Where an interrupted export goes on: what was read, and the bytes of its file that hold it. */
export interface ExportCheckpoint {
  readonly bytes: number
  readonly state: ExportState
}

/**
 * The checkpoint beside a file, if there is one.
 * @param of - names what is exported; the checkpoint of anything else is refused
 */
export async function storedCheckpoint(
  file: string | undefined,
  of: string,
): Promise<ExportCheckpoint | undefined> {
  if (file === undefined) return undefined
  const text = await readCheckpointFile(checkpointOf(file))
  if (text === undefined) return undefined
  const stored = parsed(text)
  if (stored === undefined) {
    throw new CommandError(
      `${checkpointOf(file)} is no checkpoint of an export: remove it, or begin anew with --restart.`,
    )
  }
  if (stored.of !== of) throw ofAnother(file, 'export')
  const { bytes, rows, mails, isDone } = stored
  const positions = stored.positions.map((position) => position ?? undefined)
  return { bytes, state: { rows, mails, positions, isDone } }
}

function parsed(text: string): v.InferOutput<typeof checkpointSchema> | undefined {
  try {
    return v.parse(checkpointSchema, JSON.parse(text))
  } catch {
    return undefined
  }
}

export function storeCheckpoint(file: string, of: string, { bytes, state }: ExportCheckpoint): Promise<void> {
  return writeCheckpointFile(checkpointOf(file), JSON.stringify({ of, bytes, ...state }))
}

export async function removeCheckpoint(file: string): Promise<void> {
  await rm(checkpointOf(file), { force: true })
}

function checkpointOf(file: string): string {
  return `${file}.checkpoint.json`
}
