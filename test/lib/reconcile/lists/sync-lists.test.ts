import { describe, expect, it } from '@jest/globals'
import { syncLists } from '../../../../lib/reconcile/lists/sync-lists.ts'
import { StatusApiError } from '../../../../lib/reconcile/ports.ts'
import type { Suppression } from '../../../../lib/core/suppression.ts'
import type { ListEntry, ProviderList } from '../../../../lib/suppressions/ports.ts'
import { inMemoryRuns } from '../../../../local/in-memory-ledger/runs.ts'
import { inMemorySuppressions } from '../../../../local/in-memory-ledger/suppressions.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'

const at = (instant: string) => Date.parse(instant)
const entry = (name: string, parts: Partial<ListEntry> = {}): ListEntry => ({
  recipient: `${name}@example.com`,
  reason: 'blocklist',
  listedAtMs: at('2026-11-20T08:00:00Z'),
  detail: '550 no',
  ...parts,
})
const pages = (): ListEntry[][] => [
  [entry('a'), entry('b')],
  [entry('c', { untilMs: at('2027-01-01T00:00:00Z') }), entry('a')],
  [entry('d', { reason: 'complaint', detail: '' })],
]

/** A list of these pages, a hundred rows each but the last. */
function listOf(name: string, ofPages: readonly (readonly ListEntry[])[]): ProviderList {
  return {
    provider: 'tencent-ses',
    name,
    removal: '',
    holds: '',
    page({ offset }) {
      const entries = ofPages[offset / 100] ?? []
      const isLast = offset / 100 >= ofPages.length - 1
      return Promise.resolve({ entries, rows: isLast ? entries.length : 100, unreadable: 0, isLast })
    },
    ofRecipient: () => Promise.resolve([]),
    remove: () => Promise.resolve('absent'),
  }
}

/** A provider's lists and ours. A run may be killed: then it waits for ever at that moment, and nothing takes effect any more. */
function world(lists: readonly ProviderList[], requestsPerSecond = 1) {
  const clock = virtualClock('2026-11-21T08:00:00Z')
  const ours = inMemorySuppressions(50)
  const runs = inMemoryRuns()
  const logged: Readonly<Record<string, unknown>>[] = []
  let moments = 0
  const run = async (fatalMoment = Infinity): Promise<void> => {
    moments = 0
    let die = (): void => undefined
    const death = new Promise<void>((resolve) => {
      die = resolve
    })
    const moment = (): Promise<void> => {
      moments += 1
      if (moments < fatalMoment) return Promise.resolve()
      die()
      return new Promise(() => undefined)
    }
    const mortal =
      <Given extends unknown[], T>(act: (...given: Given) => Promise<T>) =>
      async (...given: Given): Promise<T> => {
        await moment()
        const result = await act(...given)
        await moment()
        return result
      }
    const sync = syncLists(
      [
        {
          provider: 'tencent-ses',
          lists: lists.map((list) => ({ ...list, page: mortal((query) => list.page(query)) })),
          suppressions: {
            suppress: mortal((evidence) => ours.suppress(evidence)),
            ofRecipients: mortal(async (recipients) => {
              const rows = await Promise.all(recipients.map((recipient) => ours.ofRecipient(recipient)))
              return new Map(
                rows.flatMap((row): [string, Suppression][] => (row ? [[row.recipient, row]] : [])),
              )
            }),
          },
          runs: {
            acquire: mortal((...given) => runs.acquire(...given)),
            save: mortal((...given) => runs.save(...given)),
            release: mortal((...given) => runs.release(...given)),
          },
          blocklistDays: 14,
          requestsPerSecond,
          owner: `run at ${clock.now()} ${fatalMoment}`,
          clock,
          log: (event, fields) => logged.push({ event, ...fields }),
        },
      ],
      { deadlineMs: clock.now() + 840_000 },
    )
    await Promise.race([sync, death])
  }
  const rows = async () =>
    (await Array.fromAsync(ours.all())).sort((a, b) => (a.recipient < b.recipient ? -1 : 1))
  return { run, rows, clock, logged, momentsOf: () => moments }
}

describe('a sync', () => {
  it('that is killed at any moment and run again ends in the same list', async () => {
    const undisturbed = world([listOf('one', pages()), listOf('two', [[entry('e')]])])
    await undisturbed.run()
    const expected = await undisturbed.rows()
    expect(expected.map(({ recipient }) => recipient[0])).toEqual(['a', 'b', 'c', 'd', 'e'])
    const moments = undisturbed.momentsOf()
    expect(moments).toBeGreaterThan(30)
    for (let fatal = 1; fatal <= moments; fatal += 1) {
      const killed = world([listOf('one', pages()), listOf('two', [[entry('e')]])])
      await killed.run(fatal)
      killed.clock.advance(300_000)
      await killed.run()
      expect(await killed.rows()).toEqual(expected)
    }
  })

  it('stands back while another one is at work', async () => {
    const { run, rows, logged } = world([listOf('one', pages())])
    // Dies with the lease in hand.
    await run(3)
    await run()
    expect(await rows()).toEqual([])
    expect(logged).toEqual([])
  })

  it('keeps no entry that nothing dates and no end, one of the future, or one that is over; it says how many', async () => {
    const { run, rows, logged } = world([
      listOf('one', [
        [
          { recipient: 'undated@example.com', reason: 'blocklist', detail: '' },
          entry('future', { listedAtMs: at('2026-11-23T08:00:00Z') }),
          entry('over', { untilMs: at('2026-11-21T07:59:59Z') }),
          { recipient: 'asked@example.com', reason: 'unsubscribe', detail: 'from:news.example.com' },
        ],
      ]),
    ])
    await run()
    expect(await rows()).toMatchObject([
      {
        recipient: 'asked@example.com',
        evidence: ['1970-01-01T00:00:00Z[list] unsubscribe tencent-ses - - from:news.example.com'],
      },
    ])
    expect(logged).toMatchObject([{ event: 'lists synced', rows: 4, added: 1, unreadable: 2 }])
  })

  it('reads a thousand pages of one list at the most, and says so', async () => {
    const { run, rows, logged, clock } = world(
      [
        listOf(
          'endless',
          Array.from({ length: 2_000 }, () => [entry('a')]),
        ),
        listOf('two', [[entry('e')]]),
      ],
      20,
    )
    await run()
    clock.advance(300_000)
    await run()
    expect((await rows()).map(({ recipient }) => recipient)).toEqual(['a@example.com', 'e@example.com'])
    expect(logged).toContainEqual({
      event: 'list not read',
      provider: 'tencent-ses',
      list: 'endless',
      problem: 'It has more than 100000 rows.',
    })
  })

  it('asks again where the provider does not answer at once, and goes on with the next list where it never does', async () => {
    let asked = 0
    const failing = (times: number): ProviderList['page'] => {
      const list = listOf('failing', [[entry('f')]])
      return (query) => {
        asked += 1
        return asked > times
          ? list.page(query)
          : Promise.reject(new StatusApiError('transient', 'E', 'no answer'))
      }
    }
    const other = listOf('two', [[entry('e')]])
    const patient = world([{ ...listOf('failing', []), page: failing(2) }, other])
    await patient.run()
    expect(await patient.rows()).toHaveLength(2)
    asked = 0
    const { run, rows, logged } = world([{ ...listOf('failing', []), page: failing(3) }, other])
    await run()
    expect(await rows()).toHaveLength(1)
    expect(logged).toMatchObject([
      { event: 'list not read', list: 'failing', problem: 'no answer' },
      { event: 'lists synced', calls: 4, added: 1, stoppedBy: 'provider' },
    ])
  })
})
