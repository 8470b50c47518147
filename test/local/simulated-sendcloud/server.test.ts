import { describe, expect, it } from '@jest/globals'
import type { SendCloudEntry, SendCloudMessage } from '../../../local/simulated-sendcloud/mail.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { messageAt, sampleMessage } from './sample-mail.ts'
import { startForTest } from './started.ts'

const afternoon = '2026-11-21T08:00:00Z'
const today = { startDate: '2026-11-21', endDate: '2026-11-21' }
const signedIn = { apiUser: 'example_trigger', apiKey: 'simulated-api-key' }

const at = (time: string) => Date.parse(`2026-11-21T${time}Z`)
const delivered: SendCloudEntry = { kind: 'delivered', atMs: at('04:00:10.500') }

interface Answer {
  readonly result: boolean
  readonly statusCode: number
  readonly message: string
  readonly info: { readonly total?: string; readonly voListSize?: number; readonly voList?: readonly Row[] }
}

type Row = Readonly<Record<string, unknown>>

async function ask(
  { url }: { readonly url: string },
  parameters: Readonly<Record<string, string>> = {},
): Promise<Answer> {
  const body = new URLSearchParams({ ...signedIn, ...today, ...parameters })
  const response = await fetch(`${url}/data/emailStatus`, { method: 'POST', body })
  return (await response.json()) as Answer
}

/** The recipients listed, without their domain. */
async function namesOf(
  simulated: { readonly url: string },
  parameters: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { info } = await ask(simulated, parameters)
  return (info.voList ?? []).map(({ recipients }) => String(recipients).split('@')[0]).join(' ')
}

/** Mails to a1, a2 and so on, one a second from 04:00:00 UTC on; to the first something happened at 07:00. */
function mails(count: number, parts: Partial<SendCloudMessage> = {}): SendCloudMessage[] {
  return Array.from({ length: count }, (_, index) => {
    const sentAtMs = at('04:00:00') + index * 1000
    const timeline: SendCloudEntry[] = index === 0 ? [{ kind: 'delivered', atMs: at('07:00:00') }] : []
    return { ...messageAt(sentAtMs, `a${index + 1}`, timeline), ...parts }
  })
}

describe('the answer', () => {
  it('is that of the documents', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(sampleMessage(delivered))
    expect(await ask(simulated)).toEqual({
      result: true,
      statusCode: 200,
      message: '请求成功',
      info: {
        total: '2',
        voListSize: 2,
        voList: [
          {
            emailId: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound0$anna@example.com',
            status: '送达',
            subStatus: '',
            subStatusDesc: '',
            apiUser: 'example_trigger',
            recipients: 'anna@example.com',
            requestTime: '2026-11-21 12:00:00',
            modifiedTime: '2026-11-21 12:00:10',
            sendLog: 'successfully delivered',
          },
          {
            emailId: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound1$bob@example.com',
            status: '请求中',
            subStatus: '',
            subStatusDesc: '',
            apiUser: 'example_trigger',
            recipients: 'bob@example.com',
            requestTime: '2026-11-21 12:00:00',
            modifiedTime: '2026-11-21 12:00:00',
            sendLog: '',
          },
        ],
      },
    })
  })

  it.each([
    ['today' as const, ['无效邮件-地址不存在', '软退信-其他', '无效邮件-取消订阅', '送达']],
    ['2016' as const, ['无效邮件', '软退信', '无效邮件', '投递成功']],
  ])('has the words of %s', async (wording, words) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), wording })
    const entries: SendCloudEntry[] = [
      { kind: 'bounced', atMs: at('05:00:00'), bounceType: 'hard_bounce', subStat: 406, cause: '551 no' },
      { kind: 'bounced', atMs: at('05:00:00'), bounceType: 'soft_bounce', subStat: 509, cause: '452 full' },
      { kind: 'dropped', atMs: at('05:00:00'), subStat: 402 },
      delivered,
    ]
    simulated.send(...entries.map((entry) => sampleMessage(entry)))
    const { info } = await ask(simulated, { email: 'anna@example.com' })
    expect(info.voList?.map(({ status }) => status)).toEqual(words)
    expect(info.voList?.map(({ subStatus }) => subStatus)).toEqual(['406', '509', '402', ''])
    expect(info.voList?.map(({ sendLog }) => sendLog)).toEqual([
      '551 no',
      '452 full',
      '',
      'successfully delivered',
    ])
  })

  it('shows what has happened by the instant of the clock', async () => {
    const clock = virtualClock('2026-11-21T04:00:00Z')
    const simulated = await startForTest({ clock, cacheMs: 0, lagMs: 60_000 })
    simulated.send(
      sampleMessage(
        { kind: 'bounced', atMs: at('04:02:00'), bounceType: 'soft_bounce', subStat: 503 },
        { kind: 'delivered', atMs: at('04:03:00') },
        { kind: 'opened', atMs: at('04:04:00') },
        { kind: 'bounced', atMs: at('04:05:00'), bounceType: 'hard_bounce', subStat: 409 },
      ),
    )
    const seen: string[] = []
    for (const time of ['04:01:00', '04:01:01', '04:02:00', '04:03:00', '04:04:30', '04:05:00']) {
      clock.advanceTo(at(time))
      const [row] = (await ask(simulated)).info.voList ?? []
      seen.push(row ? `${String(row.status)} ${String(row.modifiedTime)}` : 'nothing')
    }
    expect(seen).toEqual([
      'nothing',
      '请求中 2026-11-21 12:00:00',
      '软退信-服务不可达 2026-11-21 12:02:00',
      '送达 2026-11-21 12:03:00',
      '送达 2026-11-21 12:03:00',
      '无效邮件-其他 2026-11-21 12:05:00',
    ])
  })

  it('has its rows where one report from the field has seen them', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), rowsIn: 'list' })
    simulated.send(...mails(1))
    expect((await ask(simulated)).info).toMatchObject({ total: '1', list: [{ status: '送达' }] })
  })

  it('is given to a GET as well', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(...mails(2))
    const query = new URLSearchParams({ ...signedIn, ...today })
    const response = await fetch(`${simulated.url}/data/emailStatus?${query.toString()}`)
    expect(await response.json()).toMatchObject({ result: true, info: { voListSize: 2 } })
    expect((await fetch(`${simulated.url}/mail/send`)).status).toBe(404)
  })
})

describe('what may be asked', () => {
  it.each([
    [{ apiKey: 'another' }, 40005],
    [{ apiUser: 'another' }, 40005],
    [{ start: '' }, 40001],
    [{ start: '-1' }, 40002],
    [{ start: '1.5' }, 40002],
    [{ limit: '' }, 40003],
    [{ limit: '101' }, 40004],
    [{ limit: 'all' }, 40004],
    [{ days: '0' }, 40006],
    [{ days: '4' }, 40006],
    [{ startDate: '' }, 40007],
    [{ startDate: '21.11.2026' }, 40007],
    [{ endDate: '2026-02-30' }, 40008],
    [{ startDate: '2026-11-18' }, 40008],
    [{ startDate: '2026-11-22' }, 40008],
    [{ apiUserList: '' }, 40010],
    [{ apiUserList: 'a,b' }, 40016],
    [{ email: '' }, 40011],
    [{ email: 'anna' }, 40012],
  ])('is not %j: HTTP 200, and %i', async (parameters, statusCode) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    const body = new URLSearchParams({ ...signedIn, ...today, ...parameters })
    const response = await fetch(`${simulated.url}/data/emailStatus`, { method: 'POST', body })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({ result: false, statusCode, info: {} })
    expect(simulated.calls.map(({ answer }) => answer)).toEqual([String(statusCode)])
  })

  it('is a range of three dates, or of thirty by older documents', async () => {
    const threeDates = { startDate: '2026-11-19' }
    const thirtyDates = { startDate: '2026-10-23' }
    const newer = await startForTest({ clock: virtualClock(afternoon) })
    const older = await startForTest({ clock: virtualClock(afternoon), mostDays: 30 })
    expect((await ask(newer, threeDates)).statusCode).toBe(200)
    expect((await ask(newer, thirtyDates)).statusCode).toBe(40008)
    expect((await ask(older, thirtyDates)).statusCode).toBe(200)
    expect((await ask(older, { startDate: '2026-10-22' })).statusCode).toBe(40008)
  })

  it('is more than 3,000 times a minute only from the next minute on', async () => {
    const clock = virtualClock(afternoon)
    const simulated = await startForTest({ clock, callsPerMinute: 2 })
    const codes: number[] = []
    for (const advanceMs of [0, 30_000, 0, 29_999, 1]) {
      clock.advance(advanceMs)
      codes.push((await ask(simulated)).statusCode)
    }
    expect(codes).toEqual([200, 200, 50000, 50000, 200])
  })
})

describe('what is listed', () => {
  it('is a page', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(...mails(5))
    expect(await namesOf(simulated, { limit: '2' })).toBe('a1 a2')
    expect(await namesOf(simulated, { start: '4', limit: '2' })).toBe('a5')
    expect((await ask(simulated, { start: '4', limit: '2' })).info).toMatchObject({
      total: '5',
      voListSize: 1,
    })
  })

  it('stands under the date in UTC+8', async () => {
    const simulated = await startForTest({ clock: virtualClock('2026-11-22T08:00:00Z') })
    const [before] = mails(1)
    const sentAtMs = at('16:00:00')
    simulated.send(before!, {
      ...before!,
      deliveries: [{ ...before!.deliveries[0]!, recipient: 'b1@example.com', emailId: 'b', sentAtMs }],
    })
    expect(await namesOf(simulated)).toBe('a1')
    expect(await namesOf(simulated, { startDate: '2026-11-22', endDate: '2026-11-22' })).toBe('b1')
    expect(await namesOf(simulated, { days: '1' })).toBe('b1')
    expect(await namesOf(simulated, { days: '2' })).toBe('a1 b1')
  })

  it('is what the filters let through', async () => {
    const simulated = await startForTest({
      clock: virtualClock(afternoon),
      apiUsers: ['example_trigger', 'example_batch'],
    })
    simulated.send(...mails(3), ...mails(1, { apiUser: 'example_batch' }))
    const [first, , third] = simulated.messages.flatMap(({ deliveries }) => deliveries)
    expect(await namesOf(simulated, { emailIds: `${third!.emailId};nobody;${first!.emailId}` })).toBe('a1 a3')
    expect(await namesOf(simulated, { email: 'A2@Example.com' })).toBe('a2')
    expect(await namesOf(simulated, { status: '1' })).toBe('a1')
    expect(await namesOf(simulated, { status: '18' })).toBe('a2 a3')
    expect(await namesOf(simulated, { subStatus: '406;409' })).toBe('')
    expect(await namesOf(simulated, { apiUserList: 'example_trigger;example_batch' })).toBe('a1 a1 a2 a3')
  })

  it.each([
    ['oldest-first' as const, 'a1 a2 a3'],
    ['newest-first' as const, 'a3 a2 a1'],
    ['by-status-change' as const, 'a2 a3 a1'],
  ])('is %s', async (order, names) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), order })
    simulated.send(...mails(3))
    expect(await namesOf(simulated)).toBe(names)
  })
})

describe('the cache', () => {
  it('repeats an answer to the same parameters for ten minutes, whatever their order', async () => {
    const clock = virtualClock(afternoon)
    const simulated = await startForTest({ clock })
    const seen: string[] = [await namesOf(simulated, { start: '0', limit: '50' })]
    simulated.send(...mails(1))
    seen.push(await namesOf(simulated, { limit: '50', start: '0' }))
    seen.push(await namesOf(simulated, { start: '0', limit: '51' }))
    clock.advance(599_999)
    seen.push(await namesOf(simulated, { start: '0', limit: '50' }))
    clock.advance(1)
    seen.push(await namesOf(simulated, { start: '0', limit: '50' }))
    expect(seen).toEqual(['', '', 'a1', '', 'a1'])
    expect(simulated.calls.map(({ answer }) => answer)).toEqual(['ok', 'cached', 'ok', 'cached', 'ok'])
  })
})

describe('planted faults', () => {
  it.each([
    ['a code', { code: '50000' }, '50000'],
    ['an HTTP status', { httpStatus: 503 }, 'HTTP 503'],
    ['a connection that closes', 'hang-up' as const, 'hang-up'],
    ['an answer that is not JSON', 'not-json' as const, 'not-json'],
  ])('are %s, for the next calls and no more', async (_what, fault, answer) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.failNext(1, fault)
    const outcome = await ask(simulated).then(
      ({ statusCode }) => statusCode,
      () => 'no answer',
    )
    expect(outcome).toBe('code' in Object(fault) ? 50000 : 'no answer')
    expect((await ask(simulated)).statusCode).toBe(200)
    expect(simulated.calls.map((call) => call.answer)).toEqual([answer, 'ok'])
  })

  it('can be aimed at certain calls', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    const repair = simulated.failWhen(({ parameters }) => parameters.email !== undefined, { code: '50000' })
    expect((await ask(simulated)).statusCode).toBe(200)
    expect((await ask(simulated, { email: 'anna@example.com' })).statusCode).toBe(50000)
    repair()
    expect((await ask(simulated, { email: 'anna@example.com' })).statusCode).toBe(200)
  })
})

it('records each call as it was asked, without credentials', async () => {
  const simulated = await startForTest({ clock: virtualClock(afternoon) })
  await ask(simulated, { start: '100' })
  expect(simulated.calls).toEqual([
    {
      atMs: at('08:00:00'),
      method: 'POST',
      action: 'data/emailStatus',
      parameters: { startDate: '2026-11-21', endDate: '2026-11-21', start: '100' },
      answer: 'ok',
    },
  ])
})
