import { beforeAll, describe, expect, it } from '@jest/globals'
import { DeleteItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { statusRanks, type Status } from '../../lib/core/delivery.ts'
import { deliveryReader } from '../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { leaseByHand, runStore } from '../../lib/table/lease-and-checkpoint.ts'
import type { TableNames } from '../../lib/store/ports.ts'
import { suppressionReader } from '../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { inMemoryLedger, usualLimits, type Ledger } from '../../local/in-memory-ledger.ts'
import { virtualClock, type VirtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables } from '../embedded-tables.ts'
import {
  anyEvent,
  anyEvidence,
  describeLedgerContract,
  everyKey,
  figures,
  messages,
  pendingOf,
  recipients,
  sorted,
  type OpenLedger,
} from './ledger-contract.ts'
import { times } from '../strength.ts'

const engine = embeddedTables()
let tables: TableNames
beforeAll(async () => {
  tables = await engine.freshTables()
})

/** Making tables takes longer than most of these tests, so they are emptied: the ledger opened before is over. */
const openTables: OpenLedger = async (clock, { retentionDays, maxFactsInRow, maxEvidenceInRow }) => {
  const { deliveries, suppressions, reconciliation } = tables
  await empty(deliveries, ['recipient', 'message'])
  await empty(suppressions, ['recipient'])
  await empty(reconciliation, ['job'])
  const { client } = engine
  const log = () => undefined
  return {
    deliveries: {
      ...deliveryWriter({ client, table: deliveries, retentionDays, clock, maxFactsInRow }),
      ...deliveryReader({ client, table: deliveries, clock, log }),
    },
    suppressions: {
      ...suppressionWriter({ client, table: suppressions, limits: limitsOf(maxEvidenceInRow) }),
      ...suppressionReader({ client, table: suppressions }),
    },
    runs: {
      ...runStore(client, reconciliation, 'get-send-email-status', clock),
      ...leaseByHand(client, reconciliation, 'get-send-email-status'),
    },
  }
}

/** Only the table bounds the days of unclear bounces: nobody waits for four hundred of them in memory. */
function limitsOf(maxLines: number) {
  return { evidence: maxLines, blocklisted: maxLines, unclearBounces: maxLines }
}

async function empty(table: string, keyAttributes: readonly string[]): Promise<void> {
  const { Items = [] } = await engine.client.send(new ScanCommand({ TableName: table }))
  for (const item of Items) {
    const entries = Object.entries(item).filter(([name]) => keyAttributes.includes(name))
    await engine.client.send(new DeleteItemCommand({ TableName: table, Key: Object.fromEntries(entries) }))
  }
}

const openInMemory: OpenLedger = (clock, limits) => Promise.resolve(inMemoryLedger(clock, limits))

describeLedgerContract('the tables', openTables, times({ quick: 2, proof: 6 }))
describeLedgerContract('the ledger in memory', openInMemory, times({ quick: 50, proof: 200 }))

/** One thing that somebody does to a ledger; its answer counts where it has one. */
type Step = (ledger: Ledger, clock: VirtualClock) => Promise<unknown>

const owners = fc.constantFrom('one', 'other')
const anyMs = fc.nat(3).map((hours) => hours * 3_600_000)
const statuses = fc.constantFrom(...(Object.keys(statusRanks) as Status[]))

const anyStep: fc.Arbitrary<{ readonly toString: () => string; readonly take: Step }> = fc.oneof(
  {
    weight: 8,
    arbitrary: anyEvent.map((event) => step(event, ({ deliveries }) => deliveries.record(event))),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...everyKey), statuses)
      .map((left) => step(left, ({ deliveries }) => deliveries.leavePending(...left))),
  },
  {
    weight: 5,
    arbitrary: anyEvidence.map((reported) =>
      step(reported, ({ suppressions }) => suppressions.suppress(reported)),
    ),
  },
  {
    weight: 1,
    arbitrary: anyMs.map((ms) =>
      step(ms, (_, clock) => {
        clock.advance(ms)
        return Promise.resolve()
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(owners, anyMs)
      .map(([owner, ms]) =>
        step([owner, ms], ({ runs }, clock) => runs.acquire(owner, clock.now(), clock.now() + ms)),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(owners, fc.constantFrom('page 1', 'page 2'), anyMs)
      .map(([owner, checkpoint, ms]) =>
        step([owner, checkpoint, ms], ({ runs }, clock) => runs.save(owner, checkpoint, clock.now() + ms)),
      ),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(owners, fc.constantFrom('page 3', 'page 4'))
      .map((given) => step(given, ({ runs }) => runs.release(...given, figures))),
  },
  {
    weight: 1,
    arbitrary: owners.map((owner) => step(owner, ({ runs }) => runs.releaseLease(owner))),
  },
  {
    weight: 1,
    arbitrary: fc.constant(step('endsAt', ({ runs }) => runs.endsAtMs())),
  },
)

function step(reported: unknown, take: Step) {
  return { take, toString: () => JSON.stringify(reported) }
}

/** Everything that the ports can return. */
async function allOf(ledger: Ledger) {
  const { deliveries, suppressions } = ledger
  return {
    rows: sorted(await deliveries.rowsOf(everyKey)),
    byRecipient: await Promise.all(recipients.map((recipient) => deliveries.ofRecipient(recipient))),
    byMessage: await Promise.all(messages.map((message) => deliveries.ofMessage(message))),
    pending: await pendingOf(ledger),
    suppressions: new Map((await Array.fromAsync(suppressions.all())).map((row) => [row.recipient, row])),
  }
}

describe('the ledger in memory', () => {
  // The embedded engine compares text by UTF-16 units, so only DynamoDB itself could be held against this.
  it('takes for the first of two lines the one whose bytes come first, as DynamoDB does', async () => {
    const clock = virtualClock('2026-11-21T08:00:00Z')
    const { suppressions } = inMemoryLedger(clock, { ...usualLimits, maxEvidenceInRow: 1 })
    // The first finds room, the second comes before it, the third is the latest of those that found none.
    for (const detail of ['\u{1f4e7}', '\u{ffee}', '\u{1f4e8}']) {
      const reported = { reason: 'by-hand', source: 'operator', occurredAtMs: 0, detail } as const
      await suppressions.suppress({ recipient: 'a@example.com', ...reported })
    }
    expect((await suppressions.ofRecipient('a@example.com'))?.evidence).toEqual([
      '1970-01-01T00:00:00Z[operator] by-hand \u{ffee}',
      '1970-01-01T00:00:00Z[operator] by-hand \u{1f4e7}',
      '1970-01-01T00:00:00Z[operator] by-hand \u{1f4e8}',
    ])
  })
})

describe('the ledger in memory and the tables', () => {
  // Sets that are full after two, and rows that are over after a few hours.
  const limits = { retentionDays: 0.2, maxFactsInRow: 2, maxEvidenceInRow: 2 }

  it('give the same answers after the same steps', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyStep, { minLength: 8, maxLength: 40 }), async (steps) => {
        const answers = await Promise.all(
          [openTables, openInMemory].map(async (open) => {
            const clock = virtualClock('2026-11-21T08:00:00Z')
            const ledger = await open(clock, limits)
            const reported: unknown[] = []
            for (const { take } of steps) reported.push(await take(ledger, clock))
            return { reported, ...(await allOf(ledger)) }
          }),
        )
        expect(answers[1]).toEqual(answers[0])
      }),
      { numRuns: times({ quick: 2, proof: 12 }) },
    )
  })
})
