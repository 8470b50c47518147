/**
 * From the start of a function's process to its first answer, in Amazon's own runtime interface client, as multiples of
 * a function that does nothing. `npm run bench:cold -- 30` takes 30 rounds instead of 15.
 */
import { MissingToolError, runtimeClient } from '../test/aws/tools.ts'
import { callbackSettings, deliveredCallbacks } from './cold/callback.ts'
import { coldStart, unpack } from './cold/cold-start.ts'
import { tableOf, type Measured } from './cold/report.ts'
import { startTables } from './cold/tables.ts'
import { makeVariants } from './cold/variants.ts'

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** Variants take turns, so that other load on the machine affects all of them. The first round is discarded. */
async function measure(rounds: number): Promise<void> {
  const client = await runtimeClient()
  const tables = await startTables()
  const { unpacked, remove } = await unpack(await makeVariants())
  try {
    const writeMs = await tables.warmUp()
    const environment = { ...tables.environment, ...callbackSettings }
    const events = deliveredCallbacks((rounds + 1) * unpacked.length)
    const measured = unpacked.map((variant) => ({ variant, starts: [] as Measured['starts'] }))
    for (let round = 0; round <= rounds; round += 1) {
      for (const [index, one] of measured.entries()) {
        const event = events[round * measured.length + index] ?? {}
        const start = await coldStart(one.variant, event, client, environment)
        if (round > 0) one.starts = [...one.starts, start]
      }
    }
    const expected = unpacked.filter(({ writes }) => writes).length * (rounds + 1)
    const written = await tables.deliveries()
    if (written !== expected) throw new Error(`The table holds ${written} deliveries, and not ${expected}.`)

    say(`${rounds} cold starts of each variant, in turns, Node ${process.versions.node}`)
    say()
    for (const line of tableOf(
      measured.map(({ variant: { name, code }, starts }) => ({ name, bytes: code.length, starts })),
    )) {
      say(`  ${line}`)
    }
    say()
    say(
      'Measured: starting Node and the client, loading the bundle, reading one callback, one UpdateItem over new TLS.',
    )
    say(`The table is dynalite in another process, warm: a write takes ${writeMs.toFixed(1)} ms.`)
    say('Not measured: Firecracker, the download of the zip, the network, any CPU but this one.')
  } finally {
    await remove()
    await tables.stop()
  }
}

const [asked = '15'] = process.argv.slice(2)
const rounds = /^[1-9]\d{0,3}$/.test(asked) ? Number(asked) : undefined
try {
  if (rounds === undefined) say(`The rounds: expected a number from 1 to 9999, and not '${asked}'.`)
  else await measure(rounds)
  process.exitCode = rounds === undefined ? 1 : 0
} catch (error) {
  if (!(error instanceof MissingToolError)) throw error
  say(error.message)
  process.exitCode = 1
}
