import { InvalidArgumentError } from 'commander'
import { dayMs, hourMs, minuteMs } from '../lib/core/instant.ts'

const unitsMs: ReadonlyMap<string, number> = new Map([
  ['m', minuteMs],
  ['h', hourMs],
  ['d', dayMs],
])

/** An age as an option of a command, in milliseconds; commander shows what is wrong with it. */
export function ageIn(text: string): number {
  const [, number = '', unit = ''] = /^(\d{1,4})([mhd])$/.exec(text) ?? []
  const unitMs = unitsMs.get(unit)
  if (unitMs === undefined) throw new InvalidArgumentError('Expected an age, such as 30m, 24h or 3d.')
  return Number(number) * unitMs
}
