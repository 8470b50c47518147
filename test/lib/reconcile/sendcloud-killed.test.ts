import { describe, expect, it } from '@jest/globals'
import { hourMs, minuteMs, secondMs } from '../../../lib/core/instant.ts'
import { reconcile } from '../../../lib/reconcile/reconcile.ts'
import { sendCloudProvider } from '../../../lib/status-apis/sendcloud/fields.ts'
import type { SendCloudEntry, SendCloudEvent } from '../../../local/simulated-sendcloud/mail.ts'
import type { RowOrder } from '../../../local/simulated-ses/row-order.ts'
import { eventWith } from '../../events.ts'
import { dependenciesOf, type InMemoryPorts } from './in-memory-run.ts'
import { linesOf, type LedgerLines } from './ledger-lines.ts'
import { MortalPorts } from './mortal-ports.ts'
import { messageAt } from '../../local/simulated-sendcloud/sample-mail.ts'
import { requestOf, sendCloudWorldAt, type SendCloudWorld } from './sendcloud-world.ts'

// As killed-anywhere.test.ts, where deliveries are looked up a hundred at once, and answers are repeated to the next run.

const nowMs = Date.parse('2026-11-21T06:00:00Z')
/** A dead run's lease is over by then, and the answers that it got are repeated. */
const betweenRunsMs = 5 * minuteMs

const fates: readonly (readonly Omit<SendCloudEntry, 'atMs'>[])[] = [
  [],
  [{ kind: 'delivered' }],
  [{ kind: 'bounced', bounceType: 'hard_bounce', subStat: 406, cause: '551 5.1.1 recipient is not exist' }],
  [{ kind: 'bounced', bounceType: 'soft_bounce', subStat: 509, cause: '452 4.2.2 mailbox full' }],
  [{ kind: 'dropped', subStat: 401 }],
  [{ kind: 'delivered' }, { kind: 'opened' }],
]
const agesMs = [20 * minuteMs, 2 * hourMs, 26 * hourMs]

/** Each fate at each age: of a third the ledger knows nothing, of a third the request, of a third a request without an emailId. */
const mails = agesMs.flatMap((ageMs, age) =>
  fates.map((fate, index) => {
    const sentAtMs = nowMs - ageMs - index * secondMs
    const timeline = fate.map((entry, step) => ({ ...entry, atMs: sentAtMs + (step + 1) * 5 * secondMs }))
    return { message: messageAt(sentAtMs, `reader${age}-${index}`, timeline), known: (age + index) % 3 }
  }),
)
const recipients = mails.flatMap(({ message }) => message.deliveries.map(({ recipient }) => recipient))

async function open(order: RowOrder): Promise<SendCloudWorld> {
  const world = await sendCloudWorldAt(
    nowMs,
    mails.map(({ message }) => message),
    { order },
  )
  const requests: readonly SendCloudEvent[] = mails
    .filter(({ known }) => known === 1)
    .map(({ message }) => requestOf(message))
  await world.reported(...requests)
  for (const { message } of mails.filter(({ known }) => known === 2)) {
    await world.ledger.deliveries.record(
      eventWith({
        provider: sendCloudProvider,
        recipient: message.deliveries[0]!.recipient,
        message: message.messageId,
        kind: 'requested',
        occurredAtMs: message.sentAtMs,
      }),
    )
  }
  return world
}

function run(ports: InMemoryPorts, owner: string, areSendsRecorded: boolean) {
  return reconcile(dependenciesOf(ports, owner, areSendsRecorded), {
    deadlineMs: ports.clock.now() + 4 * minuteMs,
    maxCalls: 1_000,
    requestsPerSecond: 1,
  })
}

/** A run that is killed at the moment, and the two after it. */
async function played(
  order: RowOrder,
  areSendsRecorded: boolean,
  moment: number,
): Promise<{ readonly mortal: MortalPorts; readonly left: LedgerLines }> {
  const world = await open(order)
  const mortal = new MortalPorts(world, moment)
  await Promise.race([run(mortal.ports, 'killed', areSendsRecorded), mortal.death])
  for (const [index, owner] of ['next', 'last'].entries()) {
    world.clock.advanceTo(nowMs + (index + 1) * betweenRunsMs)
    const { figures } = await run(world, owner, areSendsRecorded)
    if (figures.stoppedBy !== 'done') throw new Error(`The ${owner} run was stopped by ${figures.stoppedBy}.`)
  }
  const left = await linesOf(world.ledger, recipients)
  await world.sendCloud.close()
  return { mortal, left }
}

describe('a run of SendCloud’s poll that is killed at any moment', () => {
  it.each([
    ['oldest-first' as const, true],
    ['oldest-first' as const, false],
    ['newest-first' as const, false],
  ])(
    'leaves the next ones to end in the same tables: %s, sends recorded: %p',
    async (order, areSendsRecorded) => {
      const unkilled = await played(order, areSendsRecorded, Infinity)
      // All that is known but the silent ones, two of each age, and the soft bounces.
      expect(unkilled.left.rows).toContain('sendcloud bounced')
      const gone = new Set<number>()
      const killedAt = new Set<string>()
      for (let moment = 1; moment <= unkilled.mortal.moments; moment += 1) {
        const { mortal, left } = await played(order, areSendsRecorded, moment)
        killedAt.add(mortal.killedAt)
        if (gone.has(mortal.effects)) continue
        gone.add(mortal.effects)
        expect({ killedAt: mortal.killedAt, ...left }).toEqual({
          killedAt: mortal.killedAt,
          ...unkilled.left,
        })
      }
      expect([...killedAt]).toEqual(
        expect.arrayContaining(['page', 'rowsOf', 'before record', 'after record']),
      )
    },
  )
})
