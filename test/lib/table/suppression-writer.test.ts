import { describe, expect, it } from '@jest/globals'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import type { SuppressionEvidence } from '../../../lib/core/suppression.ts'
import { UnwritableError } from '../../../lib/ports.ts'
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
  detail: '551 5.1.1 recipient is not exist',
}
const hardBounceLine = `2026-11-21T08:00:03Z hard-bounce tencent-ses ${sampleMessage} 551 5.1.1 recipient is not exist`
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

async function freshList(maxEvidenceInRow?: number) {
  const { suppressions: table } = await engine.freshTables()
  const to = { client: engine.client, table, ...(maxEvidenceInRow !== undefined && { maxEvidenceInRow }) }
  return { table, ...suppressionWriter(to), ...suppressionReader(to) }
}

async function written(...evidence: readonly SuppressionEvidence[]): Promise<readonly PlainRow[]> {
  const list = await freshList()
  for (const one of evidence) await list.suppress(one)
  return rowsOf(engine.client, list.table)
}

/** Runs with every call to DynamoDB told beforehand by its name. */
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
        rulesVersion: 1,
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

  it('names the earliest evidence, in whichever order it was told', async () => {
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
      isSuppressed: false,
      evidence: [hardBounceLine],
      removals: ['2026-11-22T00:00:00.000Z'],
    }
    expect(await list.remove(recipient, at('2026-11-22T00:00:00Z'))).toEqual(expected)
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

  it('of an address that was never there answers nothing and writes nothing', async () => {
    const list = await freshList()
    expect(await list.remove(recipient, at('2026-11-22T00:00:00Z'))).toBeUndefined()
    expect(await rowsOf(engine.client, list.table)).toEqual([])
  })

  it('leaves on the list who has newer evidence, by the earliest of that', async () => {
    const list = await freshList()
    for (const one of [hardBounce, complaint, byHand('2026-11-26T00:00:00Z')]) await list.suppress(one)
    expect(await list.remove(recipient, at('2026-11-22T00:00:00Z'))).toMatchObject({
      suppressedBy: complaintLine,
    })
    expect(await rowsOf(engine.client, list.table)).toMatchObject([
      { reason: 'complaint', since: '2026-11-25T09:00:00Z', provider: 'sendcloud', message: 'task:77' },
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
    expect((await list.ofRecipient(recipient))?.isSuppressed).toBe(since !== undefined)
  })

  it('that is older than another changes nothing but what is remembered', async () => {
    const list = await freshList()
    await list.suppress(hardBounce)
    await list.remove(recipient, at('2026-11-24T00:00:00Z'))
    await list.remove(recipient, at('2026-11-22T00:00:00Z'))
    await list.suppress(byHand('2026-11-23T00:00:00Z'))
    expect(await list.ofRecipient(recipient)).toMatchObject({
      isSuppressed: false,
      removals: ['2026-11-22T00:00:00.000Z', '2026-11-24T00:00:00.000Z'],
    })
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
    expect(await list.ofRecipient(recipient)).toMatchObject({
      isSuppressed: true,
      suppressedBy: complaintLine,
    })
  })

  it('nor where the row has no room for it', async () => {
    const list = await freshList(1)
    await list.suppress(hardBounce)
    await interrupted(
      2,
      () => list.suppress(complaint),
      () => list.remove(recipient, removedAtMs),
    )
    expect(await list.ofRecipient(recipient)).toMatchObject({
      isSuppressed: true,
      suppressedBy: complaintLine,
    })
  })

  it('nor what is earlier than all that a full row holds', async () => {
    const list = await freshList(1)
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
    expect((await list.ofRecipient(recipient))?.isSuppressed).toBe(false)
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
    expect(await list.ofRecipient(recipient)).toMatchObject({
      isSuppressed: true,
      suppressedBy: complaintLine,
      evidence: [hardBounceLine, complaintLine],
    })
  })
})

describe('a set of evidence that is full', () => {
  const told = Array.from({ length: 60 }, (_, day) =>
    byHand(new Date(at('2026-11-21T00:00:00Z') + day * 86_400_000).toISOString()),
  )

  it('holds 50 lines, and the first and the last evidence are known beyond it', async () => {
    const list = await freshList()
    for (const one of told.toReversed()) await list.suppress(one)
    const [row] = await rowsOf(engine.client, list.table)
    expect(row).toMatchObject({ since: '2026-11-21T00:00:00Z', evidenceLeftOut: 'yes' })
    expect(row?.evidence).toHaveLength(50)
    expect((await list.ofRecipient(recipient))?.evidence).toHaveLength(51 + 1)
  })

  it('still tells rightly whether the address is on the list', async () => {
    const list = await freshList(1)
    for (const one of told.slice(0, 5)) await list.suppress(one)
    expect(await list.remove(recipient, at('2026-11-24T23:00:00Z'))).toMatchObject({
      suppressedBy: '2026-11-25T00:00:00Z[operator] by-hand asked on the telephone',
    })
    expect(await list.remove(recipient, at('2026-11-25T00:00:00Z'))).toMatchObject({ isSuppressed: false })
    await list.suppress(told[4]!)
    expect((await list.ofRecipient(recipient))?.isSuppressed).toBe(false)
    await list.suppress(told[5]!)
    expect((await list.ofRecipient(recipient))?.isSuppressed).toBe(true)
  })
})

describe('the reader', () => {
  it('tells of every row, those that were taken off the list included', async () => {
    const list = await freshList()
    await list.suppress(hardBounce)
    await list.suppress({ ...complaint, recipient: 'other@example.com' })
    await list.remove('other@example.com', at('2026-12-01T00:00:00Z'))
    const rows = await Array.fromAsync(list.all())
    expect(new Map(rows.map((row) => [row.recipient, row.isSuppressed]))).toEqual(
      new Map([
        [recipient, true],
        ['other@example.com', false],
      ]),
    )
  })

  it('knows nothing of an address of which nothing was told', async () => {
    const list = await freshList()
    expect(await list.ofRecipient(recipient)).toBeUndefined()
  })
})
