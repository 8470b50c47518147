import { describe, expect, it } from '@jest/globals'
import { request as httpRequest } from 'node:http'
import { clientOf, refusalOf, startForTest } from './sdk-client.ts'
import { sampleDelivery } from './sample-mail.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import type { SimulatedDelivery } from '../../../local/simulated-ses/mail.ts'

const today = { RequestDate: '2026-11-21', Offset: 0, Limit: 100 }
const afternoon = '2026-11-21T08:00:00Z'

/** `count` mails to a1, a2 …, one a second from 04:00:00 UTC on. */
function mails(count: number): SimulatedDelivery[] {
  return Array.from({ length: count }, (_, index) =>
    sampleDelivery({
      recipient: `a${index + 1}@example.com`,
      messageId: `qcloudses-30-251200670-date-20261121120000-m${index + 1}`,
      sentAtMs: Date.parse('2026-11-21T04:00:00Z') + index * 1000,
    }),
  )
}

async function recipientsOf(
  simulated: { url: string },
  parameters: Partial<typeof today> & { MessageId?: string; ToEmailAddress?: string } = {},
): Promise<(string | undefined)[]> {
  const answer = await clientOf(simulated).GetSendEmailStatus({ ...today, ...parameters })
  return (answer.EmailStatusList ?? []).map((row) => row.ToEmailAddress)
}

describe('who may ask', () => {
  it('answers a call that the official SDK signed', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(sampleDelivery())
    const answer = await clientOf(simulated).GetSendEmailStatus(today)
    expect(answer.RequestId).toBe('00000000-0000-4000-8000-000000000001')
    expect(answer.EmailStatusList).toEqual([
      {
        MessageId: 'qcloudses-30-251200670-date-20261121120000-8jolHvR2XcXC1',
        ToEmailAddress: 'anna@example.com',
        FromEmailAddress: 'test@fromexample.com',
        SendStatus: 0,
        DeliverStatus: 0,
        DeliverMessage: '',
        RequestTime: 1795233600,
        DeliverTime: 0,
        UserOpened: false,
        UserClicked: false,
        UserUnsubscribed: false,
        UserComplained: false,
      },
    ])
  })

  it.each([
    ['a wrong key', { secretKey: 'another' }, 'AuthFailure.SignatureFailure'],
    ['an unknown id', { secretId: 'AKIDanother' }, 'AuthFailure.SecretIdNotFound'],
    ['a token that is not expected', { token: 'surprise' }, 'AuthFailure.TokenFailure'],
    ['a region that SES is not in', { region: 'eu-frankfurt' }, 'UnsupportedRegion'],
  ])('refuses %s', async (_what, parts, code) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    expect(await refusalOf(clientOf(simulated, parts).GetSendEmailStatus(today))).toBe(code)
    expect(simulated.calls.map(({ answer }) => answer)).toEqual([code])
  })

  it('wants the token of a temporary credential', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), token: 'temporary' })
    const ask = (parts: { token?: string }) => clientOf(simulated, parts).GetSendEmailStatus(today)
    expect((await ask({ token: 'temporary' })).EmailStatusList).toEqual([])
    expect(await refusalOf(ask({ token: 'stale' }))).toBe('AuthFailure.TokenFailure')
    expect(await refusalOf(ask({}))).toBe('AuthFailure.TokenFailure')
  })

  it.each([301, -302])('refuses a signature that is %i s off', async (offSeconds) => {
    const simulated = await startForTest({
      clock: virtualClock(afternoon),
      checkSkewAgainst: () => Date.now() + offSeconds * 1000,
    })
    // The SDK rounds its timestamp down by up to a second: so 302, where the server's clock is behind.
    expect(await refusalOf(clientOf(simulated).GetSendEmailStatus(today))).toBe('AuthFailure.SignatureExpire')
  })

  it('accepts a signature that is nearly 300 s off', async () => {
    const simulated = await startForTest({
      clock: virtualClock(afternoon),
      checkSkewAgainst: () => Date.now() + 290_000,
    })
    expect(await recipientsOf(simulated)).toEqual([])
  })

  it('knows its actions and one version', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    expect(await refusalOf(clientOf(simulated).ListEmailIdentities({}))).toBe('InvalidAction')
    const older = clientOf(simulated)
    older.apiVersion = '2019-01-01'
    expect(await refusalOf(older.GetSendEmailStatus(today))).toBe('NoSuchVersion')
  })
})

describe('what may be asked', () => {
  const ask = async (parameters: object): Promise<unknown> => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    return clientOf(simulated).request('GetSendEmailStatus', { ...today, ...parameters })
  }

  it.each([
    [{ Limit: 101 }, 'FailedOperation.InvalidLimit'],
    [{ Limit: -1 }, 'InvalidParameter'],
    [{ Limit: null }, 'InvalidParameter'],
    [{ Offset: 1.5 }, 'InvalidParameter'],
    [{ Offset: '0' }, 'InvalidParameter'],
    [{ MessageId: 7 }, 'InvalidParameter'],
    [{ MessageID: 'a' }, 'UnknownParameter'],
    [{ RequestDate: null }, 'InvalidParameterValue.WrongDate'],
    [{ RequestDate: '21.11.2026' }, 'InvalidParameterValue.WrongDate'],
    [{ RequestDate: '2026-02-30' }, 'InvalidParameterValue.WrongDate'],
    [{ RequestDate: '2026-13-01' }, 'InvalidParameterValue.WrongDate'],
    [{ RequestDate: '2026-10-21' }, 'FailedOperation.NotSupportDate'],
  ])('refuses %j', async (parameters, code) => {
    expect(await refusalOf(ask(parameters))).toBe(code)
  })

  it('reaches back 30 days', async () => {
    expect(await ask({ RequestDate: '2026-10-22' })).toMatchObject({ EmailStatusList: [] })
  })

  it('counts the 30 days in UTC+8, where the day begins at 16:00 UTC', async () => {
    const clock = virtualClock('2026-11-21T15:59:59Z')
    const simulated = await startForTest({ clock })
    expect(await recipientsOf(simulated, { RequestDate: '2026-10-22' })).toEqual([])
    clock.advance(1000)
    expect(await refusalOf(recipientsOf(simulated, { RequestDate: '2026-10-22' }))).toBe(
      'FailedOperation.NotSupportDate',
    )
  })
})

describe('what is listed', () => {
  it('pages through a date without a total, and a short page is the end', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(...mails(5))
    expect(await recipientsOf(simulated, { Limit: 2 })).toEqual(['a1@example.com', 'a2@example.com'])
    expect(await recipientsOf(simulated, { Limit: 2, Offset: 2 })).toEqual([
      'a3@example.com',
      'a4@example.com',
    ])
    expect(await recipientsOf(simulated, { Limit: 2, Offset: 4 })).toEqual(['a5@example.com'])
    expect(await recipientsOf(simulated, { Limit: 2, Offset: 6 })).toEqual([])
  })

  it('lists by the UTC+8 date of sending', async () => {
    const simulated = await startForTest({ clock: virtualClock('2026-11-22T08:00:00Z') })
    simulated.send(
      sampleDelivery({ recipient: 'before@example.com', sentAtMs: Date.parse('2026-11-21T15:59:59Z') }),
      sampleDelivery({ recipient: 'after@example.com', sentAtMs: Date.parse('2026-11-21T16:00:00Z') }),
    )
    expect(await recipientsOf(simulated, { RequestDate: '2026-11-21' })).toEqual(['before@example.com'])
    expect(await recipientsOf(simulated, { RequestDate: '2026-11-22' })).toEqual(['after@example.com'])
  })

  it('filters by message, and by address in any spelling', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(...mails(3), sampleDelivery({ messageId: 'm9', recipient: 'A2@Example.com' }))
    expect(await recipientsOf(simulated, { MessageId: 'm9' })).toEqual(['A2@Example.com'])
    expect((await recipientsOf(simulated, { ToEmailAddress: 'a2@EXAMPLE.com' })).sort()).toEqual([
      'A2@Example.com',
      'a2@example.com',
    ])
    expect(await recipientsOf(simulated, { MessageId: 'm9', ToEmailAddress: 'a3@example.com' })).toEqual([])
  })

  it('shows a mail once the lag is over, and nothing from the future', async () => {
    const clock = virtualClock('2026-11-21T04:00:00Z')
    const simulated = await startForTest({ clock, lagMs: 60_000 })
    simulated.send(...mails(2))
    clock.advance(59_999)
    expect(await recipientsOf(simulated)).toEqual([])
    clock.advance(1)
    expect(await recipientsOf(simulated)).toEqual(['a1@example.com'])
  })

  it('reports a complaint under the spellings it was asked to use', async () => {
    const simulated = await startForTest({
      clock: virtualClock(afternoon),
      complaintKeys: ['UserComplainted'],
    })
    simulated.send(
      sampleDelivery({ timeline: [{ kind: 'complained', atMs: Date.parse('2026-11-21T05:00:00Z') }] }),
    )
    const [row] = (await clientOf(simulated).GetSendEmailStatus(today)).EmailStatusList ?? []
    expect(row).toMatchObject({ UserComplainted: true })
    expect(row).not.toHaveProperty('UserComplained')
  })
})

describe('the report of what was sent', () => {
  const report = (simulated: { url: string }, parameters: object = {}) =>
    clientOf(simulated).request('GetStatisticsReport', {
      StartDate: '2026-11-20',
      EndDate: '2026-11-21',
      ...parameters,
    })

  it('counts each day’s mail in UTC+8, and leaves out a day without any', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    const sentAt = (instant: string) => ({ sentAtMs: Date.parse(instant) })
    const happened = (kind: 'delivered' | 'opened' | 'bounced', time: string) => ({
      kind,
      atMs: Date.parse(`2026-11-21T${time}Z`),
    })
    simulated.send(
      sampleDelivery({ ...sentAt('2026-11-19T15:59:59Z') }),
      sampleDelivery({ ...sentAt('2026-11-20T15:59:59Z') }),
      sampleDelivery({
        ...sentAt('2026-11-20T16:00:00Z'),
        timeline: [happened('delivered', '00:00:00'), happened('opened', '09:00:00')],
      }),
      sampleDelivery({ ...sentAt('2026-11-21T02:00:00Z'), timeline: [happened('bounced', '03:00:00')] }),
      sampleDelivery({
        ...sentAt('2026-11-21T02:00:00Z'),
        timeline: [{ kind: 'dropped', atMs: Date.parse('2026-11-21T02:00:00Z'), sendStatus: 1007 }],
      }),
      sampleDelivery({ ...sentAt('2026-11-21T09:00:00Z') }),
    )
    const nothing = {
      DeliveredCount: 0,
      OpenedCount: 0,
      ClickedCount: 0,
      BounceCount: 0,
      UnsubscribeCount: 0,
    }
    expect(await report(simulated, { StartDate: '2026-11-08' })).toEqual({
      DailyVolumes: [
        { ...nothing, SendDate: '2026-11-19', RequestCount: 1, AcceptedCount: 1 },
        { ...nothing, SendDate: '2026-11-20', RequestCount: 1, AcceptedCount: 1 },
        {
          ...nothing,
          SendDate: '2026-11-21',
          RequestCount: 3,
          AcceptedCount: 2,
          DeliveredCount: 1,
          BounceCount: 1,
        },
      ],
      OverallVolume: {
        ...nothing,
        SendDate: '2026-11-08',
        RequestCount: 5,
        AcceptedCount: 4,
        DeliveredCount: 1,
        BounceCount: 1,
      },
      RequestId: '00000000-0000-4000-8000-000000000001',
    })
    expect(simulated.calls.map(({ action, answer }) => [action, answer])).toEqual([
      ['GetStatisticsReport', 'ok'],
    ])
  })

  it.each([
    [{ StartDate: '2026-11-07' }, 'InvalidParameterValue.WrongDate'],
    [{ StartDate: '2026-11-22' }, 'InvalidParameterValue.WrongDate'],
    [{ EndDate: '2026-02-30' }, 'InvalidParameterValue.WrongDate'],
    [{ EndDate: null }, 'InvalidParameterValue.WrongDate'],
    [{ RequestDate: '2026-11-21' }, 'UnknownParameter'],
  ])('refuses %j', async (parameters, code) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    expect(await refusalOf(report(simulated, parameters))).toBe(code)
  })

  it('is kept to the pace and to signatures as every call is', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), requestsPerSecond: 1 })
    await clientOf(simulated).GetSendEmailStatus(today)
    expect(await refusalOf(report(simulated))).toBe('RequestLimitExceeded')
    const stranger = clientOf(await startForTest({ clock: virtualClock(afternoon) }), {
      secretKey: 'another',
    })
    expect(
      await refusalOf(stranger.GetStatisticsReport({ StartDate: '2026-11-20', EndDate: '2026-11-21' })),
    ).toBe('AuthFailure.SignatureFailure')
  })
})

describe('the order of rows', () => {
  const threeMails = mails(3).map((mail, index) =>
    index === 0
      ? { ...mail, timeline: [{ kind: 'opened' as const, atMs: Date.parse('2026-11-21T07:00:00Z') }] }
      : mail,
  )

  it.each([
    ['oldest-first' as const, ['a1@example.com', 'a2@example.com', 'a3@example.com']],
    ['newest-first' as const, ['a3@example.com', 'a2@example.com', 'a1@example.com']],
    ['by-status-change' as const, ['a2@example.com', 'a3@example.com', 'a1@example.com']],
  ])('is %s', async (order, recipients) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), order })
    simulated.send(...threeMails)
    expect(await recipientsOf(simulated)).toEqual(recipients)
  })

  it('does not move a row before its status changes', async () => {
    const simulated = await startForTest({
      clock: virtualClock('2026-11-21T06:59:59Z'),
      order: 'by-status-change',
    })
    simulated.send(...threeMails)
    expect(await recipientsOf(simulated)).toEqual(['a1@example.com', 'a2@example.com', 'a3@example.com'])
  })

  it('with equal keys is another within each minute at each call, and never across minutes', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), order: 'equal-keys' })
    simulated.send(...mails(100))
    const [one, other] = [await recipientsOf(simulated), await recipientsOf(simulated)]
    const firstMinute = mails(60).map(({ recipient }) => recipient)
    expect(one).not.toEqual(other)
    for (const list of [one, other]) expect(list.slice(0, 60).sort()).toEqual(firstMinute.sort())
  })

  it('at random is another at each call, and loses no row of a page that holds all', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), order: 'random' })
    simulated.send(...mails(100))
    const [one, other] = [await recipientsOf(simulated), await recipientsOf(simulated)]
    expect(one).not.toEqual(other)
    expect(new Set(one)).toEqual(new Set(mails(100).map(({ recipient }) => recipient)))
  })

  it('at random repeats itself from the same seed', async () => {
    const lists = []
    for (const seed of [7, 7, 8]) {
      const simulated = await startForTest({ clock: virtualClock(afternoon), order: 'random', seed })
      simulated.send(...mails(20))
      lists.push(await recipientsOf(simulated))
    }
    expect(lists[0]).toEqual(lists[1])
    expect(lists[0]).not.toEqual(lists[2])
  })
})

describe('pace', () => {
  it('lets two calls through in any second of the clock', async () => {
    const clock = virtualClock(afternoon)
    const simulated = await startForTest({ clock, requestsPerSecond: 2 })
    const answers = []
    for (const advanceMs of [0, 600, 0, 399, 1, 0, 599, 1]) {
      clock.advance(advanceMs)
      answers.push(
        await recipientsOf(simulated).then(
          () => 'ok',
          () => 'refused',
        ),
      )
    }
    // At 0, 600, 600, 999, 1000, 1000, 1599, 1600 ms.
    expect(answers).toEqual(['ok', 'ok', 'refused', 'refused', 'ok', 'refused', 'refused', 'ok'])
    expect(simulated.calls[2]?.answer).toBe('RequestLimitExceeded')
  })
})

describe('planted faults', () => {
  it.each([
    ['an error code', { code: 'InternalError' }, 'InternalError', 'InternalError'],
    ['an HTTP status', { httpStatus: 503 }, 'Service Unavailable', 'HTTP 503'],
    ['a connection that closes', 'hang-up' as const, 'socket hang up', 'hang-up'],
    ['an answer that is not JSON', 'not-json' as const, 'invalid json', 'not-json'],
  ])('%s meets the next calls and then no more', async (_what, fault, message, answer) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.failNext(2, fault)
    expect(await refusalOf(recipientsOf(simulated))).toContain(message)
    expect(await refusalOf(recipientsOf(simulated))).toContain(message)
    expect(await recipientsOf(simulated)).toEqual([])
    expect(simulated.calls.map((call) => call.answer)).toEqual([answer, answer, 'ok'])
  })

  it('can be aimed at certain calls, and taken back', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(...mails(2))
    const repair = simulated.failWhen(({ offset }) => offset === 1, { code: 'ResourceUnavailable' })
    expect(await recipientsOf(simulated, { Limit: 1 })).toEqual(['a1@example.com'])
    expect(await refusalOf(recipientsOf(simulated, { Offset: 1 }))).toBe('ResourceUnavailable')
    repair()
    expect(await recipientsOf(simulated, { Offset: 1 })).toEqual(['a2@example.com'])
  })
})

describe('the server', () => {
  it('records each call as it was asked', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    await recipientsOf(simulated, { Offset: 3, Limit: 7, MessageId: 'm1', ToEmailAddress: 'a@example.com' })
    expect(simulated.calls).toEqual([
      {
        atMs: Date.parse('2026-11-21T08:00:00Z'),
        action: 'GetSendEmailStatus',
        region: 'ap-guangzhou',
        requestDate: '2026-11-21',
        offset: 3,
        limit: 7,
        messageId: 'm1',
        toEmailAddress: 'a@example.com',
        answer: 'ok',
      },
    ])
  })

  it('refuses what is not signed at all', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    const response = await fetch(simulated.url, { method: 'POST', body: '{}' })
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      Response: { Error: { Code: 'AuthFailure.InvalidAuthorization' } },
    })
  })

  it('hangs up on a body larger than any call', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    await expect(fetch(simulated.url, { method: 'POST', body: 'x'.repeat(1_000_001) })).rejects.toThrow()
    expect(simulated.calls).toEqual([])
  })

  it('closes while a client still keeps its connection open', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    const unfinished = httpRequest(simulated.url, { method: 'POST', headers: { 'content-length': 10 } })
    const broken = new Promise((resolve) => unfinished.on('error', resolve))
    await new Promise((resolve) => unfinished.write('{', resolve))
    await simulated.close()
    expect(await broken).toMatchObject({ code: 'ECONNRESET' })
    await expect(fetch(simulated.url)).rejects.toThrow()
  })
})
