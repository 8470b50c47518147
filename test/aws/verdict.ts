// Whether a part of `npm run test:aws` is good: one that passed by leaving tests out is not.

/** What jest, or whatever a part runs, came to. */
export interface Outcome {
  readonly code: number
  readonly output: string
}

interface Verdict {
  /** `undefined` where the part is good. */
  readonly problem: string | undefined
  /** Passed, failed and skipped tests. */
  readonly counts: readonly [passed: number, failed: number, skipped: number]
}

/** Tests that may be skipped, by their full names, and why. There is none. */
const knownToBeSkipped: ReadonlyMap<string, string> = new Map()

/** Judges by the lines with which test/closing-line-reporter.js ends every run. */
export function verdictOf({ code, output }: Outcome, mayBeSkipped = knownToBeSkipped): Verdict {
  const [, passed, failed, skipped] =
    [...output.matchAll(/^(\d+) passed, (\d+) failed, (\d+) skipped$/gm)].at(-1) ?? []
  if (passed === undefined) return { problem: 'It ended without its closing line.', counts: [0, 1, 0] }
  const counts = [Number(passed), Number(failed), Number(skipped)] as const
  const names = [...output.matchAll(/^skipped: (.*)$/gm)].map(([, name = '']) => name)
  return { problem: problemOf(code, counts, names, mayBeSkipped), counts }
}

function problemOf(
  code: number,
  [passed, failed, skipped]: Verdict['counts'],
  names: readonly string[],
  mayBeSkipped: ReadonlyMap<string, string>,
): string | undefined {
  if (code !== 0 || failed > 0) return `It ended with code ${code}.`
  if (passed === 0) return 'No test ran.'
  const unknown = names.filter((name) => !mayBeSkipped.has(name))
  if (unknown.length > 0 || names.length !== skipped) {
    return `Tests were skipped that test/aws/verdict.ts does not know (${unknown.join('; ')}): make them run, or say there why not.`
  }
  return undefined
}
