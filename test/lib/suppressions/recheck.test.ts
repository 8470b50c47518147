import { beforeEach, describe, expect, it } from '@jest/globals'
import type { DeliveryEvent } from '../../../lib/core/event.ts'
import type { SuppressionEvidence } from '../../../lib/core/suppression.ts'
import {
  recheck,
  recheckFromStart,
  type RecheckFinding,
  type RecheckState,
} from '../../../lib/suppressions/recheck.ts'
import { deliveryReader, deliveryScanner } from '../../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../../lib/table/delivery-writer.ts'
import { suppressionReader, suppressionScanner } from '../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'
import { eventWith } from '../../events.ts'

const engine = embeddedTables()
const clock = virtualClock('2026-11-27T00:00:00Z')
const at = (time: string) => Date.parse(time)

let ledger: Awaited<ReturnType<typeof freshLedger>>
beforeEach(async () => {
  ledger = await freshLedger()
})

async function freshLedger(rowsInPage?: number) {
  const tables = await engine.freshTables()
  const { client } = engine
  const deliveries = {
    client,
    table: tables.deliveries,
    retentionDays: 400,
    clock,
    log: () => undefined,
    rowsInPage,
  }
  const suppressions = { client, table: tables.suppressions, clock, rowsInPage }
  return {
    tables,
    writer: deliveryWriter(deliveries),
    list: { ...suppressionReader(suppressions), ...suppressionWriter(suppressions) },
    on: {
      deliveries: { ...deliveryReader(deliveries), ...deliveryScanner(deliveries) },
      suppressions: { ...suppressionScanner(suppressions), ...suppressionWriter(suppressions) },
      clock,
      blocklistDays: 14,
    },
  }
}

const to = (recipient: string, reported: Partial<DeliveryEvent>) =>
  eventWith({
    recipient: `${recipient}@example.com`,
    message: `message-${recipient}`,
    occurredAtMs: at('2026-11-20T08:00:00Z'),
    ...reported,
  })
const bounce = (recipient: string, reply: string, reported: Partial<DeliveryEvent> = {}) =>
  to(recipient, { kind: 'bounced', bounceClass: 'hard', reply, ...reported })
/** Evidence as an earlier version of the rules may have left it. */
const listed = (
  recipient: string,
  detail: string,
  reported: Partial<SuppressionEvidence> = {},
): SuppressionEvidence => ({
  recipient: `${recipient}@example.com`,
  reason: 'hard-bounce',
  occurredAtMs: at('2026-11-20T08:00:00Z'),
  source: 'callback',
  provider: 'tencent-ses',
  message: `message-${recipient}`,
  detail,
  ...reported,
})

async function record(...events: readonly DeliveryEvent[]): Promise<void> {
  for (const event of events) await ledger.writer.record(event)
}

async function run(
  order: { isDryRun?: boolean; isRemoving?: boolean; from?: RecheckState; stopAfter?: number } = {},
): Promise<{ findings: readonly RecheckFinding[]; state: RecheckState }> {
  const findings: RecheckFinding[] = []
  const stop = new AbortController()
  let pages = 0
  const state = await recheck(ledger.on, {
    isDryRun: false,
    isRemoving: false,
    from: recheckFromStart,
    ...order,
    signal: stop.signal,
    onFinding: (finding) => findings.push(finding),
    onState: () => {
      pages += 1
      if (pages === order.stopAfter) stop.abort()
    },
  })
  return { findings, state }
}

const namesOf = (findings: readonly RecheckFinding[]) =>
  findings
    .map((finding) => (finding.type === 'missing' ? finding.evidence.recipient : finding.recipient))
    .map((address) => address.replace('@example.com', ''))
    .sort()

describe('a recheck', () => {
  it('adds who belongs on the list by the stored replies and is not there, and nobody else', async () => {
    await record(
      bounce('gone', '550 Invalid User'),
      bounce('known', '550 Invalid User'),
      bounce('full', '552 mailbox full'),
      bounce('soft', '550 Invalid User', { bounceClass: 'soft' }),
      bounce('number', '', {
        provider: 'sendcloud',
        code: 'subStat 406',
        detail: '406 address does not exist',
      }),
      to('angry', { kind: 'complained' }),
      to('left', { kind: 'unsubscribed', columns: { fromDomain: 'news.example.com' } }),
      to('blocked', { kind: 'dropped', source: 'poll', detail: '1007 the address is on the blocklist' }),
      to('fine', { kind: 'delivered' }),
    )
    await ledger.list.suppress(listed('known', '550 Invalid User'))
    const { findings, state } = await run()
    expect(namesOf(findings)).toEqual(['angry', 'blocked', 'gone', 'left', 'number'])
    expect(state).toEqual({
      phase: 'done',
      deliveries: 9,
      suppressions: 6,
      added: 5,
      doubtful: 0,
      removed: 0,
    })
    expect(await rowsOf(engine.client, ledger.tables.suppressions)).toHaveLength(6)
    expect((await run()).state).toMatchObject({ added: 0 })
  })

  it('changes nothing where it is only asked what it would do', async () => {
    await record(bounce('gone', '550 Invalid User'))
    expect(namesOf((await run({ isDryRun: true })).findings)).toEqual(['gone'])
    expect(await rowsOf(engine.client, ledger.tables.suppressions)).toEqual([])
  })

  it('adds nothing that an operator has counted out', async () => {
    await record(bounce('back', '550 Invalid User'))
    await ledger.list.suppress(listed('back', '550 Invalid User'))
    await ledger.list.remove('back@example.com', at('2026-11-21T00:00:00Z'))
    expect((await run()).findings).toEqual([])
  })

  it('counts unclear bounces once, and the third puts the address on the list', async () => {
    const days = ['2026-11-18', '2026-11-19', '2026-11-20']
    await record(
      ...days.map((day) =>
        bounce('odd', '554 Transaction failed', {
          message: `message-${day}`,
          occurredAtMs: at(`${day}T08:00:00Z`),
        }),
      ),
    )
    expect((await run()).state).toMatchObject({ added: 3 })
    expect((await run()).state).toMatchObject({ added: 0 })
    expect((await ledger.list.ofRecipient('odd@example.com'))?.unclearBounces).toHaveLength(3)
  })

  it('is in doubt where a mail arrived, or was opened, after the last hard bounce', async () => {
    await record(
      bounce('alive', '550 no such user'),
      to('alive', { kind: 'delivered', message: 'later', occurredAtMs: at('2026-11-22T08:00:00Z') }),
      bounce('dead', '550 no such user'),
      to('dead', { kind: 'delivered', message: 'earlier', occurredAtMs: at('2026-11-19T08:00:00Z') }),
    )
    await ledger.list.suppress(listed('alive', '550 no such user'))
    const { findings, state } = await run()
    expect(findings.filter(({ type }) => type === 'doubtful')).toEqual([
      {
        type: 'doubtful',
        recipient: 'alive@example.com',
        doubts: [
          { type: 'delivered-since', kind: 'delivered', atMs: at('2026-11-22T08:00:00Z'), message: 'later' },
        ],
        alsoHeld: [],
      },
    ])
    expect(state).toMatchObject({ doubtful: 1, removed: 0 })
  })

  it('adds nobody to whom mail arrived since, and judges a long reply whole', async () => {
    await record(
      bounce('alive', '550 5.4.1 Recipient address rejected: Access denied'),
      to('alive', { kind: 'opened', message: 'later', occurredAtMs: at('2026-11-22T08:00:00Z') }),
      bounce('listed', `550 mailbox unavailable. ${'x '.repeat(250)} blocked using spamhaus`),
    )
    expect((await run()).findings).toEqual([])
  })

  it('adds whom the provider itself did not send to, by its number', async () => {
    await record(
      to('refused', { provider: 'sendcloud', kind: 'dropped', detail: '402 unsubscribed' }),
      to('blocked', { provider: 'sendcloud', kind: 'dropped', detail: "401 in SendCloud's blacklist" }),
    )
    expect(namesOf((await run()).findings)).toEqual(['blocked', 'refused'])
  })

  it('is in doubt where one unclear bounce is all that is left by the present rules', async () => {
    await ledger.list.suppress(listed('unclear', '550 Unrouteable address'))
    expect(namesOf((await run()).findings)).toEqual(['unclear'])
  })

  it("is in no doubt where the first version's evidence holds a number and other fields beside the reply", async () => {
    await ledger.list.suppress(
      listed('number', '406 address does not exist 550 5.1.1 user unknown', { provider: 'sendcloud' }),
    )
    await ledger.list.suppress(listed('fields', '550 no such user {"senderIp":"blocked"}'))
    expect((await run()).findings).toEqual([])
  })

  it('is in doubt where the present rules read the reply otherwise, also where only the evidence has kept it', async () => {
    await record(bounce('stored', '552 5.1.1 recipient over quota'))
    await ledger.list.suppress(listed('stored', '552 5.1.1 recipient over quota'))
    await ledger.list.suppress(listed('kept', '550 5.1.1 too many recipients this hour'))
    await ledger.list.suppress(listed('right', '550 5.1.1 no such user'))
    expect(namesOf((await run()).findings)).toEqual(['kept', 'stored'])
  })

  it('is in doubt over what came from a file only where a mail arrived since', async () => {
    const imported = { source: 'import', provider: 'sendgrid' } as const
    await ledger.list.suppress(listed('full', '552 mailbox full', imported))
    await ledger.list.suppress(listed('noted', 'from the old shop', imported))
    await ledger.list.suppress(listed('back', 'from the old shop', imported))
    await record(to('back', { occurredAtMs: at('2026-11-21T08:00:00Z') }))
    const { findings } = await run({ isRemoving: true })
    expect(namesOf(findings)).toEqual(['back'])
  })

  it('takes off the list who is in doubt only if asked to, and where nothing else holds', async () => {
    await ledger.list.suppress(
      listed('doubtful', '552 5.1.1 over quota', { occurredAtMs: at('2026-12-24T00:00:00Z') }),
    )
    await ledger.list.suppress(listed('angry', '552 5.1.1 over quota'))
    await ledger.list.suppress(listed('angry', '', { reason: 'complaint' }))
    expect((await run()).state).toMatchObject({ doubtful: 2, removed: 0 })
    expect((await run({ isRemoving: true })).state).toMatchObject({ doubtful: 2, removed: 1 })
    // Evidence that is dated in the future is counted out as well.
    expect((await run()).state).toMatchObject({ doubtful: 1, removed: 0 })
  })

  it.each([1, 2, 3, 4, 5, 6])(
    'that was interrupted after page %i of two rows goes on behind it, and ends in the same',
    async (stopAfter) => {
      ledger = await freshLedger(2)
      await record(...Array.from({ length: 5 }, (_, index) => bounce(`gone-${index}`, '550 Invalid User')))
      await ledger.list.suppress(listed('kept', '550 5.1.1 too many recipients this hour'))
      const first = await run({ stopAfter })
      const second = await run({ from: first.state })
      expect(second.state).toEqual({
        phase: 'done',
        deliveries: 5,
        suppressions: 6,
        added: 5,
        doubtful: 1,
        removed: 0,
      })
      expect(first.findings.length + second.findings.length).toBe(6)
    },
  )
})
