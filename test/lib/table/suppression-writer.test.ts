import { describe, expect, it } from '@jest/globals'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { heldReasons, type Suppression, type SuppressionEvidence } from '../../../lib/core/suppression.ts'
import { UnwritableError } from '../../../lib/ledger/ports.ts'
import { suppressionReader } from '../../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { embeddedTables, rowsOf, type PlainRow } from '../../embedded-tables.ts'
import { sampleMessage } from '../../events.ts'

const engine = embeddedTables()
const at = (time: string) => Date.parse(time)

const recipient = 'example@example.com'
const hardBounce: SuppressionEvidence = {
  recipient,
  reason: 'hard-bounce',
  occurredAtMs: at('2026-11-21T08:00:03Z'),
  source: 'callback',
  provider: 'tencent-ses',
  message: sampleMessage,
  judgement: { class: 'gone', rule: 'mailbox-not-there' },
  detail: '551 5.1.1 recipient is not exist',
}
const hardBounceLine = `2026-11-21T08:00:03Z hard-bounce tencent-ses ${sampleMessage} gone/mailbox-not-there 551 5.1.1 recipient is not exist`
const complaint: SuppressionEvidence = {
  recipient,
  reason: 'complaint',
  occurredAtMs: at('2026-11-25T09:00:00Z'),
  source: 'poll',
  provider: 'sendcloud',
  message: 'task:77',
  detail: '',
}
const complaintLine = '2026-11-25T09:00:00Z[poll] complaint sendcloud task:77'
const byHand = (time: string): SuppressionEvidence => ({
  recipient,
  reason: 'by-hand',
  occurredAtMs: at(time),
  source: 'operator',
  detail: 'asked on the telephone',
})
const blocklisting = (time: string): SuppressionEvidence => ({
  recipient,
  reason: 'blocklist',
  occurredAtMs: at(time),
  source: 'poll',
  provider: 'tencent-ses',
  message: sampleMessage,
  detail: '1007',
})
const blocklistLine = (time: string) => `${time}[poll] blocklist tencent-ses ${sampleMessage} 1007`
const unclear = (time: string, message: string): SuppressionEvidence => ({
  recipient,
  reason: 'hard-bounce',
  occurredAtMs: at(time),
  source: 'callback',
  provider: 'tencent-ses',
  message,
  judgement: { class: 'unknown', rule: 'no-rule' },
  isUnclear: true,
  detail: '550 denied',
})
const unclearLine = (time: string, message: string) =>
  `${time} hard-bounce tencent-ses ${message} unknown/no-rule 550 denied`

const held = (row: Suppression | undefined, now = '2026-12-01T00:00:00Z') =>
  row === undefined ? undefined : heldReasons(row, { nowMs: at(now), blocklistDays: 14 })
const linesHeld = (row: Suppression | undefined, now?: string) => held(row, now)?.map(({ line }) => line)
const reasonsHeld = (row: Suppression | undefined, now?: string) =>
  held(row, now)?.map(({ reason }) => reason)

interface Limits {
  readonly evidence?: number
  readonly blocklisted?: number
  readonly unclearBounces?: number
  readonly unclearDays?: number
}

async function freshList(limits: Limits = {}) {
  const { suppressions: table } = await engine.freshTables()
  const to = { client: engine.client, table, limits }
  return { table, ...suppressionWriter(to), ...suppressionReader(to) }
}

async function written(...evidence: readonly SuppressionEvidence[]): Promise<readonly PlainRow[]> {
  const list = await freshList()
  for (const one of evidence) await list.suppress(one)
  return rowsOf(engine.client, list.table)
}

/** Runs with a callback before every call to DynamoDB, with its name. */
async function watched(
  before: (command: string) => void | Promise<void>,
  run: () => Promise<unknown>,
): Promise<void> {
  const watch =
    (next: (args: never) => Promise<never>, context: { commandName: string }) => async (args: never) => {
      await before(context.commandName)
      return next(args)
    }
  engine.client.middlewareStack.add(watch as never, { step: 'initialize', name: 'watch' })
  try {
    await run()
  } finally {
    engine.client.middlewareStack.remove('watch')
  }
}

async function callsOf(run: () => Promise<unknown>): Promise<readonly string[]> {
  const calls: string[] = []
  await watched((command) => void calls.push(command), run)
  return calls
}

/** Does something else right before the nth call, once. */
async function interrupted(
  call: number,
  meanwhile: () => Promise<unknown>,
  run: () => Promise<unknown>,
): Promise<void> {
  let calls = 0
  await watched(async () => {
    calls += 1
    if (calls === call) await meanwhile()
  }, run)
  expect(calls).toBeGreaterThan(call)
}

describe('a row', () => {
  it('says who is on the list and why, as a person reads it', async () => {
    expect(await written(hardBounce)).toEqual([
      {
        recipient,
        reason: 'hard-bounce',
        since: '2026-11-21T08:00:03Z',
        provider: 'tencent-ses',
        message: sampleMessage,
        suppressedBy: hardBounceLine,
        evidence: [hardBounceLine],
        rulesVersion: 2,
      },
    ])
  })

  it('of an address that was put there by hand names no provider, message or rules', async () => {
    const line = '2026-11-20T10:00:00Z[operator] by-hand asked on the telephone'
    expect(await written(hardBounce, byHand('2026-11-20T10:00:00Z'))).toEqual([
      {
        recipient,
        reason: 'by-hand',
        since: '2026-11-20T10:00:00Z',
        suppressedBy: line,
        evidence: [line, hardBounceLine],
      },
    ])
  })

  it('names the earliest evidence, in whichever order it was reported', async () => {
    const expected = [
      {
        recipient,
        reason: 'hard-bounce',
        suppressedBy: hardBounceLine,
        evidence: [hardBounceLine, complaintLine],
      },
    ]
    expect(await written(hardBounce, complaint)).toMatchObject(expected)
    expect(await written(complaint, hardBounce)).toMatchObject(expected)
  })

  it("of an address that only a provider's own list bars holds that apart, and names no reason", async () => {
    expect(await written(blocklisting('2026-11-21T08:00:00Z'), blocklisting('2026-11-22T08:00:00Z'))).toEqual(
      [
        {
          recipient,
          blocklisted: [blocklistLine('2026-11-21T08:00:00Z'), blocklistLine('2026-11-22T08:00:00Z')],
        },
      ],
    )
  })

  it('of an address with unclear bounces holds them apart, and names no reason', async () => {
    expect(await written(unclear('2026-11-21T08:00:00Z', 'm1'))).toEqual([
      { recipient, unclearBounces: [unclearLine('2026-11-21T08:00:00Z', 'm1')] },
    ])
  })

  it('holds everything that speaks against one address, each in its own set', async () => {
    expect(
      await written(
        blocklisting('2026-11-20T08:00:00Z'),
        unclear('2026-11-19T08:00:00Z', 'm1'),
        { ...complaint, reason: 'unsubscribe', fromDomain: 'news.example.com' },
        hardBounce,
      ),
    ).toEqual([
      {
        recipient,
        reason: 'hard-bounce',
        since: '2026-11-21T08:00:03Z',
        provider: 'tencent-ses',
        message: sampleMessage,
        suppressedBy: hardBounceLine,
        evidence: [
          hardBounceLine,
          '2026-11-25T09:00:00Z[poll] unsubscribe sendcloud task:77 from:news.example.com',
        ],
        blocklisted: [blocklistLine('2026-11-20T08:00:00Z')],
        unclearBounces: [unclearLine('2026-11-19T08:00:00Z', 'm1')],
        rulesVersion: 2,
      },
    ])
  })

  it('never leaves the table', async () => {
    expect((await written(hardBounce))[0]).not.toHaveProperty('expiresAt')
  })
})

describe('evidence', () => {
  it('is written in one call where the address is new or the evidence repeats, and never read', async () => {
    const list = await freshList()
    expect(await callsOf(() => list.suppress(hardBounce))).toEqual(['UpdateItemCommand'])
    expect(await callsOf(() => list.suppress(hardBounce))).toEqual(['UpdateItemCommand'])
    expect(await callsOf(() => list.suppress(complaint))).toEqual(['UpdateItemCommand', 'UpdateItemCommand'])
    expect(await callsOf(() => list.suppress(blocklisting('2026-11-20T08:00:00Z')))).toEqual([
      'UpdateItemCommand',
    ])
    expect(await callsOf(() => list.suppress(unclear('2026-11-20T08:00:00Z', 'm1')))).toEqual([
      'UpdateItemCommand',
    ])
  })

  it('that DynamoDB refuses for good says so', async () => {
    const list = await freshList()
    await engine.client.send(
      new PutItemCommand({
        TableName: list.table,
        Item: { recipient: { S: recipient }, evidence: { S: 'a note' } },
      }),
    )
    await expect(list.suppress(hardBounce)).rejects.toThrow(UnwritableError)
  })

  it('is given up when its deadline passes', async () => {
    const list = await freshList()
    await expect(list.suppress(hardBounce, AbortSignal.abort())).rejects.toThrow(/abort/i)
    expect(await rowsOf(engine.client, list.table)).toEqual([])
  })
})

describe('a removal', () => {
  it('takes the address off the list and keeps what was known', async () => {
    const list = await freshList()
    await list.suppress(hardBounce)
    const expected = {
      recipient,
      evidence: [hardBounceLine],
      blocklisted: [],
      unclearBounces: [],
      unclearDays: [],
      countedOut: [],
      removals: ['2026-11-22T00:00:00.000Z'],
    }
    expect(held(await list.ofRecipient(recipient))).toHaveLength(1)
    expect(await list.remove(recipient, at('2026-11-22T00:00:00Z'))).toEqual(expected)
    expect(held(await list.ofRecipient(recipient))).toEqual([])
    expect(await list.ofRecipient(recipient)).toEqual(expected)
    expect(await rowsOf(engine.client, list.table)).toEqual([
      {
        recipient,
        evidence: [hardBounceLine],
        removals: ['2026-11-22T00:00:00.000Z'],
        removedAt: '2026-11-22T00:00:00.000Z',
      },
    ])
  })

  it("counts out what a provider's own list and unclear bounces say, and keeps it", async () => {
    const list = await freshList()
    const days = ['2026-11-18', '2026-11-19', '2026-11-20']
    for (const [index, day] of days.entries()) await list.suppress(unclear(`${day}T08:00:00Z`, `m${index}`))
    await list.suppress(blocklisting('2026-11-21T08:00:00Z'))
    expect(reasonsHeld(await list.ofRecipient(recipient))).toEqual(['hard-bounce', 'blocklist'])
    expect(held(await list.remove(recipient, at('2026-11-22T00:00:00Z')))).toEqual([])
    await list.suppress(unclear('2026-11-23T08:00:00Z', 'm4'))
    expect(held(await list.ofRecipient(recipient))).toEqual([])
    await list.suppress(blocklisting('2026-11-24T08:00:00Z'))
    expect(linesHeld(await list.ofRecipient(recipient))).toEqual([blocklistLine('2026-11-24T08:00:00Z')])
    expect(await rowsOf(engine.client, list.table)).toEqual([
      {
        recipient,
        blocklisted: [blocklistLine('2026-11-21T08:00:00Z'), blocklistLine('2026-11-24T08:00:00Z')],
        unclearBounces: [
          ...days.map((day, index) => unclearLine(`${day}T08:00:00Z`, `m${index}`)),
          unclearLine('2026-11-23T08:00:00Z', 'm4'),
        ],
        removals: ['2026-11-22T00:00:00.000Z'],
        removedAt: '2026-11-22T00:00:00.000Z',
      },
    ])
  })

  it('of an address that was never there answers nothing and writes nothing', async () => {
    const list = await freshList()
    expect(await list.remove(recipient, at('2026-11-22T00:00:00Z'))).toBeUndefined()
    expect(await rowsOf(engine.client, list.table)).toEqual([])
  })

  it('leaves on the list who has newer evidence, by the earliest of that', async () => {
    const list = await freshList()
    for (const one of [hardBounce, complaint, byHand('2026-11-26T00:00:00Z')]) await list.suppress(one)
    const removed = await list.remove(recipient, at('2026-11-22T00:00:00Z'))
    expect(linesHeld(removed)).toEqual([
      complaintLine,
      '2026-11-26T00:00:00Z[operator] by-hand asked on the telephone',
    ])
    expect(await rowsOf(engine.client, list.table)).toMatchObject([
      {
        suppressedBy: complaintLine,
        reason: 'complaint',
        since: '2026-11-25T09:00:00Z',
        provider: 'sendcloud',
        message: 'task:77',
      },
    ])
  })

  it.each([
    ['nothing older', '2026-11-21T23:59:59.999Z', undefined],
    ['nothing of the very instant', '2026-11-22T00:00:00Z', undefined],
    ['what is newer by a millisecond', '2026-11-22T00:00:00.001Z', '2026-11-22T00:00:00.001Z'],
    ['what is newer by a second', '2026-11-22T00:00:01Z', '2026-11-22T00:00:01Z'],
  ])('is undone by %s', async (_, instant, since) => {
    const list = await freshList()
    await list.suppress(hardBounce)
    await list.remove(recipient, at('2026-11-22T00:00:00Z'))
    await list.suppress(hardBounce)
    await list.suppress(byHand(instant))
    const [row] = await rowsOf(engine.client, list.table)
    expect(row?.since).toBe(since)
    expect(row?.evidence).toHaveLength(2)
    expect(held(await list.ofRecipient(recipient))).toHaveLength(since === undefined ? 0 : 1)
  })

  it('that is older than another changes nothing but what is remembered', async () => {
    const list = await freshList()
    await list.suppress(hardBounce)
    await list.remove(recipient, at('2026-11-24T00:00:00Z'))
    await list.remove(recipient, at('2026-11-22T00:00:00Z'))
    await list.suppress(byHand('2026-11-23T00:00:00Z'))
    const row = await list.ofRecipient(recipient)
    expect(held(row)).toEqual([])
    expect((await rowsOf(engine.client, list.table))[0]).not.toHaveProperty('suppressedBy')
    expect(row?.removals).toEqual(['2026-11-22T00:00:00.000Z', '2026-11-24T00:00:00.000Z'])
  })
})

describe('between a removal and evidence at the same time', () => {
  const removedAtMs = at('2026-11-22T00:00:00Z')

  it('no evidence is lost that comes after the removal has read', async () => {
    const list = await freshList()
    await list.suppress(hardBounce)
    await interrupted(
      2,
      () => list.suppress(complaint),
      () => list.remove(recipient, removedAtMs),
    )
    expect(linesHeld(await list.ofRecipient(recipient))).toEqual([complaintLine])
    expect(await rowsOf(engine.client, list.table)).toMatchObject([{ suppressedBy: complaintLine }])
  })

  it('nor where the row has no room for it', async () => {
    const list = await freshList({ evidence: 1 })
    await list.suppress(hardBounce)
    await interrupted(
      2,
      () => list.suppress(complaint),
      () => list.remove(recipient, removedAtMs),
    )
    expect(linesHeld(await list.ofRecipient(recipient))).toEqual([complaintLine])
    expect(await rowsOf(engine.client, list.table)).toMatchObject([{ suppressedBy: complaintLine }])
  })

  it('nor what is earlier than all that a full row holds', async () => {
    const list = await freshList({ evidence: 1 })
    for (const one of [complaint, byHand('2026-11-26T00:00:00Z')]) await list.suppress(one)
    await interrupted(
      2,
      () => list.suppress(byHand('2026-11-23T00:00:00Z')),
      () => list.remove(recipient, removedAtMs),
    )
    expect((await rowsOf(engine.client, list.table))[0]?.since).toBe('2026-11-23T00:00:00Z')
  })

  it('the later of two removals holds, whichever is written last', async () => {
    const list = await freshList()
    await list.suppress(hardBounce)
    await list.remove(recipient, removedAtMs)
    await interrupted(
      2,
      () => list.remove(recipient, at('2026-11-24T00:00:00Z')),
      () => list.remove(recipient, at('2026-11-23T00:00:00Z')),
    )
    await list.suppress(byHand('2026-11-23T12:00:00Z'))
    expect(held(await list.ofRecipient(recipient))).toEqual([])
    const [row] = await rowsOf(engine.client, list.table)
    expect(row).toMatchObject({ removedAt: '2026-11-24T00:00:00.000Z' })
    expect(row).not.toHaveProperty('suppressedBy')
  })

  it('evidence finds the form that holds where the removal comes between two tries', async () => {
    const list = await freshList()
    await list.suppress(hardBounce)
    // The complaint is not the earliest, so its first try fails; after the removal it is, so the second one fails, too.
    await interrupted(
      2,
      () => list.remove(recipient, removedAtMs),
      () => list.suppress(complaint),
    )
    const row = await list.ofRecipient(recipient)
    expect(linesHeld(row)).toEqual([complaintLine])
    expect(await rowsOf(engine.client, list.table)).toMatchObject([{ suppressedBy: complaintLine }])
    expect(row?.evidence).toEqual([hardBounceLine, complaintLine])
  })
})

describe('a set of evidence that is full', () => {
  const reported = Array.from({ length: 60 }, (_, day) =>
    byHand(new Date(at('2026-11-21T00:00:00Z') + day * 86_400_000).toISOString()),
  )
  const byHandLine = (time: string) => `${time}[operator] by-hand asked on the telephone`

  it('holds 50 lines, and the first and the last evidence are known beyond it', async () => {
    const list = await freshList()
    for (const one of reported.toReversed()) await list.suppress(one)
    const [row] = await rowsOf(engine.client, list.table)
    expect(row).toMatchObject({
      since: '2026-11-21T00:00:00Z',
      evidenceLeftOut: 'yes',
      latestByHand: `2026-11-30T00:00:00.000Z ${byHandLine('2026-11-30T00:00:00Z')}`,
    })
    expect(row?.evidence).toHaveLength(50)
    expect((await list.ofRecipient(recipient))?.evidence).toHaveLength(51 + 1)
  })

  it('still shows correctly whether the address is on the list', async () => {
    const list = await freshList({ evidence: 1 })
    for (const one of reported.slice(0, 5)) await list.suppress(one)
    expect(linesHeld(await list.remove(recipient, at('2026-11-24T23:00:00Z')))).toEqual([
      byHandLine('2026-11-25T00:00:00Z'),
    ])
    expect(held(await list.remove(recipient, at('2026-11-25T00:00:00Z')))).toEqual([])
    await list.suppress(reported[4]!)
    expect(held(await list.ofRecipient(recipient))).toEqual([])
    expect((await rowsOf(engine.client, list.table))[0]).not.toHaveProperty('suppressedBy')
    await list.suppress(reported[5]!)
    expect(linesHeld(await list.ofRecipient(recipient))).toEqual([byHandLine('2026-11-26T00:00:00Z')])
    expect(await rowsOf(engine.client, list.table)).toMatchObject([{ since: '2026-11-26T00:00:00Z' }])
  })

  it('shows for each reason by itself what did not fit', async () => {
    const list = await freshList({ evidence: 1 })
    const unsubscribed = {
      ...complaint,
      reason: 'unsubscribe',
      fromDomain: 'news.example.com',
      occurredAtMs: at('2026-11-24T09:00:00Z'),
    } as const
    for (const one of [byHand('2026-11-20T10:00:00Z'), hardBounce, unsubscribed, complaint]) {
      await list.suppress(one)
    }
    const unsubscribedLine = '2026-11-24T09:00:00Z[poll] unsubscribe sendcloud task:77'
    expect(await rowsOf(engine.client, list.table)).toMatchObject([
      {
        evidence: [byHandLine('2026-11-20T10:00:00Z')],
        latestHardBounce: `2026-11-21T08:00:03.000Z ${hardBounceLine}`,
        latestUnsubscribe: `2026-11-24T09:00:00.000Z ${unsubscribedLine} from:news.example.com`,
        latestComplaint: `2026-11-25T09:00:00.000Z ${complaintLine}`,
      },
    ])
    // Of other unsubscriptions that found no room nothing is known: it speaks of every sender.
    expect(linesHeld(await list.ofRecipient(recipient))).toEqual([
      byHandLine('2026-11-20T10:00:00Z'),
      hardBounceLine,
      unsubscribedLine,
      complaintLine,
    ])
    expect(reasonsHeld(await list.remove(recipient, at('2026-11-24T09:00:00Z')))).toEqual(['complaint'])
  })
})

describe("a set of a provider's own list that is full", () => {
  const days = Array.from({ length: 25 }, (_, day) =>
    new Date(at('2026-11-01T00:00:00Z') + day * 86_400_000).toISOString().replace('.000', ''),
  )

  it('holds 20 lines, and the latest is known beyond it', async () => {
    const list = await freshList()
    for (const day of [...days.slice(0, 20), days[24]!, days[22]!]) await list.suppress(blocklisting(day))
    const [row] = await rowsOf(engine.client, list.table)
    expect(row).toMatchObject({
      evidenceLeftOut: 'yes',
      latestBlocklisting: `2026-11-25T00:00:00.000Z ${blocklistLine('2026-11-25T00:00:00Z')}`,
    })
    expect(row?.blocklisted).toHaveLength(20)
    expect(row).not.toHaveProperty('evidence')
    expect(held(await list.ofRecipient(recipient))).toEqual([
      {
        reason: 'blocklist',
        sinceMs: at('2026-11-01T00:00:00Z'),
        untilMs: at('2026-12-09T00:00:00Z'),
        line: blocklistLine('2026-11-01T00:00:00Z'),
      },
    ])
  })

  it('shows correctly until when it holds, whichever of it found room', async () => {
    const reported = ['2026-11-03', '2026-11-01', '2026-11-05', '2026-11-02'].map((day) => `${day}T00:00:00Z`)
    for (const order of [reported, reported.toReversed()]) {
      const list = await freshList({ blocklisted: 1 })
      for (const day of order) await list.suppress(blocklisting(day))
      const row = await list.ofRecipient(recipient)
      expect(held(row, '2026-11-18T23:59:59Z')).toMatchObject([{ untilMs: at('2026-11-19T00:00:00Z') }])
      expect(held(row, '2026-11-19T00:00:00Z')).toEqual([])
      expect(held(await list.remove(recipient, at('2026-11-04T00:00:00Z')), '2026-11-06T00:00:00Z')).toEqual([
        {
          reason: 'blocklist',
          sinceMs: at('2026-11-05T00:00:00Z'),
          untilMs: at('2026-11-19T00:00:00Z'),
          line: blocklistLine('2026-11-05T00:00:00Z'),
        },
      ])
    }
  })
})

describe('a set of unclear bounces that is full', () => {
  it('holds 60 lines, and of the others their days', async () => {
    const list = await freshList()
    const reported = Array.from({ length: 62 }, (_, hour) =>
      unclear(new Date(at('2026-11-21T00:00:00Z') + hour * 3_600_000).toISOString(), `m${hour}`),
    )
    for (const one of reported) await list.suppress(one)
    const [row] = await rowsOf(engine.client, list.table)
    expect(row).toMatchObject({ evidenceLeftOut: 'yes', unclearDays: ['2026-11-23'] })
    expect(row?.unclearBounces).toHaveLength(60)
    expect(row).not.toHaveProperty('latestHardBounce')
  })

  it('still shows that there were enough of them, in any order', async () => {
    const days = ['2026-11-21', '2026-11-22', '2026-11-23']
    for (const order of [days, days.toReversed()]) {
      const list = await freshList({ unclearBounces: 1 })
      for (const [index, day] of order.entries()) {
        expect(held(await list.ofRecipient(recipient)) ?? []).toEqual([])
        await list.suppress(unclear(`${day}T08:00:00Z`, `m${index}`))
        await list.suppress(unclear(`${day}T08:00:00Z`, `m${index}`))
      }
      expect(held(await list.ofRecipient(recipient))).toMatchObject([
        { reason: 'hard-bounce', sinceMs: at('2026-11-23T00:00:00Z') },
      ])
      expect(held(await list.remove(recipient, at('2026-11-21T23:59:59Z')))).toEqual([])
      expect((await list.ofRecipient(recipient))?.unclearDays).toEqual(order.slice(1).sort())
    }
  })

  it('holds as many days as it may, and changes no more then', async () => {
    const list = await freshList({ unclearBounces: 1, unclearDays: 2 })
    const suppress = (day: string) => list.suppress(unclear(`2026-11-${day}T08:00:00Z`, `m${day}`))
    for (const day of ['01', '02', '03', '02']) await suppress(day)
    const before = await rowsOf(engine.client, list.table)
    await suppress('04')
    expect(before).toMatchObject([{ unclearDays: ['2026-11-02', '2026-11-03'] }])
    expect(await rowsOf(engine.client, list.table)).toEqual(before)
  })
})

describe('the reader', () => {
  it('returns every row, those that were taken off the list included', async () => {
    const list = await freshList()
    await list.suppress(hardBounce)
    await list.suppress({ ...complaint, recipient: 'other@example.com' })
    await list.remove('other@example.com', at('2026-12-01T00:00:00Z'))
    const rows = await Array.fromAsync(list.all())
    expect(new Map(rows.map((row) => [row.recipient, reasonsHeld(row)]))).toEqual(
      new Map([
        [recipient, ['hard-bounce']],
        ['other@example.com', []],
      ]),
    )
  })

  it('knows nothing of an address about which nothing was reported', async () => {
    const list = await freshList()
    expect(await list.ofRecipient(recipient)).toBeUndefined()
  })
})
