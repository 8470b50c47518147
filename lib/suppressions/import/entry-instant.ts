import { dayMs, hourMs, mailEra, minuteMs, secondMs, unixInstantMs } from '../../core/instant.ts'

// 2026-11-21, 2026/11/21 8:00, 2026-11-21T08:00:03.250+08:00, 2026-11-21 08:00:03.25 +0000 UTC.
const written =
  /^(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[T ](\d\d?):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*(?:Z|UTC|GMT|([+-])(\d\d):?(\d\d)(?: [A-Z]{2,5}| [+-]\d{2,4})?)?$/i
// Fri, 21 Oct 2011 11:02:55 UTC (RFC 2822).
const inMail = /^(?:[a-z]{3}, )?\d{1,2} [a-z]{3} \d{4} \d\d:\d\d(?::\d\d)? (?:UTC|GMT|[+-]\d{4})$/i

/**
 * The instant in a text: Unix seconds or milliseconds, ISO 8601, as spreadsheets and Go write it, or as mails do. A
 * date without a zone is UTC. `undefined` if it is none of these, or not between 2000 and 2100.
 */
export function entryInstant(text: string): number | undefined {
  if (/^\d+(?:\.\d+)?$/.test(text)) return unixInstantMs(Number(text))
  const parts = written.exec(text)
  const instantMs = parts ? ofParts(parts) : inMail.test(text) ? Date.parse(text) : NaN
  const isInEra = instantMs >= mailEra.fromSeconds * secondMs && instantMs <= mailEra.toSeconds * secondMs
  return isInEra ? instantMs : undefined
}

function ofParts(parts: RegExpExecArray): number {
  const number = (index: number) => Number(parts[index] ?? 0)
  const dateMs = Date.UTC(number(1), number(2) - 1, number(3))
  const date = new Date(dateMs)
  // Date.UTC reads February 30 as a day in March.
  const isDate = date.getUTCMonth() === number(2) - 1 && date.getUTCDate() === number(3)
  if (!isDate || number(4) > 23 || number(5) > 59 || number(6) > 59) return NaN
  const fractionMs = Number((parts[7] ?? '').padEnd(3, '0').slice(0, 3))
  const zoneMs = (parts[8] === '-' ? -1 : 1) * (number(9) * hourMs + number(10) * minuteMs)
  if (Math.abs(zoneMs) >= dayMs) return NaN
  return dateMs + number(4) * hourMs + number(5) * minuteMs + number(6) * secondMs + fractionMs - zoneMs
}
