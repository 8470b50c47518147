/** The first so many of a list in an order, however long the list: about twice as many are held. */
export class FirstOf<T> {
  readonly #limit: number
  readonly #compare: (one: T, other: T) => number
  #held: T[] = []

  constructor(limit: number, compare: (one: T, other: T) => number) {
    this.#limit = limit
    this.#compare = compare
  }

  add(item: T): void {
    this.#held.push(item)
    if (this.#held.length >= 2 * this.#limit + 100) this.#held = this.inOrder()
  }

  inOrder(): T[] {
    return this.#held.toSorted(this.#compare).slice(0, this.#limit)
  }
}
