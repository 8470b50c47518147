import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json, text } from 'node:stream/consumers'
import { close, listen, localHost } from '../../local/listening-server.ts'
import { startTied } from './tied-process.ts'

/** How Lambda ends an invocation: with what the function returned, or with what it threw. */
type Invocation = { readonly response: unknown } | { readonly error: unknown }

export interface LambdaFunction {
  readonly invoke: (event: unknown) => Promise<Invocation>
  /** By `performance.now()`: when its process was started. */
  readonly startedMs: number
  /** When it first asked for an event, which ends what Lambda calls its init. */
  readonly askedMs: () => number | undefined
  /** What stands in the function's log. */
  readonly log: () => string
  readonly stop: () => Promise<void>
}

interface Deployed {
  /** Amazon's runtime interface client: the program that runs a function inside Lambda. */
  readonly runtimeClient: string
  /** Where the function's zip is unpacked. */
  readonly folder: string
  readonly name: string
  /** `functions/ingest.handler` */
  readonly handler: string
  readonly memoryMb: number
  readonly timeoutMs: number
  readonly environment: Readonly<Record<string, string>>
}

const prefix = '/2018-06-01/runtime'

/**
 * Runs a function as Lambda does: Amazon's client asks a Runtime API for events and posts each result.
 * Source: AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes", read 2026-11-22.
 */
export async function startLambda(of: Deployed): Promise<LambdaFunction> {
  const events: { readonly id: string; readonly event: unknown }[] = []
  const underway = new Map<string, PromiseWithResolvers<Invocation>>()
  let asking: ServerResponse | undefined
  let askedMs: number | undefined

  const handOut = () => {
    if (asking === undefined || events.length === 0) return
    const { id, event } = events.shift()!
    asking.writeHead(200, {
      'content-type': 'application/json',
      'lambda-runtime-aws-request-id': id,
      'lambda-runtime-deadline-ms': String(Date.now() + of.timeoutMs),
      'lambda-runtime-invoked-function-arn': `arn:aws:lambda:ap-southeast-1:123456789012:function:${of.name}`,
      'lambda-runtime-trace-id': 'Root=1-6740a980-000000000000000000000000;Sampled=0',
    })
    asking.end(JSON.stringify(event))
    asking = undefined
  }
  const failAll = (problem: string) => {
    for (const one of underway.values()) one.reject(new Error(problem))
  }
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [what = '', id = '', how] = (request.url ?? '').replace(`${prefix}/`, '').split('/')
    if (what === 'invocation' && id === 'next') {
      askedMs ??= performance.now()
      asking = response
      handOut()
      return
    }
    if (what === 'init') failAll(`The function could not be loaded: ${await text(request)}`)
    else if (how === 'response') underway.get(id)?.resolve({ response: await json(request) })
    else underway.get(id)?.resolve({ error: await json(request) })
    response.writeHead(202).end('{"status":"OK"}')
  }

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      failAll(String(error))
    })
  })
  const port = await listen(server, 0, 'the Runtime API')
  const startedMs = performance.now()
  const client = startTied([process.execPath, of.runtimeClient, of.handler], {
    cwd: of.folder,
    env: { ...surroundingsOf(of), AWS_LAMBDA_RUNTIME_API: `${localHost}:${port}`, ...of.environment },
  })
  void client.exited.then((code) => {
    failAll(`Lambda's client ended with ${code}:\n${client.output()}`)
  })
  return {
    async invoke(event) {
      if (client.hasExited()) throw new Error(`Lambda's client has ended:\n${client.output()}`)
      const id = randomUUID()
      const done = Promise.withResolvers<Invocation>()
      underway.set(id, done)
      events.push({ id, event })
      handOut()
      return done.promise.finally(() => underway.delete(id))
    },
    startedMs,
    askedMs: () => askedMs,
    log: client.output,
    async stop() {
      await client.stop()
      await close(server)
    },
  }
}

/** What Lambda sets beside a function's own environment (developer guide, "Defined runtime environment variables"). */
function surroundingsOf({ name, handler, folder, memoryMb }: Deployed): Record<string, string> {
  return {
    _HANDLER: handler,
    LAMBDA_TASK_ROOT: folder,
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(memoryMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: '2026/11/22/[$LATEST]0123456789abcdef0123456789abcdef',
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
    TZ: ':UTC',
    LANG: 'en_US.UTF-8',
  }
}
