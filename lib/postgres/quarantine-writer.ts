import { formatInstant } from '../core/instant.ts'
import type { QuarantinedInput, QuarantineReason, QuarantineWriter } from '../quarantine/ports.ts'
import { contentIdOf } from '../rows/content-id.ts'
import { dailyRoom, keepingWithin } from '../rows/daily-room.ts'
import { expiresAt } from '../rows/expiry.ts'
import {
  firstColumnsOf,
  latestColumnsOf,
  maxSeen,
  openUnfinished,
  problemLines,
  readableBody,
  usualMaxBytesPerDay,
} from '../rows/quarantine-row.ts'
import type { Clock } from '../runtime/ports.ts'
import type { PostgresTables } from './schema.ts'
import { givenAs, latest, latestExpiry, list, once, presentIn, unitedWithinRoom } from './statement.ts'

interface Dependencies {
  readonly store: PostgresTables
  readonly retentionDays: number
  readonly clock: Pick<Clock, 'now'>
  /** The daily limit of {@link QuarantineWriter.keepWithinDay}. Default: 100 MB. */
  readonly maxBytesPerDay?: number
}

/** Keeps input that could not be read: one row per body, whole, however often it arrives. */
export function quarantineWriter(to: Dependencies): QuarantineWriter {
  const { clock, maxBytesPerDay: maxBytes = usualMaxBytesPerDay } = to
  const take = (day: string, bytes: number, signal: AbortSignal | undefined) =>
    takesRoom(to, { day, bytes, maxBytes }, signal)
  const room = dailyRoom({ clock, maxBytes, take })
  return keepingWithin(room, (input, signal) => keepInput(to, input, signal))
}

async function keepInput(
  { store: { database, nameOf }, clock, retentionDays }: Dependencies,
  input: QuarantinedInput,
  signal?: AbortSignal,
): Promise<void> {
  const first = firstColumnsOf(input)
  const arriving = { ...latestColumnsOf(input), problems: problemLines(input.problems) }
  const receivedAt = formatInstant(input.receivedAtMs)
  const given = {
    id: contentIdOf(input.provider, input.body),
    ...first,
    ...arriving,
    ...bodyColumns(input.body),
    seen: [receivedAt],
    open: input.reason === 'unfinished' ? openUnfinished : receivedAt,
    expiresAt: expiresAt(clock.now(), retentionDays),
  }
  const columns = presentIn(given)
  const statement = `INSERT INTO ${nameOf('quarantine')} AS d (${list(columns)})
    SELECT ${list(columns)} FROM ${givenAs('quarantine', columns)}
    ON CONFLICT (id) DO UPDATE SET ${[
      ...Object.keys(first).map(once),
      ...Object.keys(arriving).map(latest),
      unitedWithinRoom('seen', maxSeen),
      reopened('EXCLUDED.open', input.reason),
      latestExpiry,
    ].join(', ')}`
  await database.write(statement, given, signal)
}

/** As text if it is such as a row can hold, so that a person can read it. */
function bodyColumns(body: Uint8Array): { readonly body?: string; readonly bodyBase64?: string } {
  const readable = readableBody(body)
  if (typeof readable === 'string' && !readable.includes('\0')) return { body: readable }
  return { bodyBase64: Buffer.from(body).toString('base64') }
}

/** Open from now on, unless it was open before: despite any earlier replay or dismissal. */
function reopened(at: string, reason: QuarantineReason): string {
  const open = reason === 'unfinished' ? `'${openUnfinished}'` : `coalesce(d.open, ${at})`
  return `open = ${open}, "resolvedAt" = NULL, "resolvedBy" = NULL`
}

/** One row a day counts what it has taken. */
async function takesRoom(
  { store, clock }: Dependencies,
  { day, bytes, maxBytes }: { readonly day: string; readonly bytes: number; readonly maxBytes: number },
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const columns = ['day', 'takenBytes', 'expiresAt']
  const statement = `INSERT INTO ${store.nameOf('room')} AS d (${list(columns)})
    SELECT ${list(columns)} FROM ${givenAs('room', columns)}
    ON CONFLICT (day) DO UPDATE SET "takenBytes" = d."takenBytes" + EXCLUDED."takenBytes"
    WHERE d."takenBytes" + EXCLUDED."takenBytes" <= ${maxBytes}`
  const given = { day, takenBytes: bytes, expiresAt: expiresAt(clock.now(), 2) }
  return (await store.database.write(statement, given, signal)) > 0
}
