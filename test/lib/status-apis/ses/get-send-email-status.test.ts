import { createServer, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { StatusApiError, type StatusApi, type StatusPage } from '../../../../lib/reconcile/ports.ts'
import type { SesSettings } from '../../../../lib/status-apis/ses/client.ts'
import { getSendEmailStatus } from '../../../../lib/status-apis/ses/get-send-email-status.ts'
import { close, listen } from '../../../../local/listening-server.ts'
import type { SimulatedDelivery } from '../../../../local/simulated-ses/mail.ts'
import type { SimulatedSes } from '../../../../local/simulated-ses/server.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'
import { sampleDelivery } from '../../../local/simulated-ses/sample-mail.ts'
import { startForTest } from '../../../local/simulated-ses/sdk-client.ts'

// 12:00 in UTC+8 is when the sample mail is sent: 1795233600 in Unix seconds.
const sent = Date.parse('2026-11-21T04:00:00Z')
const now = '2026-11-21T08:00:00Z'
const today = { requestDate: '2026-11-21', offset: 0 }
const message = 'qcloudses-30-251200670-date-20261121120000-8jolHvR2XcXC1'

const settings: SesSettings = {
  endpoint: undefined,
  region: 'ap-guangzhou',
  secretId: 'AKIDsimulated',
  secretKey: 'simulated-secret-key',
  token: undefined,
}

const servers: Server[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map(close))
})

/** The adapter over a server that answers every request in one way. */
async function apiAnswering(answer: (response: ServerResponse) => void): Promise<StatusApi> {
  const server = createServer((request, response) => {
    response.sendDate = false
    request.resume().on('end', () => {
      answer(response)
    })
  })
  servers.push(server)
  const port = await listen(server, 0, 'a server with odd answers')
  return getSendEmailStatus({ ...settings, endpoint: `http://127.0.0.1:${port}` })
}

const json = (content: unknown) => (response: ServerResponse) =>
  response.setHeader('content-type', 'application/json').end(JSON.stringify(content))

async function pageOfRows(...rows: readonly unknown[]): Promise<StatusPage> {
  const api = await apiAnswering(json({ Response: { EmailStatusList: rows, RequestId: 'r' } }))
  return api.page(today)
}

describe('the clock of the provider', () => {
  it('is returned with each page, whichever is answered first', async () => {
    const answered: (() => void)[] = []
    let asked = 0
    const api = await apiAnswering((response) => {
      asked += 1
      response.setHeader(
        'date',
        asked === 1 ? 'Sat, 21 Nov 2026 08:00:07 GMT' : 'Sat, 21 Nov 2026 08:00:09 GMT',
      )
      answered.unshift(() => json({ Response: { EmailStatusList: [], RequestId: 'r' } })(response))
      if (answered.length === 2) for (const answer of answered) answer()
    })
    const pages = await Promise.all([api.page(today), api.page(today)])
    expect(pages.map(({ answeredAtMs }) => answeredAtMs).sort()).toEqual([
      Date.parse('2026-11-21T08:00:07Z'),
      Date.parse('2026-11-21T08:00:09Z'),
    ])
  })

  it.each(['yesterday', ''])('is not known where the answer is dated %j', async (date) => {
    const api = await apiAnswering((response) => {
      response.setHeader('date', date)
      json({ Response: { EmailStatusList: [], RequestId: 'r' } })(response)
    })
    expect(await api.page(today)).not.toHaveProperty('answeredAtMs')
  })

  it('is the clock of the simulation', async () => {
    const ses = await simulated([])
    const api = getSendEmailStatus({ ...settings, endpoint: ses.url })
    expect((await api.page(today)).answeredAtMs).toBe(Date.parse(now))
  })
})

async function errorOf(asked: Promise<unknown>): Promise<StatusApiError> {
  try {
    await asked
  } catch (error) {
    if (error instanceof StatusApiError) return error
    throw error
  }
  throw new Error('the question was answered')
}

/** A row as the API returns a delivered mail, but for what a test says about it. */
function row(parts: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    MessageId: message,
    ToEmailAddress: 'anna@example.com',
    FromEmailAddress: 'test@fromexample.com',
    SendStatus: 0,
    DeliverStatus: 1,
    DeliverMessage: '',
    RequestTime: 1795233600,
    DeliverTime: 1795233610,
    UserOpened: false,
    UserClicked: false,
    UserUnsubscribed: false,
    UserComplained: false,
    ...parts,
  }
}

const simulated = async (
  mails: readonly SimulatedDelivery[],
  options: Partial<Parameters<typeof startForTest>[0]> = {},
): Promise<SimulatedSes> => {
  const ses = await startForTest({ clock: virtualClock(now), ...options })
  ses.send(...mails)
  return ses
}

describe('a page of the simulated SES', () => {
  it('reports a delivery as the provider saw it', async () => {
    const ses = await simulated([
      sampleDelivery({
        recipient: 'Anna@Example.com',
        timeline: [
          { kind: 'delivered', atMs: sent + 10_000 },
          { kind: 'opened', atMs: sent + 60_000 },
        ],
      }),
    ])
    const page = await getSendEmailStatus({ ...settings, endpoint: ses.url }).page(today)
    expect(page).toEqual({
      answeredAtMs: Date.parse(now),
      deliveries: [
        {
          provider: 'tencent-ses',
          recipient: 'anna@example.com',
          spelling: 'Anna@Example.com',
          message,
          columns: { from: 'test@fromexample.com' },
          sentAtMs: sent,
          outcome: { kind: 'delivered', occurredAtMs: sent + 10_000, detail: '' },
          engagement: ['opened'],
        },
      ],
      unreadable: [],
      rows: 1,
      isLast: true,
    })
  })

  it.each([
    [99, true],
    [100, false],
    [101, false],
  ])('of a date with %i mails is the last: %s', async (count, isLast) => {
    const mails = Array.from({ length: count }, (_, n) => sampleDelivery({ recipient: `a${n}@example.com` }))
    const ses = await simulated(mails)
    const page = await getSendEmailStatus({ ...settings, endpoint: ses.url }).page(today)
    expect([page.rows, page.isLast]).toEqual([Math.min(count, 100), isLast])
  })

  it('begins at the offset and asks for one message if asked to', async () => {
    const other = 'qcloudses-30-251200670-date-20261121120000-other'
    const ses = await simulated([
      sampleDelivery(),
      sampleDelivery({ recipient: 'bert@example.com' }),
      sampleDelivery({ messageId: other }),
    ])
    const api = getSendEmailStatus({ ...settings, endpoint: ses.url })
    const recipients = async (query: Parameters<StatusApi['page']>[0]) =>
      (await api.page(query)).deliveries.map((delivery) => `${delivery.recipient} ${delivery.message}`)
    expect(await recipients({ ...today, offset: 1 })).toEqual([
      `bert@example.com ${message}`,
      `anna@example.com ${other}`,
    ])
    expect(await recipients({ ...today, messageId: other })).toEqual([`anna@example.com ${other}`])
    expect(ses.calls.map(({ offset, limit, messageId }) => [offset, limit, messageId])).toEqual([
      [1, 100, undefined],
      [0, 100, other],
    ])
  })

  it('is returned to a caller with the token of a temporary credential', async () => {
    const ses = await simulated([sampleDelivery()], { token: 'temporary-token' })
    const page = await getSendEmailStatus({
      ...settings,
      endpoint: ses.url,
      token: 'temporary-token',
    }).page(today)
    expect(page.rows).toBe(1)
  })

  it('reports a complaint under the older spelling', async () => {
    const timeline = [
      { kind: 'delivered', atMs: sent + 10_000 },
      { kind: 'complained', atMs: sent + 90_000 },
    ] as const
    const ses = await simulated([sampleDelivery({ timeline })], { complaintKeys: ['UserComplainted'] })
    const page = await getSendEmailStatus({ ...settings, endpoint: ses.url }).page(today)
    expect(page.deliveries[0]?.engagement).toEqual(['complained'])
  })
})

describe('the outcome of a row', () => {
  const deliverTime = { occurredAtMs: sent + 10_000 }
  it.each([
    ['0 is accepted', { DeliverStatus: 0, DeliverTime: 0 }, { kind: 'requested', occurredAtMs: sent }],
    [
      '0 is accepted even with a DeliverTime',
      { DeliverStatus: 0 },
      { kind: 'requested', occurredAtMs: sent },
    ],
    ['1 is delivered', { DeliverStatus: 1 }, { kind: 'delivered', ...deliverTime }],
    [
      '2 is dropped',
      { DeliverStatus: 2, DeliverMessage: 'content rejected' },
      { kind: 'dropped', ...deliverTime, detail: 'content rejected' },
    ],
    [
      '3 is bounced, and no more is known of its class',
      { DeliverStatus: 3, DeliverMessage: '551 5.1.1 recipient is not exist' },
      {
        kind: 'bounced',
        ...deliverTime,
        bounceClass: 'undetermined',
        reply: '551 5.1.1 recipient is not exist',
      },
    ],
    [
      '3 with a transient reply is a soft bounce',
      { DeliverStatus: 3, DeliverMessage: '452 4.2.2 mailbox full' },
      { kind: 'bounced', ...deliverTime, bounceClass: 'soft', reply: '452 4.2.2 mailbox full' },
    ],
    [
      '3 with a full mailbox is a soft bounce, whatever its code',
      { DeliverStatus: 3, DeliverMessage: '552 5.2.2 mailbox full' },
      { kind: 'bounced', ...deliverTime, bounceClass: 'soft', reply: '552 5.2.2 mailbox full' },
    ],
    [
      '3 without a reply has none',
      { DeliverStatus: 3, DeliverMessage: '' },
      { kind: 'bounced', ...deliverTime, bounceClass: 'undetermined' },
    ],
    [
      '8 without a reply has none',
      { DeliverStatus: 8, DeliverMessage: '' },
      { kind: 'deferred', ...deliverTime },
    ],
    [
      '8 is deferred, though it carries a DeliverTime',
      { DeliverStatus: 8, DeliverMessage: '451 try again later' },
      { kind: 'deferred', ...deliverTime, reply: '451 try again later' },
    ],
    ['1 without a time is delivered at a time unknown', { DeliverTime: 0 }, { kind: 'delivered' }],
    ['1 with a time of null too', { DeliverTime: null }, { kind: 'delivered' }],
    ['1 with a time that is none too', { DeliverTime: 7 }, { kind: 'delivered' }],
    [
      '1 with a time in milliseconds is delivered then',
      { DeliverTime: 1795233610000 },
      { kind: 'delivered', ...deliverTime },
    ],
    [
      '1 with a fraction of a second is delivered then',
      { DeliverTime: 1795233610.75 },
      { kind: 'delivered', ...deliverTime },
    ],
    [
      'a reply of several lines stands on one',
      { DeliverStatus: 2, DeliverMessage: ' 550-first\r\n\t550 second ' },
      { kind: 'dropped', ...deliverTime, detail: '550-first 550 second' },
    ],
  ])('DeliverStatus %s', async (_what, parts, expected) => {
    const page = await pageOfRows(row(parts))
    expect(page.deliveries.map(({ outcome }) => outcome)).toEqual([{ detail: '', ...expected }])
  })

  it.each([
    [1001, '1001 internal error'],
    [1004, '1004 timed out'],
    [1006, '1006 too many mails to the same address in a short time'],
    [1007, '1007 the address is on the blocklist'],
    [1008, '1008 the sender domain is rejected by the recipient'],
    [1010, '1010 the daily limit was reached'],
    [1011, '1011 no permission for custom content: use a template'],
    [1013, '1013 the recipient has unsubscribed'],
    [3007, '3007 the template is invalid'],
    [3008, '3008 temporarily blocked by the recipient domain'],
    [3014, '3014 the sender domain is not verified'],
    [3020, '3020 the mailbox type of the recipient is on the blocklist'],
    [3024, '3024 the address format is wrong'],
    [3030, '3030 the bounce rate is too high'],
    [3033, '3033 the account is out of money'],
    [4711, '4711 an undocumented failure to send'],
    [-1, '-1 an undocumented failure to send'],
  ])('is dropped when the SendStatus is %i, whatever the DeliverStatus', async (sendStatus, detail) => {
    const page = await pageOfRows(
      row({ SendStatus: sendStatus, DeliverStatus: 0, DeliverTime: 0 }),
      row({ SendStatus: sendStatus, DeliverStatus: 3, DeliverMessage: 'refused', MessageId: 'b' }),
    )
    expect(page.deliveries.map(({ outcome }) => outcome)).toEqual([
      { kind: 'dropped', occurredAtMs: sent, code: `SendStatus ${sendStatus}`, detail },
      {
        kind: 'dropped',
        occurredAtMs: sent,
        code: `SendStatus ${sendStatus}`,
        detail: `${detail} refused`,
      },
    ])
  })

  it.each([[null], [undefined], [99]])(
    'is dropped when the mail was never sent and its DeliverStatus is %s',
    async (deliverStatus) => {
      const page = await pageOfRows(
        row({ SendStatus: 1007, DeliverStatus: deliverStatus, DeliverTime: null }),
      )
      expect(page.unreadable).toEqual([])
      expect(page.deliveries.map(({ outcome }) => outcome)).toEqual([
        {
          kind: 'dropped',
          occurredAtMs: sent,
          code: 'SendStatus 1007',
          detail: '1007 the address is on the blocklist',
        },
      ])
    },
  )

  it("is opened though only accepted, as in the documentation's own sample", async () => {
    const page = await pageOfRows(row({ DeliverStatus: 0, DeliverTime: 0, UserOpened: true }))
    expect(page.deliveries).toMatchObject([{ outcome: { kind: 'requested' }, engagement: ['opened'] }])
  })
})

describe('what a row may lack', () => {
  const optional = [
    'FromEmailAddress',
    'SendStatus',
    'DeliverMessage',
    'RequestTime',
    'DeliverTime',
    'UserOpened',
    'UserClicked',
    'UserUnsubscribed',
    'UserComplained',
    'UserComplainted',
  ]
  it.each([
    ['missing', undefined],
    ['null', null],
  ])('is everything but the key and DeliverStatus: %s', async (_what, value) => {
    const page = await pageOfRows(row(Object.fromEntries(optional.map((name) => [name, value]))))
    expect(page).toEqual({
      deliveries: [
        {
          provider: 'tencent-ses',
          recipient: 'anna@example.com',
          message,
          outcome: { kind: 'delivered', detail: '' },
          engagement: [],
        },
      ],
      unreadable: [],
      rows: 1,
      isLast: true,
    })
  })
})

describe('the parts of a row', () => {
  it.each([
    ['Example Shop <notice@mail.example.com>', 'notice@mail.example.com'],
    ['"Shop, <the> best" <notice@mail.example.com>', 'notice@mail.example.com'],
    ['<notice@mail.example.com>', 'notice@mail.example.com'],
    ['Shop <notice@mail.example.com> ', 'notice@mail.example.com'],
    ['notice@mail.example.com', 'notice@mail.example.com'],
    ['Shop <>', 'Shop <>'],
  ])('name the sender %j as %j', async (from, expected) => {
    expect((await pageOfRows(row({ FromEmailAddress: from }))).deliveries[0]?.columns?.from).toBe(expected)
  })

  it('keep the spelling of an address that has capital letters', async () => {
    const { deliveries } = await pageOfRows(row({ ToEmailAddress: ' Anna.B@Example.COM ' }))
    expect(deliveries).toMatchObject([{ recipient: 'anna.b@example.com', spelling: 'Anna.B@Example.COM' }])
  })

  it('name what the reader did, under either spelling of the complaint', async () => {
    const everything = { UserOpened: true, UserClicked: true, UserUnsubscribed: true }
    const { deliveries } = await pageOfRows(
      row({ ...everything, UserComplained: true, UserComplainted: true }),
      row({ UserComplained: false, UserComplainted: true }),
      row({ UserComplained: true, UserComplainted: false }),
    )
    expect(deliveries.map(({ engagement }) => engagement)).toEqual([
      ['opened', 'clicked', 'complained', 'unsubscribed'],
      ['complained'],
      ['complained'],
    ])
  })
})

describe('a row that cannot be read', () => {
  it.each([
    ['no MessageId', row({ MessageId: undefined }), 'MessageId'],
    ['an empty MessageId', row({ MessageId: '' }), 'MessageId'],
    ['a MessageId with a #', row({ MessageId: 'a#b' }), 'MessageId'],
    ['no recipient', row({ ToEmailAddress: null }), 'ToEmailAddress'],
    ['a recipient that is no address', row({ ToEmailAddress: 'anna' }), 'ToEmailAddress'],
    ['neither', row({ ToEmailAddress: '', MessageId: {} }), 'MessageId ToEmailAddress'],
    ['null for a row', null, 'row'],
    ['text for a row', 'row', 'row'],
    ['a list for a row', [], 'DeliverStatus MessageId ToEmailAddress'],
  ])('for %s is counted, named by its fields and leaves its neighbors alone', async (_what, odd, fields) => {
    const page = await pageOfRows(row(), odd, row({ ToEmailAddress: 'bert@example.com' }))
    expect(page.deliveries.map(({ recipient }) => recipient)).toEqual([
      'anna@example.com',
      'bert@example.com',
    ])
    expect([page.unreadable.map((row) => row.fields), page.rows, page.isLast]).toEqual([[fields], 3, true])
  })

  it('still counts for the offset and the end of the list', async () => {
    const page = await pageOfRows(...Array.from({ length: 100 }, () => row({ MessageId: '' })))
    expect([page.rows, page.isLast, page.deliveries.length]).toEqual([100, false, 0])
  })

  it('has a key that is longer than the table can hold', async () => {
    // DynamoDB: a sort key of at most 1024 bytes; a Chinese character has three.
    const page = await pageOfRows(row({ MessageId: '件'.repeat(400) }))
    expect(page.unreadable).toMatchObject([{ fields: 'MessageId' }])
  })
})

describe('the consequence of an error', () => {
  const consequences = async (code: string, query: Parameters<StatusApi['page']>[0]) => {
    const ses = await simulated([])
    ses.failNext(1, { code })
    const error = await errorOf(getSendEmailStatus({ ...settings, endpoint: ses.url }).page(query))
    expect(error.code).toBe(code)
    expect(error.message).toContain(code)
    return error.consequence
  }

  it.each([
    'RequestLimitExceeded',
    'RequestLimitExceeded.UinLimitExceeded',
    'RequestLimitExceeded.IPLimitExceeded',
    'LimitExceeded',
    'InternalError',
    'InternalError.DbError',
    'ResourceUnavailable',
    'FailedOperation.SomethingElse',
    'CodeOfNextYear',
  ])('%s is to try again', async (code) => {
    expect(await consequences(code, today)).toBe('transient')
    expect(await consequences(code, { ...today, messageId: message })).toBe('transient')
  })

  it.each([
    'AuthFailure.SecretIdNotFound',
    'AuthFailure.SignatureFailure',
    'AuthFailure.SignatureExpire',
    'AuthFailure.TokenFailure',
    'AuthFailure.InvalidAuthorization',
    'AuthFailure.UnauthorizedOperation',
    'UnauthorizedOperation',
    'UnauthorizedOperation.CamNoAuth',
    'UnsupportedRegion',
    'NoSuchVersion',
    'InvalidAction',
    'MissingParameter',
    'UnknownParameter',
    'OperationDenied',
    'UnsupportedOperation',
  ])('%s is to stop and change a setting', async (code) => {
    expect(await consequences(code, today)).toBe('settings')
    expect(await consequences(code, { ...today, messageId: message })).toBe('settings')
  })

  it.each(['InvalidParameter', 'InvalidParameterValue', 'InvalidParameterValue.WrongDate'])(
    '%s is to stop for a list, and of the one question for a look-up',
    async (code) => {
      expect(await consequences(code, today)).toBe('settings')
      expect(await consequences(code, { ...today, messageId: message })).toBe('query')
    },
  )

  it('NotSupportDate is to leave the date alone', async () => {
    const ses = await simulated([])
    const query = { requestDate: '2026-10-21', offset: 0 }
    const error = await errorOf(getSendEmailStatus({ ...settings, endpoint: ses.url }).page(query))
    expect([error.consequence, error.code]).toEqual(['out-of-reach', 'FailedOperation.NotSupportDate'])
    expect(await consequences('FailedOperation.NotSupportDate', { ...today, messageId: message })).toBe(
      'out-of-reach',
    )
  })

  it.each([
    [{ httpStatus: 500 }],
    [{ httpStatus: 503 }],
    [{ httpStatus: 403 }],
    ['hang-up'],
    ['not-json'],
  ] as const)('%j is to try again', async (fault) => {
    const ses = await simulated([])
    ses.failNext(1, fault)
    const api = getSendEmailStatus({ ...settings, endpoint: ses.url })
    expect((await errorOf(api.page(today))).consequence).toBe('transient')
    expect((await api.page(today)).rows).toBe(0)
  })

  it.each([
    ['no Response', {}],
    ['a Response of null', { Response: null }],
    ['a list that is an object', { Response: { EmailStatusList: {} } }],
    ['a list that is text', { Response: { EmailStatusList: 'none' } }],
    ['an error without a code', { Response: { Error: { Message: 'no' } } }],
    ['null', null],
  ])('an answer with %s is to try again', async (_what, content) => {
    const api = await apiAnswering(json(content))
    expect((await errorOf(api.page(today))).consequence).toBe('transient')
  })

  it.each([
    ['null', { EmailStatusList: null, RequestId: 'r' }],
    ['missing', { RequestId: 'r' }],
  ])('a list that is %s is an empty one', async (_what, response) => {
    const api = await apiAnswering(json({ Response: response }))
    expect(await api.page(today)).toEqual({ deliveries: [], unreadable: [], rows: 0, isLast: true })
  })

  it('a port on which nobody listens is to try again', async () => {
    const ses = await simulated([])
    await ses.close()
    const error = await errorOf(getSendEmailStatus({ ...settings, endpoint: ses.url }).page(today))
    expect([error.consequence, error.code]).toEqual(['transient', 'NoAnswer'])
  })

  it('names the date and the offset that were asked for', async () => {
    const ses = await simulated([])
    ses.failNext(1, { code: 'InternalError' })
    const error = await errorOf(
      getSendEmailStatus({ ...settings, endpoint: ses.url }).page({ ...today, offset: 300 }),
    )
    expect(error.message).toBe('GetSendEmailStatus for 2026-11-21 at offset 300 failed: InternalError.')
  })
})

describe('an error of the settings', () => {
  const refusedWith = async (
    changed: Partial<SesSettings>,
    options: Partial<Parameters<typeof startForTest>[0]> = {},
  ) => {
    const ses = await simulated([], options)
    return errorOf(getSendEmailStatus({ ...settings, endpoint: ses.url, ...changed }).page(today))
  }

  it.each([
    ['an unknown id', { secretId: 'AKIDother' }, {}, 'TENCENTCLOUD_SECRET_ID'],
    ['a wrong key', { secretKey: 'another-secret-key' }, {}, 'TENCENTCLOUD_SECRET_KEY'],
    ['a stale token', { token: 'stale-token' }, { token: 'fresh-token' }, 'TENCENTCLOUD_TOKEN'],
    ['no token where one is wanted', {}, { token: 'fresh-token' }, 'TENCENTCLOUD_TOKEN'],
    ['a region that there is not', { region: 'eu-frankfurt' }, {}, 'SES_REGION'],
    ['a clock that is off', {}, { checkSkewAgainst: () => Date.now() + 400_000 }, "this machine's clock"],
  ])('for %s names what to change and shows no secret', async (_what, changed, options, named) => {
    const error = await refusedWith(changed, options)
    expect(error.consequence).toBe('settings')
    expect(error.message).toContain(named)
    for (const secret of ['simulated-secret-key', 'another-secret-key', 'stale-token', 'fresh-token'])
      expect(`${error.message} ${error.stack ?? ''} ${JSON.stringify(error)}`).not.toContain(secret)
  })

  it.each([
    ['UnauthorizedOperation.CamNoAuth', 'ses:GetSendEmailStatus'],
    ['AuthFailure.UnauthorizedOperation', 'ses:GetSendEmailStatus'],
    ['NoSuchVersion', 'SES_ENDPOINT'],
    ['InvalidParameter', 'SES_REGION (ap-guangzhou)'],
  ])('%s names %s', async (code, named) => {
    const ses = await simulated([])
    ses.failNext(1, { code })
    const error = await errorOf(getSendEmailStatus({ ...settings, endpoint: ses.url }).page(today))
    expect(error.message).toContain(named)
    expect(error.message).not.toContain('simulated-secret-key')
  })
})

describe('the endpoint', () => {
  /** The SDK sends through the proxy that the environment names: it sees where to, and lets nothing out. */
  const hostAskedFrom = async (region: string): Promise<readonly string[]> => {
    const asked: string[] = []
    const proxy = createServer().on('connect', (request, socket) => {
      asked.push(request.url ?? '')
      socket.end('HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n')
    })
    servers.push(proxy)
    const before = process.env.http_proxy
    process.env.http_proxy = `http://127.0.0.1:${await listen(proxy, 0, 'a proxy')}`
    try {
      const error = await errorOf(getSendEmailStatus({ ...settings, region }).page(today))
      expect(error.consequence).toBe('transient')
    } finally {
      if (before === undefined) delete process.env.http_proxy
      else process.env.http_proxy = before
    }
    return asked
  }

  it.each([
    ['ap-guangzhou', 'ses.tencentcloudapi.com:443'],
    ['ap-hongkong', 'ses.tencentcloudapi.com:443'],
    ['ap-singapore', 'ses.intl.tencentcloudapi.com:443'],
  ])('of region %s is %s', async (region, host) => {
    expect(await hostAskedFrom(region)).toEqual([host])
  })
})
