/** Instants are milliseconds since the Unix epoch; their names end in `Ms`. */

/** Unix seconds of the years 2000 and 2100: no mail is dated outside of them. */
export const mailEra = { fromSeconds: 946_684_800, toSeconds: 4_102_444_800 } as const

export const secondMs = 1_000
export const minuteMs = 60 * secondMs
export const hourMs = 60 * minuteMs
export const dayMs = 24 * hourMs

/**
 * The instant of a number of Unix seconds or milliseconds, with or without a fraction: between 2000 and 2100 no number
 * is both. `undefined` if it is neither. Fractions of a millisecond are dropped.
 */
export function unixInstantMs(instant: number): number | undefined {
  const scaleMs = [secondMs, 1].find(
    (scale) =>
      instant * scale >= mailEra.fromSeconds * secondMs && instant * scale <= mailEra.toSeconds * secondMs,
  )
  // Rounded to the microsecond first: 1654064683.123 × 1000 may be slightly less.
  return scaleMs === undefined ? undefined : Math.floor(Number((instant * scaleMs).toFixed(3)))
}

/** The instant without fractions of a second. */
export function toSecond(instantMs: number): number {
  return Math.floor(instantMs / secondMs) * secondMs
}

/** Whether the instant is more than a day in the future: clocks differ by minutes, never by that much. */
export function isAhead(instantMs: number, nowMs: number): boolean {
  return instantMs > nowMs + dayMs
}

/** Both providers count days in UTC+8, which has no daylight saving time. */
export const utc8OffsetMs = 8 * hourMs

/** `2026-11-21T08:00:03Z`; milliseconds are shown only where there are any. */
export function formatInstant(instantMs: number): string {
  return new Date(instantMs).toISOString().replace('.000Z', 'Z')
}

/** Reads what {@link formatInstant} wrote; anything else is `undefined`. */
export function parseInstant(text: string): number | undefined {
  const instantMs = Date.parse(text)
  return Number.isNaN(instantMs) || formatInstant(instantMs) !== text ? undefined : instantMs
}

/** The `RequestDate` (YYYY-MM-DD, UTC+8) on which Tencent Cloud lists what was sent at this instant. */
export function requestDateOf(instantMs: number): string {
  return new Date(instantMs + utc8OffsetMs).toISOString().slice(0, 10)
}

/** The instant at which a request date begins (00:00 in UTC+8). */
export function requestDateStartMs(requestDate: string): number {
  return Date.parse(`${requestDate}T00:00:00Z`) - utc8OffsetMs
}

/** The request date `days` later (earlier, where negative). */
export function addDays(requestDate: string, days: number): string {
  return requestDateOf(requestDateStartMs(requestDate) + days * dayMs)
}
