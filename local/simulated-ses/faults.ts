/** One call as it came in, before an answer was chosen; parameters of a wrong type read as undefined. */
export interface IncomingCall {
  readonly atMs: number
  readonly action: string
  readonly requestDate: string | undefined
  readonly offset: number | undefined
  readonly limit: number | undefined
  readonly messageId: string | undefined
  readonly toEmailAddress: string | undefined
}

/**
 * How a call can go wrong on purpose: an error code of Tencent's (HTTP 200 with `Response.Error`), an HTTP status
 * without a readable body, a connection closed without an answer, a 200 that is not JSON.
 */
export type Fault = { readonly code: string } | { readonly httpStatus: number } | 'hang-up' | 'not-json'

export interface Faults {
  /** The next `count` calls that no targeted fault meets fail with this fault; several orders queue up. */
  failNext(count: number, fault: Fault): void
  /** Every call that the predicate picks fails, until the returned function is called. */
  failWhen(predicate: (call: IncomingCall) => boolean, fault: Fault): () => void
  /** The fault for this call, taken off the queue; undefined when it is to be answered. */
  takeFor(call: IncomingCall): Fault | undefined
}

export function plannedFaults(): Faults {
  const queue: Fault[] = []
  const targeted = new Set<{ predicate: (call: IncomingCall) => boolean; fault: Fault }>()
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
