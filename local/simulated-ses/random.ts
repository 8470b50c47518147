import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Chance, drawn from a seed: the same seed gives the same draws in the same order. */
export interface Random {
  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number
  /** True in `rate` of the draws (0 never, 1 always). */
  chance(rate: number): boolean
  /** One element, each as likely as another. Throws on an empty list. */
  pick<T>(list: readonly T[]): T
  /** A shuffled copy. */
  shuffle<T>(list: readonly T[]): T[]
}

export function seededRandom(seed: number): Random {
  const generator = xoroshiro128plus(seed)
  const int = (from: number, to: number) => uniformInt(generator, from, to)
  return {
    int,
    chance: (rate) => uniformFloat64(generator) < rate,
    pick: (list) => {
      const picked = list[int(0, Math.max(0, list.length - 1))]
      if (picked === undefined) throw new Error('pick: the list is empty')
      return picked
    },
    shuffle: (list) =>
      list
        .map((element) => ({ element, key: uniformFloat64(generator) }))
        .sort((one, other) => one.key - other.key)
        .map(({ element }) => element),
  }
}
