import { describe, expect, it } from '@jest/globals'
import { quarantineEraser } from '../../../lib/table/body-eraser.ts'
import { quarantineWriter } from '../../../lib/table/quarantine-writer.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'

const engine = embeddedTables()

describe.each([
  ['in its head', 20],
  ['in parts', 500_000],
])('a body that is kept %s', (_where, length) => {
  async function kept() {
    const { quarantine: table } = await engine.freshTables()
    const { client } = engine
    const clock = virtualClock('2026-11-21T08:00:00Z')
    const writer = quarantineWriter({ client, table, retentionDays: 400, clock })
    const arrive = () =>
      writer.keep({
        provider: 'tencent-ses',
        body: new TextEncoder().encode('x'.repeat(length)),
        contentType: 'application/json',
        reason: 'unreadable',
        problems: [],
        receivedAtMs: clock.now(),
      })
    await arrive()
    const eraser = quarantineEraser({ client, table })
    const heads = async () => {
      const pages = await Array.fromAsync(eraser.pages())
      return pages.flatMap(({ items }) => items.flatMap((row) => ('head' in row ? [row.head] : [])))
    }
    return { clock, arrive, eraser, heads }
  }

  it('is removed', async () => {
    const { eraser, heads } = await kept()
    const [head] = await heads()
    expect(await eraser.remove(head!)).toBe(true)
    expect(await Array.fromAsync(eraser.pages(), ({ rows }) => rows)).toEqual([0])
  })

  it('stays whole if it has arrived again since it was read', async () => {
    const { clock, arrive, eraser, heads } = await kept()
    const [head] = await heads()
    clock.advance(60_000)
    await arrive()
    expect(await eraser.remove(head!)).toBe(false)
    const [left] = await heads()
    expect(left).toMatchObject({ isHalfRemoved: false, isOpen: true })
    expect((left!.body ?? (await eraser.partsOf(left!))).length).toBe(length)
  })
})
