import { createHash } from 'node:crypto'
import type { QuarantineWriter } from '../quarantine/ports.ts'
import type { StatusApi, UnreadableRow } from './ports.ts'
import type { Clock, Log } from '../runtime/ports.ts'

/**
 * Rows of which one run keeps a copy. Should the provider change what all its rows look like, the first of them show it,
 * and the provider reports the others for thirty days.
 */
const maxKept = 1_000

interface Dependencies {
  /** Whose rows they are, and of which of its lists. */
  readonly statusApi: Pick<StatusApi, 'provider' | 'name'>
  readonly quarantine: Pick<QuarantineWriter, 'keep'>
  readonly clock: Pick<Clock, 'now'>
  readonly log: Log
}

/** Under which name the quarantine has rows of a provider's poll. */
export function polledInputOf(provider: string): string {
  return `${provider}-poll`
}

/** A row as it is kept: it alone does not always show when its mail was sent. */
interface KeptRow {
  /** YYYY-MM-DD in UTC+8: the date under which it was listed. */
  readonly requestDate: string
  /** What the provider calls the list. */
  readonly list: string
  readonly row: unknown
}

/** The body under which a row is kept. */
function bodyOf({ requestDate, list, row }: KeptRow): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ requestDate, list, row }))
}

/** Reads back what {@link bodyOf} made; `undefined` where the body is another. */
export function keptRowIn(body: Uint8Array): KeptRow | undefined {
  const kept = jsonIn(body)
  if (typeof kept !== 'object' || kept === null) return undefined
  if (!('requestDate' in kept && 'row' in kept) || typeof kept.requestDate !== 'string') return undefined
  const list = 'list' in kept && typeof kept.list === 'string' ? kept.list : ''
  return { requestDate: kept.requestDate, list, row: kept.row }
}

function jsonIn(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined
  }
}

/** What was wrong with a row, a line for each field. Never holds a value: it may be an address. */
export function problemsOf({ fields }: Pick<UnreadableRow, 'fields'>): readonly string[] {
  return fields
    .split(' ')
    .map((field) => `/row${field === 'row' ? '' : `/${field}`}: expected what the provider documents`)
}

/** Keeps rows in quarantine, so that they can be read again by a version that understands them. */
export class UnreadableRows {
  readonly #deps: Dependencies | undefined
  /** Digests of those there were: a list is read again for them, and that is no other row. */
  readonly #seen = new Set<string>()

  /** @param deps - absent where nothing is to be written. */
  constructor(deps: Dependencies | undefined) {
    this.#deps = deps
  }

  /** How many there were; the same row counts once. */
  get count(): number {
    return this.#seen.size
  }

  async keep(row: UnreadableRow, requestDate: string): Promise<void> {
    const list = this.#deps?.statusApi.name ?? ''
    const body = bodyOf({ requestDate, list, row: row.row })
    if (!this.#isNew(body) || !this.#deps) return
    const { statusApi, quarantine, clock, log } = this.#deps
    if (this.count > maxKept) {
      if (this.count === maxKept + 1) log('rows not kept', { consequence: `more than ${maxKept} in one run` })
      return
    }
    await quarantine.keep({
      provider: polledInputOf(statusApi.provider),
      body,
      contentType: 'application/json',
      reason: 'invalid',
      problems: problemsOf(row),
      receivedAtMs: clock.now(),
      isVerified: true,
    })
  }

  #isNew(body: Uint8Array): boolean {
    const digest = createHash('sha256').update(body).digest('base64')
    const isNew = !this.#seen.has(digest)
    this.#seen.add(digest)
    return isNew
  }
}
