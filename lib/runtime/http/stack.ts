import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { tryAgain } from '../../ingest/responses.ts'
import type { WebhookResponse, WebhookRequest } from '../../ingest/ports.ts'
import type { Log } from '../ports.ts'
import { requestOf, resultOf, type FunctionUrlResult } from './function-url.ts'

/** A Lambda handler for function URL events. */
export type FunctionUrlHandler = (event: unknown, context: Context) => Promise<FunctionUrlResult>

/**
 * The middleware around a function URL: events become requests, responses become results. An unexpected error or a
 * timeout is answered 503, so that the sender retries.
 */
export function functionUrlStack(
  respond: (request: WebhookRequest) => Promise<WebhookResponse>,
  log: Log,
): FunctionUrlHandler {
  const stack = middy<unknown, FunctionUrlResult>()
    .use({
      name: 'answer-unexpected-fault',
      onError(request) {
        const fault: unknown = request.error
        log('unexpected fault', { stack: fault instanceof Error ? fault.stack : typeof fault })
        request.response = resultOf(tryAgain())
      },
    })
    .handler(async (event: unknown) => resultOf(await respond(requestOf(event))))
  return (event, context) => stack(event, context)
}
