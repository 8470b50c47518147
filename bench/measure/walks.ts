import { readFileSync } from 'node:fs'
import type { createHandler as createIngest } from '../../functions/ingest.ts'
import type { createHandler as createReconcile } from '../../functions/reconcile.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { startDynamoDbEmulator, type DynamoDbEmulator } from '../../local/dynamodb-emulator.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { simulatedAppKey, simulatedSesCredentials } from '../../local/local-environment.ts'
import { formType, signedForm } from '../../local/simulated-sendcloud/callback.ts'
import { mailAt, type SimulatedDelivery } from '../../local/simulated-ses/mail.ts'
import { startSimulatedSes } from '../../local/simulated-ses/server.ts'
import { createTables } from '../../local/tables.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { entriesOf, traceMarkedModules, type Entry, type WalkFigures } from './tracer.ts'

/** One event's way through the functions. */
interface Walk {
  readonly name: string
  /** At most so much is to be followed; what is not named has no goal. */
  readonly goal: Partial<WalkFigures>
  /** The first event of the process, which finds nothing set up. */
  readonly cold: readonly Entry[]
  /** The second one. */
  readonly warm: readonly Entry[]
}

const root = new URL('../../', import.meta.url)
const token = 'a-token-for-the-bench'
const prefix = 'bench'

/** Walks all ways, each with functions of its own, on the embedded engine and the simulated SES. */
export async function walkAll(): Promise<readonly Walk[]> {
  traceMarkedModules(root.href, ['lib', 'functions'])
  const emulator = await startDynamoDbEmulator(0)
  try {
    await createTables(emulator.client, prefix)
    return [
      await callbackWalk('Tencent SES: bounce', emulator, tencentBounce, { files: 12, changes: 25 }),
      await callbackWalk('SendCloud: delivered', emulator, sendCloud('deliver'), { files: 14 }),
      await callbackWalk('SendCloud: invalid', emulator, sendCloud('invalid'), { files: 14 }),
      await reconcileWalk('reconcile: one lost mail', emulator, { files: 15, changes: 40 }),
    ]
  } finally {
    await emulator.stop()
  }
}

/** A request with a callback about a recipient. */
type CallbackAbout = (name: string) => object

async function callbackWalk(
  name: string,
  { client }: DynamoDbEmulator,
  callbackAbout: CallbackAbout,
  goal: Partial<WalkFigures>,
): Promise<Walk> {
  const createHandler = await traced<typeof createIngest>('functions/ingest.ts')
  const handler = createHandler(
    { TABLE_PREFIX: prefix, CALLBACK_TOKEN_SHA256: tokenDigest(token), SENDCLOUD_APP_KEY: simulatedAppKey },
    {
      clock: virtualClock('2026-11-21T08:00:00Z'),
      log: () => undefined,
      dynamoDb: () => client,
      deadline: () => new AbortController().signal,
    },
  )
  const handle = async (about: string) => {
    const { statusCode } = await handler(
      callbackAbout(about),
      lambdaContext(() => 60_000),
    )
    if (statusCode !== 200) throw new Error(`${name}: answered ${statusCode}.`)
  }
  const cold = await entriesOf(() => handle('anna'))
  return { name, goal, cold, warm: await entriesOf(() => handle('berta')) }
}

function requestOf(provider: string, type: string, body: string): object {
  return {
    rawPath: `/${provider}/${token}`,
    headers: { 'content-type': type },
    body,
    requestContext: { http: { method: 'POST' } },
  }
}

function tencentBounce(name: string): object {
  const body = fixture('tencent-ses/2025-10-bounce.json').replaceAll('example@', `${name}@`)
  return requestOf('tencent-ses', 'application/json', body)
}

function sendCloud(event: string): CallbackAbout {
  return (name) => {
    const form = new URLSearchParams(fixture(`sendcloud/hand-made-${event}.form`).replaceAll('reader', name))
    const timestamp = form.get('timestamp') ?? ''
    const body = signedForm(
      { ...Object.fromEntries(form), timestamp },
      { appKey: simulatedAppKey, token: 'T'.repeat(50) },
    )
    return requestOf('sendcloud', formType, body)
  }
}

function fixture(file: string): string {
  return readFileSync(new URL(`test/fixtures/${file}`, root), 'utf8')
}

/** Each run finds one mail, a day old, of which no callback ever came. The first run makes the checkpoint. */
async function reconcileWalk(
  name: string,
  { client }: DynamoDbEmulator,
  goal: Partial<WalkFigures>,
): Promise<Walk> {
  const createHandler = await traced<typeof createReconcile>('functions/reconcile.ts')
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const ses = await startSimulatedSes({ port: 0, clock, ...simulatedSesCredentials })
  const handler = createHandler(
    {
      TABLE_PREFIX: prefix,
      SES_ENDPOINT: ses.url,
      TENCENTCLOUD_SECRET_ID: simulatedSesCredentials.secretId,
      TENCENTCLOUD_SECRET_KEY: simulatedSesCredentials.secretKey,
    },
    { clock, log: () => undefined, dynamoDb: () => client },
  )
  const run = async (about: string, repaired: number) => {
    const figures = await handler(
      {},
      lambdaContext(() => 840_000),
    )
    if (figures.repaired + figures.discovered !== repaired)
      throw new Error(`${name}: ${about} is not repaired.`)
  }
  try {
    ses.send(lostMail('anna', clock.now() - 1_800_000))
    const cold = await entriesOf(() => run('anna', 1))
    clock.advance(3_600_000)
    ses.send(lostMail('berta', clock.now() - 1_800_000))
    return { name, goal, cold, warm: await entriesOf(() => run('berta', 1)) }
  } finally {
    await ses.close()
  }
}

function lostMail(name: string, sentAtMs: number): SimulatedDelivery {
  const timeline = [{ kind: 'delivered', atMs: sentAtMs + 10_000 }] as const
  return mailAt(new Date(sentAtMs).toISOString(), name, { timeline })
}

async function traced<T>(file: string): Promise<T> {
  const { createHandler } = (await import(`${new URL(file, root).href}?traced`)) as { createHandler: T }
  return createHandler
}
