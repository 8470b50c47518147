import { parentPort, workerData } from 'node:worker_threads'
import { boundsOf, type Bounds } from './lower-bound.ts'
import type { Scenario } from './scenario.ts'
import { simulate, type Outcome } from './simulation.ts'
import { strategies } from './strategies.ts'

/** What a worker is given to do: one strategy, or the bound where none is named. */
export interface Job {
  readonly scenario: Scenario
  readonly strategy?: string
}

/** What a worker says: a day is over, and in the end what came of it. */
export type JobNews = 'day' | { readonly outcome: Outcome } | { readonly bounds: Bounds }

async function done({ scenario, strategy: name }: Job): Promise<JobNews> {
  const strategy = strategies.find((known) => known.name === name)
  if (strategy) return { outcome: await simulate(scenario, strategy, () => parentPort?.postMessage('day')) }
  return { bounds: boundsOf(scenario) }
}

parentPort?.postMessage(await done(workerData as Job))
