import { readFile, rename, writeFile } from 'node:fs/promises'
import * as v from 'valibot'
import type { Environment } from '../lib/runtime/config.ts'
import type { Store } from '../lib/store/ports.ts'
import { CommandError } from './command-error.ts'
import { wayToRows } from './where-to-look.ts'

const noSuchFile = v.object({ code: v.literal('ENOENT') })

/** What is in the file in which an interrupted command left off; `undefined` if there is none. */
export async function readCheckpointFile(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (v.is(noSuchFile, error)) return undefined
    throw error
  }
}

/** An existing file is always complete. It holds addresses, so only its owner may read it. */
export async function writeCheckpointFile(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text, { mode: 0o600 })
  await rename(`${file}.new`, file)
}

/**
 * What a checkpoint is compared by: the store, its place and its tables, since a position in one means nothing in another, and the
 * options. It holds no password.
 */
export async function comparedBy(
  store: Pick<Store, 'kind' | 'tables' | 'place'>,
  environment: Environment,
  options: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { region, account } = await store.place()
  const { kind, tables } = store
  return JSON.stringify({ kind, region, account, reachedBy: wayToRows(environment), tables, ...options })
}

/** Why a file is not gone on with: it is compared by something else. */
export function ofAnother(file: string, what: string): CommandError {
  return new CommandError(
    `${file} holds an interrupted ${what} of another ledger or with other options: give the same, or begin anew with --restart.`,
  )
}
