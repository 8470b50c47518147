import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { StatusApi } from '../../lib/reconcile/ports.ts'
import { getSendEmailStatus } from '../../lib/status-apis/ses/get-send-email-status.ts'
import { readStatusRow } from '../../lib/status-apis/ses/status-row.ts'
import { inProcessStatusApi } from '../../local/simulated-ses/in-process-status-api.ts'
import { mailboxWith, type MailboxOptions } from '../../local/simulated-ses/mailbox.ts'
import type { SimulatedDelivery } from '../../local/simulated-ses/mail.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'
import { virtualClock, type VirtualClock } from '../../local/virtual-clock.ts'
import { sampleDelivery } from '../local/simulated-ses/sample-mail.ts'
import { startForTest } from '../local/simulated-ses/sdk-client.ts'

const dayMs = 86_400_000
const minuteMs = 60_000
// 00:00 of 2026-11-21 in UTC+8.
const startMs = Date.parse('2026-11-20T16:00:00Z')
const mails = makeTraffic({ seed: 5, count: 450, fromMs: startMs, overMs: dayMs })
const lagMs = minuteMs

function apiOver(
  deliveries: readonly SimulatedDelivery[],
  clock: VirtualClock,
  options: MailboxOptions = {},
): StatusApi {
  const mailbox = mailboxWith(options)
  for (const delivery of deliveries) mailbox.add(delivery)
  const provider = 'tencent-ses'
  return inProcessStatusApi({
    mailbox,
    clock,
    provider,
    readRow: (row) => readStatusRow(provider, row),
  })
}

describe('the simulated SES in process', () => {
  it('returns at every instant what the one over HTTP returns', async () => {
    const clock = virtualClock(startMs)
    const ses = await startForTest({ clock, lagMs })
    ses.send(...mails)
    const overHttp = getSendEmailStatus({
      endpoint: ses.url,
      region: 'ap-guangzhou',
      secretId: 'AKIDsimulated',
      secretKey: 'simulated-secret-key',
      token: undefined,
    })
    const inProcess = apiOver(mails, clock, { lagMs })
    const query = fc.record({
      requestDate: fc.constantFrom('2026-11-20', '2026-11-21'),
      offset: fc.constantFrom(0, 100, 130, 400, 450),
      message: fc.option(fc.constantFrom(...mails.map(({ messageId }) => messageId)), { nil: undefined }),
      waitMs: fc.constantFrom(0, 30_000, 20 * minuteMs, 5 * 60 * minuteMs),
    })
    await fc.assert(
      fc.asyncProperty(query, async ({ requestDate, offset, message, waitMs }) => {
        clock.advance(waitMs)
        const asked = { requestDate, offset, ...(message !== undefined && { messageId: message }) }
        const { answeredAtMs, ...page } = await overHttp.page(asked)
        expect(await inProcess.page(asked)).toEqual(page)
        expect(answeredAtMs).toBe(clock.now() - (clock.now() % 1_000))
      }),
    )
  })

  it('returns a page as the same object until something happens to its mail', async () => {
    const openedAtMs = mails[0]!.sentAtMs + 10 * dayMs
    const opened = { kind: 'opened', atMs: openedAtMs } as const
    const [first, ...others] = mails
    const changing = [{ ...first!, timeline: [...first!.timeline, opened] }, ...others]
    const clock = virtualClock(openedAtMs - minuteMs)
    const api = apiOver(
      changing.map((mail) => ({ ...mail, timeline: mail.timeline.filter(({ atMs }) => atMs <= openedAtMs) })),
      clock,
    )
    const query = { requestDate: '2026-11-21', offset: 0 }
    const before = await api.page(query)
    expect(await api.page(query)).toBe(before)
    clock.advanceTo(openedAtMs)
    const after = await api.page(query)
    expect(before.deliveries[0]?.engagement).not.toContain('opened')
    expect(after.deliveries[0]?.engagement).toContain('opened')
    expect(after.deliveries[1]).toBe(before.deliveries[1])
  })

  it('lists a mail as soon as its lag is over, on a page that it listed before', async () => {
    const early = sampleDelivery({ sentAtMs: startMs, recipient: 'early@example.com' })
    const late = sampleDelivery({ sentAtMs: startMs + dayMs / 2, recipient: 'late@example.com' })
    const clock = virtualClock(late.sentAtMs + lagMs - 1)
    const api = apiOver([early, late], clock, { lagMs })
    const listed = async () => {
      const { deliveries } = await api.page({ requestDate: '2026-11-21', offset: 0 })
      return deliveries.map(({ recipient }) => recipient)
    }
    expect(await listed()).toEqual(['early@example.com'])
    clock.advance(1)
    expect(await listed()).toEqual(['early@example.com', 'late@example.com'])
  })

  it('refuses a date that is out of reach', async () => {
    const api = apiOver(mails, virtualClock(startMs + 31 * dayMs))
    await expect(api.page({ requestDate: '2026-11-21', offset: 0 })).rejects.toMatchObject({
      consequence: 'out-of-reach',
      code: 'FailedOperation.NotSupportDate',
    })
  })
})

describe('a mailbox', () => {
  const query = { requestDate: '2026-11-21', offset: 0, limit: 100 }
  const noFilter = { messageId: undefined, toEmailAddress: undefined }

  it('lists in the order of sending what was added in another, in the order of adding within a second', () => {
    const mailbox = mailboxWith({})
    const times = [30, 10, 20, 10]
    for (const [index, seconds] of times.entries()) {
      mailbox.add(sampleDelivery({ recipient: `${index}@example.com`, sentAtMs: startMs + seconds * 1_000 }))
    }
    const page = () => mailbox.page({ ...query, ...noFilter }, startMs + dayMs)
    expect(page().map(({ recipient }) => recipient[0])).toEqual(['1', '3', '2', '0'])
    mailbox.add(sampleDelivery({ recipient: '4@example.com', sentAtMs: startMs + 15_000 }))
    expect(page().map(({ recipient }) => recipient[0])).toEqual(['1', '3', '4', '2', '0'])
  })

  it('finds a recipient that was added after the message had been looked up', () => {
    const mailbox = mailboxWith({})
    const ofMessage = () => {
      const { messageId } = sampleDelivery()
      const found = mailbox.page({ ...query, messageId, toEmailAddress: undefined }, startMs + dayMs)
      return found.map(({ recipient }) => recipient)
    }
    mailbox.add(sampleDelivery())
    mailbox.add(sampleDelivery({ messageId: 'another' }))
    expect(ofMessage()).toEqual(['anna@example.com'])
    mailbox.add(sampleDelivery({ recipient: 'bo@example.com' }))
    expect(ofMessage()).toEqual(['anna@example.com', 'bo@example.com'])
  })

  it('forgets what was sent before a date, and nothing else', () => {
    const mailbox = mailboxWith({})
    mailbox.add(sampleDelivery({ sentAtMs: startMs - 1_000 }))
    mailbox.add(sampleDelivery({ sentAtMs: startMs }))
    mailbox.forgetBefore('2026-11-21')
    expect(mailbox.deliveries.map(({ sentAtMs }) => sentAtMs)).toEqual([startMs])
    expect(mailbox.rows({ ...query, ...noFilter, requestDate: '2026-11-20' }, startMs + dayMs)).toEqual([])
    expect(mailbox.rows({ ...query, ...noFilter }, startMs + dayMs)).toHaveLength(1)
  })
})
