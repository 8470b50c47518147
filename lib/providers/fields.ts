import * as v from 'valibot'
import { readAddress, type Addressed } from '../core/address.ts'
import { unixInstantMs } from '../core/instant.ts'
import { identifierIn, maxIdentifierBytes } from '../core/message.ts'
import { oneLine } from '../core/text.ts'
import { typeName, type FieldProblem, type Outcome } from './provider.ts'

/** The fields of one event by their names. A map, since the names come from outside. */
export type Fields = ReadonlyMap<string, unknown>

/** Numbers may be numeric strings (seen in public receivers). */
export const wholeNumber = (expected: string) =>
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.trim(), v.digits(), v.transform(Number))], expected),
    v.safeInteger(expected),
  )

export const unixTimeShape =
  'Unix seconds or milliseconds between the years 2000 and 2100, such as 1654064683'

/** Milliseconds of an instant in Unix seconds or milliseconds. Numbers may be numeric strings. */
export const unixTime = v.pipe(
  v.union(
    [v.number(), v.pipe(v.string(), v.trim(), v.regex(/^\d+(?:\.\d+)?$/), v.transform(Number))],
    unixTimeShape,
  ),
  v.transform(unixInstantMs),
  v.number(unixTimeShape),
)

/** The problem of an instant in the future. A replay after it has passed succeeds. */
export function aheadOfClock(pointer: string, value: unknown): FieldProblem {
  return {
    pointer,
    expected: 'an instant at most a day ahead of our clock',
    received: `${typeName(value)} beyond it`,
  }
}

/** One email address, with or without a name, as its recipient and its spelling. */
export const address = v.pipe(
  v.string('one email address'),
  v.transform(readAddress),
  v.custom<Addressed>((read) => read !== undefined, 'one email address'),
)

export const identifier = (expected: string) =>
  v.pipe(
    v.union([v.string(), v.pipe(v.number(), v.safeInteger(), v.transform(String))], expected),
    v.transform(identifierIn),
    v.string(`${expected}, at most ${maxIdentifierBytes} bytes without white space or #`),
  )

/** Any value on one line: text as is, nothing as an empty string, all else as JSON. */
export function textOf(value: unknown): string {
  if (value === undefined) return ''
  return oneLine(typeof value === 'string' ? value : JSON.stringify(value))
}

/** Fields as JSON, in the order of their names; an empty string if there are none. */
export function jsonOf(fields: readonly (readonly [string, unknown])[]): string {
  if (fields.length === 0) return ''
  return JSON.stringify(Object.fromEntries(fields.toSorted(([a], [b]) => (a < b ? -1 : 1))))
}

/** An event of an unknown name. */
export function unrecognisedEvent(name: string, pointer: string, expected: string): Outcome {
  // Only text that looks like a name is repeated: anything else may be an address.
  const received = /^[\w.-]{1,40}$/.test(name) ? name : typeName(name)
  return { type: 'unrecognised', problem: { pointer, expected, received } }
}

/** The outcome if reading throws: the only known cause is a field nested too deeply to be printed. */
export function tooDeep(pointer: string, element: unknown): Outcome {
  const problem = { pointer, expected: 'fields that are nested less deeply', received: typeName(element) }
  return { type: 'invalid', problems: [problem] }
}
