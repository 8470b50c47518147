import fc from 'fast-check'

/** Every random test runs from this seed. `SEED=… npm test` tries another; a failure prints the one it used. */
const seed = Number(process.env.SEED ?? 20261121)

fc.configureGlobal({ seed, numRuns: Number(process.env.RUNS ?? 100) })
