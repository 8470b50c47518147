import { tryAgain } from '../lib/ingest/responses.ts'
import type { Environment } from '../lib/runtime/config.ts'
import { functionUrlStack, type FunctionUrlHandler } from '../lib/runtime/http/function-url.ts'
import { lambda, type Runtime } from '../lib/runtime/runtime.ts'
import { createIngest } from './any-cloud/ingest.ts'

/** Wires the ingest function: callbacks in, one write per event out. */
export function createHandler(environment: Environment, deps: Runtime = lambda): FunctionUrlHandler {
  return functionUrlStack(createIngest(environment, deps), { log: deps.log, onFault: tryAgain })
}

/** The Lambda entry point. */
// ts-unused-exports:disable-next-line
export const handler = createHandler(process.env)
