import { fork } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { unzipSync } from 'fflate'
import { nodeOf, type Runtime } from './old-nodes.ts'

/** What SCF is given of a function. */
interface ScfFunction {
  readonly runtime: Runtime
  readonly zip: Uint8Array
  readonly handler: string
  readonly environment: Readonly<Record<string, string>>
  readonly timeoutSeconds: number
}

/** The temporary credentials of a run role. */
interface Credentials {
  readonly secretId: string
  readonly secretKey: string
  readonly token: string
}

interface Invocation {
  readonly event: unknown
  /** Default: none, as without a run role. */
  readonly credentials?: Credentials
  /** What the function's clock says. Default: the machine's. */
  readonly nowMs?: number
}

/** An instance of a function, in a process of the Node that its runtime names. */
export interface RunningFunction {
  /** `v18.15.0` */
  readonly version: string
  /** Answers what the function returned, after JSON. Rejects with the message of what it threw. */
  readonly invoke: (invocation: Invocation) => Promise<unknown>
  /** What it wrote to standard output and standard error. */
  readonly log: () => string
  readonly stop: () => Promise<void>
}

interface Answer {
  readonly id: number
  readonly version?: string
  readonly returned?: string
  readonly thrown?: { readonly message: string; readonly stack: string }
}

const bootstrap = fileURLToPath(new URL('bootstrap.cjs', import.meta.url))

/** Unpacks the zip where nothing of the project is near, and starts it. */
export async function startFunction({
  runtime,
  zip,
  handler,
  environment,
  timeoutSeconds,
}: ScfFunction): Promise<RunningFunction> {
  const folder = await unpacked(zip)
  const child = fork(bootstrap, [folder, handler], {
    execPath: await nodeOf(runtime),
    execArgv: [],
    // With nothing of the project's own environment.
    env: { ...environment, TENCENTCLOUD_RUNENV: 'SCF', TENCENTCLOUD_REGION: 'ap-guangzhou' },
    silent: true,
  })
  let log = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => (log += text))
  }
  const waiting = new Map<number, (answer: Answer) => void>()
  const exited = new Promise<void>((resolve) =>
    child.once('exit', () => {
      resolve()
    }),
  )
  const version = await new Promise<string>((resolve, reject) => {
    child.on('message', (answer: Answer) => {
      if (answer.version === undefined) waiting.get(answer.id)?.(answer)
      else resolve(answer.version)
    })
    void exited.then(() => {
      reject(new Error(`The function ended:\n${log}`))
    })
  })
  let invocations = 0
  return {
    version,
    async invoke({ event, credentials, nowMs }) {
      const id = (invocations += 1)
      const answered = new Promise<Answer>((resolve) => waiting.set(id, resolve))
      const variables = { ...environment, ...(credentials && variablesOf(credentials)) }
      const context = {
        request_id: `request-${id}`,
        time_limit_in_ms: timeoutSeconds * 1_000,
        memory_limit_in_mb: 512,
        environment: JSON.stringify(variables),
      }
      child.send({ id, nowMs, event, context })
      const { thrown, returned } = await Promise.race([
        answered,
        exited.then(() => Promise.reject(new Error(`The function ended:\n${log}`))),
      ])
      waiting.delete(id)
      if (thrown) throw new Error(thrown.message)
      return returned === undefined ? undefined : (JSON.parse(returned) as unknown)
    },
    log: () => log,
    async stop() {
      child.kill()
      await exited
      await rm(folder, { recursive: true })
    },
  }
}

async function unpacked(zip: Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'delivery-ledger-scf-'))
  for (const [file, bytes] of Object.entries(unzipSync(zip))) {
    if (dirname(file) !== '.') throw new Error(`SCF finds a handler at the zip's root alone, not ${file}.`)
    await writeFile(join(folder, file), bytes)
  }
  return folder
}

function variablesOf({ secretId, secretKey, token }: Credentials): Record<string, string> {
  return {
    TENCENTCLOUD_SECRETID: secretId,
    TENCENTCLOUD_SECRETKEY: secretKey,
    TENCENTCLOUD_SESSIONTOKEN: token,
  }
}
