import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'

/** How a simulated API takes in a call, decides about it, and replies. */
interface SimulatedApi<Request, Call extends { readonly atMs: number }, Answer> {
  /** The simulation's time, by which answers are dated. */
  readonly now: () => number
  /** Rejects where the connection is to be closed without an answer. */
  readonly receive: (message: IncomingMessage) => Promise<Request>
  readonly callOf: (request: Request, atMs: number) => Call
  readonly answerTo: (request: Request, call: Call) => Answer
  /** How the answer is recorded. */
  readonly nameOf: (answer: Answer) => string
  /** @param callNumber - from 1 on */
  readonly reply: (response: ServerResponse, answer: Answer, callNumber: number) => void
}

/** A server that is not listening yet, and its calls, each recorded with its answer before that is sent. */
export function recordingServer<Request, Call extends { readonly atMs: number }, Answer>(
  api: SimulatedApi<Request, Call, Answer>,
): { readonly server: Server; readonly calls: readonly (Call & { readonly answer: string })[] } {
  const calls: (Call & { readonly answer: string })[] = []
  const server = createServer((message, response) => {
    api.receive(message).then(
      (request) => {
        const call = api.callOf(request, api.now())
        response.setHeader('date', new Date(call.atMs).toUTCString())
        const answer = api.answerTo(request, call)
        calls.push({ ...call, answer: api.nameOf(answer) })
        api.reply(response, answer, calls.length)
      },
      () => response.destroy(),
    )
  })
  return { server, calls }
}
