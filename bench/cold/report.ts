import type { ColdStart } from './cold-start.ts'

export interface Measured {
  readonly name: string
  readonly bytes: number
  /** One of each round, in the order of the rounds. */
  readonly starts: readonly ColdStart[]
}

const head = [
  ['', '', 'answer after', '', '× bare', '', 'of it', ''],
  ['', 'bytes', 'median', 'p90', 'median', 'quartiles', 'init', 'invocation'],
]

/** A line for each variant. Ratios are to the answer of the first variant in the same round. */
export function tableOf(measured: readonly Measured[]): readonly string[] {
  const bareMs = measured[0]?.starts.map(answerMs) ?? []
  const rows = measured.map(({ name, bytes, starts }) => {
    const ratios = (of: (start: ColdStart) => number) =>
      starts.map((start, round) => of(start) / (bareMs[round] ?? NaN))
    const all = starts.map(answerMs)
    const whole = ratios(answerMs)
    return [
      name,
      String(bytes),
      `${quantile(all, 0.5).toFixed(0)} ms`,
      `${quantile(all, 0.9).toFixed(0)} ms`,
      quantile(whole, 0.5).toFixed(2),
      `${quantile(whole, 0.25).toFixed(2)}–${quantile(whole, 0.75).toFixed(2)}`,
      quantile(
        ratios(({ initMs }) => initMs),
        0.5,
      ).toFixed(2),
      quantile(
        ratios(({ invocationMs }) => invocationMs),
        0.5,
      ).toFixed(2),
    ]
  })
  const lines = [...head, ...rows]
  const widths =
    head[0]?.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0))) ?? []
  return lines.map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  )
}

function answerMs({ initMs, invocationMs }: ColdStart): number {
  return initMs + invocationMs
}

/** Between neighbors it is as far from them as the share says. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other)
  const place = (sorted.length - 1) * share
  const below = sorted[Math.floor(place)] ?? NaN
  const above = sorted[Math.ceil(place)] ?? NaN
  return below + (above - below) * (place - Math.floor(place))
}
