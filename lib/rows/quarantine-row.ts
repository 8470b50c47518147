import * as v from 'valibot'
import { formatInstant } from '../core/instant.ts'
import {
  quarantineReasons,
  resolutions,
  type QuarantinedInput,
  type QuarantinedRow,
} from '../quarantine/ports.ts'
import { count, type Row } from './row.ts'

/** Instants that a row records; later arrivals change only `lastSeenAt`. */
export const maxSeen = 100
/** Instants of replays that a row records. */
export const maxReplays = 100
const maxProblems = 20
/** For a problem or a content type: either may repeat names chosen by a stranger. */
const maxLineLength = 300

/** For bodies that anyone who knows the URL can send. */
export const usualMaxBytesPerDay = 100 * 1024 * 1024

/** Where `open` is this and no instant, the body is unfinished. */
export const openUnfinished = 'unfinished'

/** The columns that the first arrival of a body sets. */
export function firstColumnsOf({ provider, contentType, receivedAtMs }: QuarantinedInput) {
  return {
    provider,
    ...(contentType !== '' && { contentType: lineOf(contentType) }),
    firstSeenAt: formatInstant(receivedAtMs),
  }
}

/** The columns that each arrival sets, beside the problems. */
export function latestColumnsOf({ body, receivedAtMs, reason, isVerified }: QuarantinedInput) {
  return {
    bytes: body.length,
    lastSeenAt: formatInstant(receivedAtMs),
    reason,
    // Once verified, always verified: the body is the same.
    ...(isVerified === true && { verified: 'yes' }),
  }
}

/** The problems as stored in a row: the first ones, a line each. */
export function problemLines(problems: readonly string[]): readonly string[] {
  return problems.slice(0, maxProblems).map(lineOf)
}

function lineOf(text: string): string {
  return text.length <= maxLineLength
    ? text.toWellFormed()
    : `${text.slice(0, maxLineLength - 1).toWellFormed()}…`
}

/** As a string if it is text, so that a person can read it; else as bytes. */
export function readableBody(body: Uint8Array): string | Uint8Array {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return body
  }
}

const size = v.pipe(
  v.array(v.string()),
  v.transform(({ length }) => length),
)

const rowEntries = {
  id: v.string(),
  provider: v.string(),
  contentType: v.optional(v.string(), ''),
  reason: v.picklist(quarantineReasons),
  problems: v.array(v.string()),
  bytes: count,
  verified: v.optional(v.string(), ''),
  firstSeenAt: v.string(),
  lastSeenAt: v.string(),
  seen: size,
  replays: v.optional(size, []),
  resolvedAt: v.exactOptional(v.string()),
  resolvedBy: v.exactOptional(v.picklist(resolutions)),
}
const storedRow = v.object(rowEntries)

/** The columns of which {@link quarantinedRowIn} makes a row: all but the body, its parts and the expiry. */
export const headColumns: readonly string[] = Object.keys(rowEntries)

/** Throws a `ValiError` where the row does not hold what this version writes. */
export function quarantinedRowIn(row: Row): QuarantinedRow {
  const { replays, verified, ...head } = v.parse(storedRow, row)
  return { ...head, isVerified: verified === 'yes', attempts: replays }
}

const bytesOfText = v.pipe(
  v.string(),
  v.transform((body) => new TextEncoder().encode(body)),
)
const keptBody = v.union([
  v.object({ body: v.union([bytesOfText, v.instance(Uint8Array)]) }),
  v.object({ parts: count }),
])

/** The same with its body, or with the number of parts that hold it. */
export function quarantinedBodyIn(row: Row) {
  return { row: quarantinedRowIn(row), kept: v.parse(keptBody, row) }
}
