import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { minuteMs } from '../../lib/core/instant.ts'
import { emailStatus } from '../../lib/status-apis/sendcloud/email-status.ts'
import { openAndClick } from '../../lib/status-apis/sendcloud/open-and-click.ts'
import { inProcessLists } from '../../local/simulated-sendcloud/in-process-lists.ts'
import { makeSendCloudTraffic } from '../../local/simulated-sendcloud/traffic.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { credentials, startForTest } from '../local/simulated-sendcloud/started.ts'

// 00:00 of 2026-11-21 in UTC+8.
const startMs = Date.parse('2026-11-20T16:00:00Z')
const dayMs = 86_400_000
const lagMs = minuteMs
const messages = makeSendCloudTraffic({ seed: 5, count: 450, fromMs: startMs, overMs: dayMs })
const deliveries = messages.flatMap((message) => message.deliveries)

async function bothAt(nowMs: number) {
  const clock = virtualClock(nowMs)
  const simulated = await startForTest({ clock, lagMs })
  const inProcess = inProcessLists({ clock, lagMs })
  simulated.send(...messages)
  for (const message of messages) inProcess.add(message)
  const settings = { endpoint: simulated.url, ...credentials }
  const overHttp = {
    outcomes: emailStatus(settings),
    opens: openAndClick(settings, 'opened'),
    clicks: openAndClick(settings, 'clicked'),
  }
  return { clock, inProcess, overHttp }
}

describe('the simulated SendCloud in process', () => {
  it('returns at every instant what the one over HTTP returns, and repeats it as long', async () => {
    const { clock, inProcess, overHttp } = await bothAt(startMs)
    const question = fc.record({
      list: fc.constantFrom('outcomes' as const, 'opens' as const, 'clicks' as const),
      query: fc.oneof(
        fc.record({
          requestDate: fc.constantFrom('2026-11-20', '2026-11-21'),
          offset: fc.constantFrom(0, 100, 130, 400, 450),
        }),
        fc.record({
          requestDate: fc.constant('2026-11-21'),
          offset: fc.constant(0),
          emailIds: fc.uniqueArray(fc.constantFrom(...deliveries.map(({ emailId }) => emailId)), {
            minLength: 1,
            maxLength: 100,
          }),
        }),
        fc.record({
          requestDate: fc.constant('2026-11-21'),
          offset: fc.constant(0),
          recipient: fc.constantFrom(...deliveries.map(({ recipient }) => recipient.toLowerCase())),
        }),
      ),
      waitMs: fc.constantFrom(0, 4 * minuteMs, 20 * minuteMs, 300 * minuteMs),
    })
    await fc.assert(
      fc.asyncProperty(question, async ({ list, query, waitMs }) => {
        clock.advance(waitMs)
        // The other lists have no look-ups.
        const asked =
          list === 'outcomes' || !('emailIds' in query || 'recipient' in query) ? list : 'outcomes'
        const { answeredAtMs, ...page } = await overHttp[asked].page(query)
        expect(await inProcess[asked].page(query)).toEqual(page)
        expect(answeredAtMs).toBeDefined()
      }),
    )
  })

  it('forgets what was sent before a date', async () => {
    const { inProcess } = await bothAt(startMs + 2 * dayMs)
    const rows = async () => (await inProcess.outcomes.page({ requestDate: '2026-11-21', offset: 400 })).rows
    inProcess.forgetBefore('2026-11-21')
    expect(await rows()).toBe(50)
    inProcess.forgetBefore('2026-11-22')
    expect((await inProcess.opens.page({ requestDate: '2026-11-21', offset: 0 })).rows).toBe(0)
  })
})
