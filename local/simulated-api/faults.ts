import type { ServerResponse } from 'node:http'

/**
 * How a call can go wrong on purpose: an error code of the provider's (in an answer of HTTP 200), an HTTP status without a
 * readable body, a connection closed without an answer, a 200 that is not JSON.
 */
export type Fault = { readonly code: string } | PlainFault

type PlainFault = { readonly httpStatus: number } | 'hang-up' | 'not-json'

/** Faults of calls that look like `Call`, before an answer is chosen. */
export interface Faults<Call> {
  /** The next `count` calls that no targeted fault meets fail with this fault; several orders queue up. */
  failNext(count: number, fault: Fault): void
  /** Every call that the predicate picks fails, until the returned function is called. */
  failWhen(predicate: (call: Call) => boolean, fault: Fault): () => void
  /** The fault for this call, taken off the queue; undefined when it is to be answered. */
  takeFor(call: Call): Fault | undefined
}

export function plannedFaults<Call>(): Faults<Call> {
  const queue: Fault[] = []
  const targeted = new Set<{ predicate: (call: Call) => boolean; fault: Fault }>()
  return {
    failNext: (count, fault) => {
      for (let left = count; left > 0; left -= 1) queue.push(fault)
    },
    failWhen: (predicate, fault) => {
      const target = { predicate, fault }
      targeted.add(target)
      return () => {
        targeted.delete(target)
      }
    },
    takeFor: (call) => {
      const target = [...targeted].find(({ predicate }) => predicate(call))
      return target ? target.fault : queue.shift()
    },
  }
}

/** As it is written down in the recorded calls: an error code, `HTTP 503`, `hang-up`, `not-json`. */
export function nameOfFault(fault: Fault): string {
  if (typeof fault === 'string') return fault
  return 'code' in fault ? fault.code : `HTTP ${fault.httpStatus}`
}

/** Answers with a fault that is no error code of the provider's. */
export function replyWithFault(response: ServerResponse, fault: PlainFault): void {
  if (fault === 'hang-up') response.destroy()
  else if (fault === 'not-json')
    response.setHeader('content-type', 'text/html').end('<html><body>It works!</body></html>')
  else response.writeHead(fault.httpStatus).end()
}
