import pMap from 'p-map'
import { systemClock } from '../runtime/clock.ts'
import type { DeliveryEvent } from '../core/event.ts'
import type { DeliveryWriter } from '../ledger/ports.ts'
import { mailProviders } from '../providers/registry.ts'
import { dateInstant, readSend } from '../providers/send-reports/send-reports.ts'
import { errorName } from '../runtime/error-name.ts'

/** A mail of Tencent's can have more recipients; a write for each at once would open too many connections. */
const concurrentWrites = 16

/** One mail that a provider has accepted for sending. */
export interface Send {
  /** The id that sending returned: the MessageId of Tencent SES; the messageId or an emailId of SendCloud. */
  readonly messageId: string
  /** Each is one address, in any spelling of its letters, with or without a name. */
  readonly recipients: string | readonly string[]
  /** When it was sent. Only needed if the MessageId does not contain it: `qcloudses-…-date-20261121160000-…` does. */
  readonly sentAt?: Date | undefined
  /** The provider that sent it, such as `sendcloud`. Default: `tencent-ses`. */
  readonly provider?: string | undefined
}

/** Writes a send for each recipient. Throws as `recordSend` says; nothing is opened for an argument that is wrong. */
export async function recordSendBy(open: () => DeliveryWriter, send: Send): Promise<void> {
  const events = eventsOf(send)
  const writer = open()
  const errors: unknown[] = []
  const write = (event: DeliveryEvent) =>
    writer.record(event).catch((error: unknown) => {
      errors.push(error)
    })
  await pMap(events, write, { concurrency: concurrentWrites })
  if (errors.length > 0) throw notWritten(errors, events.length)
}

function eventsOf(send: Send): readonly DeliveryEvent[] {
  // `sentAt` comes from the same clock that it would be compared to.
  const outcomes = readSend(send, {
    pointer: '',
    mailProviders,
    instant: dateInstant,
    nowMs: systemClock.now(),
  })
  const problems = outcomes.flatMap((outcome) => (outcome.type === 'invalid' ? outcome.problems : []))
  if (problems.length > 0) {
    const lines = problems.map(
      ({ pointer, expected, received }) =>
        `${pointer.slice(1) || 'the argument'}: expected ${expected}, got ${received}`,
    )
    throw new TypeError(`recordSend: ${lines.join('; ')}. Nothing was written.`)
  }
  return outcomes.flatMap((outcome) => (outcome.type === 'event' ? outcome.event : []))
}

function notWritten(errors: readonly unknown[], recipients: number): AggregateError {
  const names = [...new Set(errors.map(errorName))].join(', ')
  return new AggregateError(
    errors,
    `recordSend: ${errors.length} of ${recipients} recipients ${errors.length === 1 ? 'was' : 'were'} not written (${names}). Call it again with the same arguments: what is written stays as it is.`,
  )
}
