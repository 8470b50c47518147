import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLambda } from '../../test/aws/runtime-api.ts'
import type { Variant } from './variants.ts'

/** From the start of a function's process until it asked for an event, and from then until its first answer. */
export interface ColdStart {
  readonly initMs: number
  readonly invocationMs: number
}

interface Unpacked extends Variant {
  /** Nothing of the project is near. */
  readonly folder: string
}

/** Lays each variant where only its one file is, as Lambda unpacks a zip. */
export async function unpack(
  variants: readonly Variant[],
): Promise<{ readonly unpacked: readonly Unpacked[]; readonly remove: () => Promise<void> }> {
  const root = await mkdtemp(join(tmpdir(), 'delivery-ledger-cold-'))
  const unpacked = await Promise.all(
    variants.map(async (variant, index) => {
      const folder = join(root, String(index))
      await mkdir(join(folder, 'functions'), { recursive: true })
      await writeFile(join(folder, 'functions/variant.cjs'), variant.code)
      return { ...variant, folder }
    }),
  )
  return { unpacked, remove: () => rm(root, { recursive: true }) }
}

/** Starts a variant in Lambda's own client with an event that waits for it. Rejects where it is not answered 200. */
export async function coldStart(
  { name, folder }: Unpacked,
  event: object,
  runtimeClient: string,
  environment: Readonly<Record<string, string>>,
): Promise<ColdStart> {
  const lambda = await startLambda({
    runtimeClient,
    folder,
    name: 'variant',
    handler: 'functions/variant.handler',
    memoryMb: 1_024,
    timeoutMs: 10_000,
    environment,
  })
  try {
    const answer = await lambda.invoke(event)
    const answeredMs = performance.now()
    if (!('response' in answer) || (answer.response as { statusCode?: number }).statusCode !== 200) {
      throw new Error(`${name} answered ${JSON.stringify(answer)}, and not 200:\n${lambda.log()}`)
    }
    const askedMs = lambda.askedMs() ?? NaN
    return { initMs: askedMs - lambda.startedMs, invocationMs: answeredMs - askedMs }
  } finally {
    await lambda.stop()
  }
}
