/** Answers that are given again, for a time, to calls with the same parameters. */
export class AnswerCache<Answer = string> {
  readonly #keptMs: number
  readonly #answers = new Map<string, { readonly answer: Answer; readonly untilMs: number }>()

  constructor(keptMs: number) {
    this.#keptMs = keptMs
  }

  find(key: string, nowMs: number): Answer | undefined {
    const known = this.#answers.get(key)
    return known && nowMs < known.untilMs ? known.answer : undefined
  }

  keep(key: string, answer: Answer, nowMs: number): void {
    for (const [other, { untilMs }] of this.#answers) {
      // They stand in the order in which they end.
      if (nowMs < untilMs) break
      this.#answers.delete(other)
    }
    this.#answers.delete(key)
    this.#answers.set(key, { answer, untilMs: nowMs + this.#keptMs })
  }
}

/** The same for the same set of parameters, whatever their order. */
export function cacheKeyOf(action: string, parameters: ReadonlyMap<string, string>): string {
  return JSON.stringify([action, ...[...parameters].sort(([one], [other]) => (one < other ? -1 : 1))])
}
