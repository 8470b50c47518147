import { createServer } from 'node:http'
import { close, listen, localHost } from '../local/listening-server.ts'

/** As much of AWS Lambda as says how functions were deployed, over HTTP, for the real client. */
export interface EmulatedFunctions {
  readonly endpoint: string
  /** By name. */
  readonly functions: Map<
    string,
    { readonly environment: Readonly<Record<string, string>>; readonly url?: string }
  >
  /** What every request is refused with; nothing where it is not. */
  refuseWith: string | undefined
  readonly stop: () => Promise<void>
}

/** Source: AWS Lambda API reference, GetFunctionConfiguration and GetFunctionUrlConfig. */
export async function startEmulatedFunctions(): Promise<EmulatedFunctions> {
  const functions: EmulatedFunctions['functions'] = new Map()
  const answerTo = (path: string): object | undefined => {
    const configured = /^\/2015-03-31\/functions\/([^/]+)\/configuration$/.exec(path)?.[1] ?? ''
    const withUrl = /^\/2021-10-31\/functions\/([^/]+)\/url$/.exec(path)?.[1] ?? ''
    const [found, url] = [functions.get(configured), functions.get(withUrl)?.url]
    if (found) return { FunctionName: configured, Environment: { Variables: found.environment } }
    return url === undefined ? undefined : { FunctionUrl: url }
  }
  const server = createServer((request, response) => {
    const answer = answerTo(request.url ?? '')
    const refusal = emulated.refuseWith ?? (answer ? undefined : 'ResourceNotFoundException')
    response.setHeader('content-type', 'application/json')
    if (refusal !== undefined) {
      response.statusCode = refusal === 'AccessDeniedException' ? 403 : 404
      response.setHeader('x-amzn-errortype', refusal)
    }
    response.end(JSON.stringify(refusal === undefined ? answer : { Message: 'no' }))
  })
  const port = await listen(server, 0, 'the emulated functions')
  const emulated: EmulatedFunctions = {
    endpoint: `http://${localHost}:${port}`,
    functions,
    refuseWith: undefined,
    stop: () => close(server),
  }
  return emulated
}
