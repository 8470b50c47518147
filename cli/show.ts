import { systemClock } from '../lib/clock.ts'
import { parseEnvironment, tableEntries } from '../lib/config.ts'
import { bareAddress } from '../lib/core/address.ts'
import { countsOf, sentAtOfDelivery, type Delivery } from '../lib/core/delivery.ts'
import type { EventKind } from '../lib/core/event.ts'
import { byTime, type Fact } from '../lib/core/fact.ts'
import { formatInstant } from '../lib/core/instant.ts'
import { isTaskKey } from '../lib/core/message.ts'
import { jsonLog } from '../lib/log.ts'
import { dynamoDbClient } from '../lib/table/client.ts'
import { deliveryReader } from '../lib/table/delivery-reader.ts'
import { tableNames } from '../lib/table/names.ts'
import { CommandError } from './command-error.ts'

/** For pages of a megabyte. */
const requestTimeoutMs = 5_000

/** Prints what became of the mails to a recipient, or of one message to its recipients. */
export async function show(recipientOrMessage: string, options: { json?: boolean }): Promise<void> {
  const asked = bareAddress(recipientOrMessage).trim()
  const { TABLE_PREFIX } = parseEnvironment(tableEntries, process.env)
  const client = dynamoDbClient(requestTimeoutMs)
  try {
    const log = jsonLog((line) => process.stderr.write(`${line}\n`), systemClock.now)
    const table = tableNames(TABLE_PREFIX).deliveries
    const reader = deliveryReader({ client, table, clock: systemClock, log })
    const isAddress = asked.includes('@')
    const deliveries = isAddress
      ? await reader.ofRecipient(asked.toLowerCase())
      : await reader.ofMessage(asked)
    if (options.json) {
      process.stdout.write(`${JSON.stringify(deliveries.map(asJson), null, 2)}\n`)
    } else if (deliveries.length > 0) {
      process.stdout.write(deliveries.map(timelineOf).join('\n'))
    } else {
      throw new CommandError(nothingFound(asked, TABLE_PREFIX))
    }
  } finally {
    client.destroy()
  }
}

function nothingFound(asked: string, ledger: string): string {
  if (isTaskKey(asked)) return 'Deliveries of a batch task are found by their recipient: a task has no index.'
  const what = asked.includes('@') ? 'Nothing was sent to this recipient' : 'There is no such message'
  return `${what}, as far as ${ledger} knows.`
}

function asJson(delivery: Delivery): object {
  return {
    recipient: delivery.recipient,
    message: delivery.message,
    provider: delivery.provider,
    status: delivery.status,
    counts: Object.fromEntries(countsOf(delivery)),
    facts: Object.fromEntries(
      [...delivery.facts].map(([kind, facts]) => [kind, facts.map((fact) => fact.text)]),
    ),
    columns: Object.fromEntries(delivery.columns),
  }
}

/** One delivery as a person reads it: who and what, then everything that happened in order of time. */
function timelineOf(delivery: Delivery): string {
  const sentAtMs = sentAtOfDelivery(delivery)
  const columns = [...delivery.columns].filter(([name]) => name !== 'sentAt')
  const width = Math.max(...columns.map(([name]) => name.length), 'message'.length)
  const happenings = [...delivery.facts].flatMap(([kind, facts]) => facts.map((fact) => ({ kind, fact })))
  const isFirstTold = happenings.some(({ fact }) => fact.occurredAtMs === sentAtMs)
  return [
    `${delivery.recipient}  ${delivery.status}`,
    `  ${'message'.padEnd(width)}  ${delivery.message}`,
    ...columns.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`),
    '',
    ...(sentAtMs === undefined || isFirstTold ? [] : [`  ${formatInstant(sentAtMs).padEnd(24)}  sent`]),
    ...happenings.sort((a, b) => byTime(a.fact, b.fact)).map(lineOf),
    '',
  ].join('\n')
}

interface Happening {
  readonly kind: EventKind
  readonly fact: Fact
}

function lineOf({ kind, fact }: Happening): string {
  const time = fact.occurredAtMs === undefined ? 'time unknown' : formatInstant(fact.occurredAtMs)
  const told = [fact.link ?? '', fact.detail, fact.source === 'poll' ? '(from the poll)' : '']
  return `  ${time.padEnd(24)}  ${kind.padEnd(12)}  ${told.filter((part) => part !== '').join(' ')}`.trimEnd()
}
