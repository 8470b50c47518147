import { describe, expect, it } from '@jest/globals'
import { DeleteItemCommand, UpdateItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { SuppressionEvidence } from '../../../lib/core/suppression.ts'
import { suppressionEraser } from '../../../lib/table/suppression-eraser.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables, rowsOf } from '../../embedded-tables.ts'

const engine = embeddedTables()
const clock = virtualClock('2026-11-21T08:00:00Z')
const recipient = 'ann@example.com'

const evidence = (
  second: number,
  reason: SuppressionEvidence['reason'] = 'complaint',
): SuppressionEvidence => ({
  recipient,
  reason,
  occurredAtMs: Date.parse('2026-11-20T08:00:00Z') + second * 1_000,
  source: 'callback',
  detail: 'x',
})

async function ledger() {
  const { suppressions: table } = await engine.freshTables()
  const write = suppressionWriter({ client: engine.client, table, limits: { evidence: 2 } })
  /** A client that lets somebody write right before its first own write. */
  const overtaken = (by: () => Promise<void>): DynamoDBClient => {
    let isFirst = true
    const client = Object.create(engine.client) as DynamoDBClient
    client.send = (async (command: object, ...rest: never[]) => {
      const isWrite = command instanceof UpdateItemCommand || command instanceof DeleteItemCommand
      if (isWrite && isFirst) {
        isFirst = false
        await by()
      }
      return engine.client.send(command as never, ...rest)
    }) as DynamoDBClient['send']
    return client
  }
  const eraser = (client: DynamoDBClient = engine.client) => suppressionEraser({ client, table, clock })
  return { write, overtaken, eraser, rows: () => rowsOf(engine.client, table) }
}

describe('a suppression is replaced', () => {
  it('whole, with what stood outside its sets', async () => {
    const { write, eraser, rows } = await ledger()
    for (const second of [1, 2, 3, 4]) await write.suppress(evidence(second))
    await write.suppress({ ...evidence(5), reason: 'blocklist', provider: 'tencent-ses' })
    expect(
      await eraser().replace(recipient, (known) => ({
        ...known,
        evidence: known.evidence.slice(0, 1),
        blocklisted: [],
      })),
    ).toBe(true)
    const line = '2026-11-20T08:00:01Z complaint - - x'
    expect(await rows()).toEqual([
      {
        recipient,
        evidence: [line],
        suppressedBy: line,
        reason: 'complaint',
        since: '2026-11-20T08:00:01Z',
        rulesVersion: 2,
      },
    ])
    expect(await eraser().replace(recipient, (known) => known)).toBe(false)
    expect(await eraser().replace('nobody@example.com', () => undefined)).toBe(false)
  })

  it.each(['reduced', 'removed'])(
    'by what is made of evidence that comes meanwhile, too: %s',
    async (manner) => {
      const { write, overtaken, eraser, rows } = await ledger()
      await write.suppress(evidence(1))
      const seen: number[] = []
      await eraser(overtaken(() => write.suppress(evidence(2, 'unsubscribe')))).replace(
        recipient,
        (known) => {
          seen.push(known.evidence.length)
          return manner === 'removed'
            ? undefined
            : { ...known, evidence: known.evidence.map((line) => line.replace(/ x$/, '')) }
        },
      )
      expect(seen).toEqual([1, 2])
      const both = ['2026-11-20T08:00:01Z complaint - -', '2026-11-20T08:00:02Z unsubscribe - -']
      expect((await rows()).map((row) => row.evidence)).toEqual(manner === 'removed' ? [] : [both])
    },
  )
})
