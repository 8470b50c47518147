import * as v from 'valibot'
import { readAddress, type Addressed } from '../core/address.ts'
import { parseInstant, secondMs, toSecond, unixInstantMs, utc8OffsetMs } from '../core/instant.ts'
import { identifierIn } from '../core/message.ts'
import type { PolledDelivery } from '../core/polled-delivery.ts'
import type { ReadRow } from '../reconcile/ports.ts'

/** Text, or what can be read as such. */
export const text = v.union([
  v.string(),
  v.pipe(
    v.union([v.number(), v.boolean()]),
    v.transform((value) => String(value)),
  ),
])

/** What can be the key of a message. */
export const identifier = v.pipe(
  v.union([v.string(), v.pipe(v.number(), v.safeInteger(), v.transform(String))]),
  v.transform(identifierIn),
  v.string(),
)

/** One email address. */
export const address = v.pipe(
  v.string(),
  v.transform(readAddress),
  v.custom<Addressed>((read) => read !== undefined),
)

/** Numbers may be numeric strings. */
const number = v.union([
  v.number(),
  v.pipe(v.string(), v.trim(), v.regex(/^-?\d+(?:\.\d+)?$/), v.transform(Number)),
])

/** A whole number, or its digits. */
export const wholeNumber = v.pipe(number, v.safeInteger())

/** The instant, in milliseconds, of a time in Unix seconds; `undefined` for 0 and for what is no instant of a mail. */
export const unixSecond = v.pipe(
  number,
  v.transform((value) => {
    const instantMs = unixInstantMs(value)
    return instantMs === undefined ? undefined : toSecond(instantMs)
  }),
)

/** `2026-11-21 16:00:03` in UTC+8. Source of the time zone: "Data", SendCloud's API v2; Tencent counts days in it, too. */
export const localSecond = v.pipe(
  v.string(),
  v.regex(/^\s*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\s*$/),
  v.transform((value) => {
    // Read as UTC first, so that a 31st of February is refused.
    const asUtcMs = parseInstant(`${value.trim().replace(' ', 'T')}Z`)
    return asUtcMs === undefined ? undefined : unixInstantMs((asUtcMs - utc8OffsetMs) / secondMs)
  }),
  v.number(),
)

/** One row of a provider's list, field by field: what cannot be read costs its own field, and is named. */
export class Row {
  readonly #fields: ReadonlyMap<string, unknown>
  readonly #odd = new Set<string>()

  constructor(fields: ReadonlyMap<string, unknown>) {
    this.#fields = fields
  }

  /** The names of the fields that could not be read, in the order in which they were looked at. */
  get odd(): readonly string[] {
    return [...this.#odd]
  }

  /** `undefined` where the field reports nothing, or nothing that can be read. */
  read<T>(name: string, shape: v.GenericSchema<unknown, T>): T | undefined {
    const value = this.#fields.get(name)
    if (value === undefined || value === null || value === '') return undefined
    const parsed = v.safeParse(shape, value)
    if (parsed.success) return parsed.output
    this.mark(name)
    return undefined
  }

  /** Says that the field cannot be read. */
  mark(name: string): void {
    this.#odd.add(name)
  }

  /** Says that these fields need not be read. */
  unmark(names: readonly string[]): void {
    for (const name of names) this.#odd.delete(name)
  }
}

/** Reads one row of a list: what it reports of a delivery, if anything, and the names of the fields that could not be read. */
export function readRow(value: unknown, deliveryOf: (row: Row) => PolledDelivery | undefined): ReadRow {
  if (typeof value !== 'object' || value === null) return { unreadable: { fields: 'row', row: value } }
  const row = new Row(new Map(Object.entries(value)))
  const delivery = deliveryOf(row)
  return {
    ...(delivery && doesReport(delivery) && { delivery }),
    ...(row.odd.length > 0 && {
      unreadable: {
        fields: row.odd.join(' '),
        row: value,
        ...(delivery?.sentAtMs !== undefined && { sentAtMs: delivery.sentAtMs }),
      },
    }),
  }
}

function doesReport({ outcome, engagement, events = [] }: PolledDelivery): boolean {
  return outcome !== undefined || engagement.length + events.length > 0
}
