import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { StatusApiError, type StatusPage, type StatusQuery } from '../../../../lib/reconcile/ports.ts'
import { emailStatus } from '../../../../lib/status-apis/sendcloud/email-status.ts'
import { close, listen } from '../../../../local/listening-server.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'
import { sampleMessage } from '../../../local/simulated-sendcloud/sample-mail.ts'
import { credentials, startForTest } from '../../../local/simulated-sendcloud/started.ts'

const today: StatusQuery = { requestDate: '2026-11-21', offset: 0 }

/** What an error says; never a credential. */
async function failureOf(page: Promise<unknown>): Promise<StatusApiError> {
  try {
    await page
  } catch (error) {
    if (!(error instanceof StatusApiError)) throw error
    const shown = JSON.stringify([error.message, error.stack, error.code])
    expect(shown).not.toMatch(/simulated-api-key|example_trigger/)
    return error
  }
  throw new Error('the call was answered')
}

describe('against the simulated SendCloud', () => {
  const at = (time: string) => Date.parse(`2026-11-21T${time}Z`)
  const afternoon = '2026-11-21T08:00:00Z'
  const anna = '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound0$anna@example.com'
  const bob = '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound1$bob@example.com'
  const oneDate = { startDate: '2026-11-21', endDate: '2026-11-21', limit: '100' }

  it('reads a date’s list, and when it was answered', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(
      sampleMessage({
        kind: 'bounced',
        atMs: at('04:00:10.500'),
        bounceType: 'hard_bounce',
        subStat: 406,
        cause: '551 5.1.1 recipient is not exist',
      }),
    )
    expect(await emailStatus({ endpoint: simulated.url, ...credentials }).page(today)).toEqual({
      deliveries: [
        {
          provider: 'sendcloud',
          recipient: 'anna@example.com',
          message: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound',
          emailId: anna,
          columns: { account: 'example_trigger' },
          sentAtMs: at('04:00:00'),
          outcome: {
            kind: 'bounced',
            occurredAtMs: at('04:00:10'),
            bounceClass: 'hard',
            code: 'subStat 406',
            reply: '551 5.1.1 recipient is not exist',
            detail: '406 address does not exist',
          },
          engagement: [],
        },
        {
          provider: 'sendcloud',
          recipient: 'bob@example.com',
          message: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound',
          emailId: bob,
          columns: { account: 'example_trigger' },
          sentAtMs: at('04:00:00'),
          outcome: { kind: 'requested', occurredAtMs: at('04:00:00'), detail: '' },
          engagement: [],
        },
      ],
      unreadable: [],
      rows: 2,
      isLast: true,
      answeredAtMs: at('08:00:00'),
    })
    expect(simulated.calls).toMatchObject([
      { method: 'POST', action: 'data/emailStatus', parameters: { ...oneDate, start: '0' } },
    ])
  })

  it.each([
    ['today' as const, 'voList' as const],
    ['2016' as const, 'voList' as const],
    ['today' as const, 'list' as const],
  ])('reads the words of %s, with the rows in %s', async (wording, rowsIn) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), wording, rowsIn })
    const atMs = at('04:00:10')
    simulated.send(
      sampleMessage({ kind: 'delivered', atMs }),
      sampleMessage({ kind: 'bounced', atMs, bounceType: 'hard_bounce', subStat: 409 }),
      sampleMessage({ kind: 'bounced', atMs, bounceType: 'soft_bounce', subStat: 503 }),
      sampleMessage({ kind: 'dropped', atMs, subStat: 402 }),
    )
    const api = emailStatus({ endpoint: simulated.url, ...credentials })
    const { deliveries, unreadable } = await api.page({ ...today, recipient: 'anna@example.com' })
    expect(unreadable).toEqual([])
    expect(deliveries.map(({ outcome }) => outcome)).toEqual([
      { kind: 'delivered', occurredAtMs: atMs, detail: 'successfully delivered' },
      {
        kind: 'bounced',
        occurredAtMs: atMs,
        bounceClass: 'hard',
        code: 'subStat 409',
        detail: '409 other',
      },
      {
        kind: 'bounced',
        occurredAtMs: atMs,
        bounceClass: 'soft',
        code: 'subStat 503',
        detail: '503 service not available',
      },
      { kind: 'dropped', occurredAtMs: atMs, code: 'subStat 402', detail: '402 unsubscribed' },
    ])
  })

  it('looks up deliveries by their emailIds, and one recipient by the address', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(sampleMessage())
    const api = emailStatus({ endpoint: simulated.url, ...credentials })
    const recipientsOf = async (query: Partial<StatusQuery>) =>
      (await api.page({ ...today, ...query })).deliveries.map(({ recipient }) => recipient)
    expect(await recipientsOf({ emailIds: [bob] })).toEqual(['bob@example.com'])
    expect(await recipientsOf({ emailIds: [anna, bob] })).toEqual(['anna@example.com', 'bob@example.com'])
    expect(await recipientsOf({ recipient: 'anna@example.com' })).toEqual(['anna@example.com'])
    expect(await recipientsOf({ requestDate: '2026-11-20', emailIds: [bob] })).toEqual([])
    expect(simulated.calls.map(({ parameters }) => parameters)).toEqual([
      { ...oneDate, start: '0', emailIds: bob },
      { ...oneDate, start: '0', emailIds: `${anna};${bob}` },
      { ...oneDate, start: '0', email: 'anna@example.com' },
      { startDate: '2026-11-20', endDate: '2026-11-20', limit: '100', start: '0', emailIds: bob },
    ])
  })

  it('pages by a hundred', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.send(...Array.from({ length: 51 }, () => sampleMessage()))
    const api = emailStatus({ endpoint: simulated.url, ...credentials })
    expect(await api.page(today)).toMatchObject({ rows: 100, isLast: false })
    expect(await api.page({ ...today, offset: 100 })).toMatchObject({ rows: 2, isLast: true })
  })

  it('asks for the mails of every user that is named', async () => {
    const apiUsers = ['example_trigger', 'example_batch']
    const simulated = await startForTest({ clock: virtualClock(afternoon), apiUsers })
    simulated.send(sampleMessage(), { ...sampleMessage(), apiUser: 'example_batch' })
    const rowsFor = async (users: readonly string[]) =>
      (await emailStatus({ endpoint: simulated.url, ...credentials, apiUsers: users }).page(today)).rows
    expect(await rowsFor(['example_batch'])).toBe(2)
    expect(await rowsFor(apiUsers)).toBe(4)
  })

  it('says which settings to change where they do not belong together', async () => {
    const simulated = await startForTest({ clock: virtualClock(afternoon), apiKey: 'another' })
    const api = emailStatus({ endpoint: simulated.url, ...credentials })
    expect(await failureOf(api.page(today))).toMatchObject({
      consequence: 'settings',
      code: 'AuthFailure',
      message: expect.stringMatching(
        /^data\/emailStatus for 2026-11-21 at offset 0 failed: 40005 authentication failed\. Set SENDCLOUD_API_USER and SENDCLOUD_API_KEY/,
      ),
    })
  })

  it.each([
    ['HTTP 503', { httpStatus: 503 }, 'NoAnswer'],
    ['a connection that closes', 'hang-up' as const, 'NoAnswer'],
    ['an HTML page', 'not-json' as const, 'NoAnswer'],
    ['calls that came too fast', { code: '50000' }, '50000'],
  ])('may be asked again after %s', async (_what, fault, code) => {
    const simulated = await startForTest({ clock: virtualClock(afternoon) })
    simulated.failNext(1, fault)
    const api = emailStatus({ endpoint: simulated.url, ...credentials })
    expect(await failureOf(api.page(today))).toMatchObject({ consequence: 'transient', code })
    expect(await api.page(today)).toMatchObject({ rows: 0 })
  })
})

// What follows knows of SendCloud what its documents say, and nothing of the simulation.

const servers: Server[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map(close))
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

async function serverThat(handle: Handler): Promise<string> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      handle(request, response)
    })
  })
  servers.push(server)
  return `http://127.0.0.1:${await listen(server, 0, 'a server by the documents')}/apiv2`
}

/** The page read from a server that answers with this text. */
async function pageOf(
  answer: string,
  parts: { readonly status?: number; readonly query?: Partial<StatusQuery> } = {},
): Promise<StatusPage> {
  const endpoint = await serverThat((_request, response) => {
    response.writeHead(parts.status ?? 200, { 'content-type': 'text/html;charset=UTF-8' }).end(answer)
  })
  return emailStatus({ endpoint, ...credentials }).page({ ...today, ...parts.query })
}

const message = '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound'
const emailId = `${message}0$ben@ifaxin.com`

describe('an answer of the documents', () => {
  it('is read as that of today is', async () => {
    const page = await pageOf(`{
      "result": true, "statusCode": 200, "message": "请求成功",
      "info": { "total": "2", "voListSize": 2, "voList": [
        { "emailId": "1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound0$ben@ifaxin.com",
          "status": "送达", "apiUser": "***", "recipients": "ben@ifaxin.com",
          "requestTime": "2015-11-09 15:41:35", "modifiedTime": "2015-11-09 15:41:44",
          "sendLog": "successfully delivered" },
        { "emailId": "1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound1$joe@ifaxin.com",
          "status": "无效邮件-地址不存在", "subStatus": "406", "subStatusDesc": "无效邮件-地址不存在",
          "apiUser": "***", "recipients": "joe@ifaxin.com",
          "requestTime": "2015-11-09 15:41:35", "modifiedTime": "2015-11-09 15:41:45",
          "sendLog": "550 RP:TRC mailbox unavailable" }
      ] } }`)
    expect(page.unreadable).toEqual([])
    expect(page).toMatchObject({ rows: 2, isLast: true })
    expect(page.deliveries).toEqual([
      {
        provider: 'sendcloud',
        recipient: 'ben@ifaxin.com',
        message: '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound',
        emailId: '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound0$ben@ifaxin.com',
        columns: { account: '***' },
        sentAtMs: Date.parse('2015-11-09T07:41:35Z'),
        outcome: {
          kind: 'delivered',
          occurredAtMs: Date.parse('2015-11-09T07:41:44Z'),
          detail: 'successfully delivered',
        },
        engagement: [],
      },
      {
        provider: 'sendcloud',
        recipient: 'joe@ifaxin.com',
        message: '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound',
        emailId: '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound1$joe@ifaxin.com',
        columns: { account: '***' },
        sentAtMs: Date.parse('2015-11-09T07:41:35Z'),
        outcome: {
          kind: 'bounced',
          occurredAtMs: Date.parse('2015-11-09T07:41:45Z'),
          bounceClass: 'hard',
          code: 'subStat 406',
          reply: '550 RP:TRC mailbox unavailable',
          detail: '406 address does not exist',
        },
        engagement: [],
      },
    ])
  })

  it('of 2016 names no delivery: it is kept, and reports nothing', async () => {
    const page = await pageOf(`{
      "result": true, "statusCode": 200, "message": "请求成功",
      "info": { "total": "1", "voListSize": 1, "voList": [
        { "status": "投递成功", "apiUser": "***", "recipients": "ben@qq.com",
          "requestTime": "2016-10-18 09:31:59", "modifiedTime": "2016-10-18 09:32:08",
          "sendLog": "successfully delivered" } ] } }`)
    expect(page).toMatchObject({ deliveries: [], rows: 1, isLast: true })
    expect(page.unreadable).toMatchObject([{ fields: 'emailId', row: { status: '投递成功' } }])
  })

  it.each([
    ['no mail', '{"total":"0","voListSize":0,"voList":[]}'],
    ['nothing at all', '{}'],
    ['null', 'null'],
    ['null for a list', '{"total":"0","voListSize":0,"voList":null}'],
  ])('has no rows where its info is %s', async (_what, info) => {
    const page = await pageOf(`{"result":true,"statusCode":200,"message":"请求成功","info":${info}}`)
    expect(page).toMatchObject({ deliveries: [], unreadable: [], rows: 0, isLast: true })
  })

  it.each([
    ['a total as a number', '{"total":1,"voListSize":1,"voList":[ROW]}'],
    ['no total', '{"voList":[ROW]}'],
    ['its rows in list', '{"total":"1","list":[ROW]}'],
    ['an empty voList beside it', '{"total":"1","voList":null,"list":[ROW]}'],
  ])('may have %s', async (_what, info) => {
    const row = JSON.stringify({ emailId, status: '送达' })
    const page = await pageOf(
      `{"result":true,"statusCode":"200","message":null,"info":${info.replace('ROW', row)}}`,
    )
    expect(page.deliveries).toMatchObject([{ recipient: 'ben@ifaxin.com', outcome: { kind: 'delivered' } }])
  })

  it.each([
    ['a list that is none', '{"result":true,"statusCode":200,"info":{"voList":"none"}}', 'UnreadableAnswer'],
    ['info that is none', '{"result":true,"statusCode":200,"info":"none"}', 'UnreadableAnswer'],
    ['no result', '{"statusCode":200,"info":{}}', 'NoAnswer'],
    ['a list of results', '[]', 'NoAnswer'],
    ['nothing', '', 'NoAnswer'],
  ])('is no answer with %s', async (_what, answer, code) => {
    expect(await failureOf(pageOf(answer))).toMatchObject({ consequence: 'transient', code })
  })
})

describe('a row', () => {
  /** The page of one row: of a delivered mail, but for what a test says about it. */
  const pageOfRow = (parts: Readonly<Record<string, unknown>>) => {
    const row = {
      emailId,
      status: '送达',
      subStatus: '',
      subStatusDesc: '',
      apiUser: 'example_trigger',
      recipients: 'ben@ifaxin.com',
      requestTime: '2015-11-09 15:41:35',
      modifiedTime: '2015-11-09 15:41:44',
      sendLog: 'successfully delivered',
      ...parts,
    }
    return pageOf(JSON.stringify({ result: true, statusCode: 200, message: '', info: { voList: [row] } }))
  }
  const requestedAtMs = Date.parse('2015-11-09T07:41:35Z')
  const occurredAtMs = Date.parse('2015-11-09T07:41:44Z')
  const delivered = {
    provider: 'sendcloud',
    recipient: 'ben@ifaxin.com',
    message,
    emailId,
    columns: { account: 'example_trigger' },
    sentAtMs: requestedAtMs,
    outcome: { kind: 'delivered', occurredAtMs, detail: 'successfully delivered' },
    engagement: [],
  }
  const requested = {
    ...delivered,
    outcome: { kind: 'requested', occurredAtMs: requestedAtMs, detail: '' },
  }
  const without = (name: 'columns' | 'sentAtMs') =>
    Object.fromEntries(Object.entries(delivered).filter(([field]) => field !== name))
  const hard = (parts: object) => ({
    ...delivered,
    outcome: { kind: 'bounced', occurredAtMs, bounceClass: 'hard', detail: '', ...parts },
  })

  it.each([
    ['nothing odd', {}, delivered],
    ['the words of 2016', { status: '投递成功' }, delivered],
    ['an English status', { status: 'Delivered' }, delivered],
    ['a number as status', { status: 1 }, delivered],
    ['a number as text', { status: ' 1 ' }, delivered],
    ['white space around times', { modifiedTime: ' 2015-11-09 15:41:44 ' }, delivered],
    ['no recipients', { recipients: null }, delivered],
    ['no user', { apiUser: null }, without('columns')],
    ['no time of the request', { requestTime: '' }, without('sentAtMs')],
    [
      'no time of the change',
      { modifiedTime: null },
      { ...delivered, outcome: { kind: 'delivered', detail: 'successfully delivered' } },
    ],
    [
      'no reply',
      { sendLog: null },
      { ...delivered, outcome: { kind: 'delivered', occurredAtMs, detail: '' } },
    ],
    ['a request under way', { status: '请求中' }, requested],
    ['a request by its number', { status: 18 }, requested],
    ['a request in English', { status: 'Requesting' }, requested],
    [
      'a recipient in recipients alone',
      { emailId: `${message}0$` },
      { ...delivered, emailId: `${message}0$` },
    ],
    [
      'a recipient in capitals',
      { emailId: `${message}0$Ben@ifaxin.com` },
      {
        ...delivered,
        emailId: `${message}0$Ben@ifaxin.com`,
        spelling: 'Ben@ifaxin.com',
      },
    ],
    [
      'an invalid address',
      { status: '无效邮件', subStatus: 406, sendLog: '550 no' },
      hard({ code: 'subStat 406', reply: '550 no', detail: '406 address does not exist' }),
    ],
    [
      'an invalid address in English',
      { status: 'Invalid email', sendLog: '550 no' },
      hard({ reply: '550 no' }),
    ],
    ['an invalid address by its number', { status: '4', sendLog: '' }, hard({})],
    [
      'a sub-status that is not documented',
      { status: '无效邮件-新', subStatus: '410', subStatusDesc: '新', sendLog: '' },
      hard({ code: 'subStat 410', reply: '新', detail: '410 an undocumented sub-status' }),
    ],
    [
      'a soft bounce',
      { status: '软退信-其他', subStatus: '509', subStatusDesc: '软退信-其他', sendLog: '452 4.2.2 full' },
      hard({ bounceClass: 'soft', code: 'subStat 509', reply: '452 4.2.2 full', detail: '509 other' }),
    ],
    [
      'words of the English edition',
      {
        status: 'Invalid Mail - IP/Domain Rejected',
        subStatus: '405',
        subStatusDesc: 'IP, Domain Name Rejected',
        sendLog: '',
      },
      hard({ code: 'subStat 405', detail: '405 IP or domain rejected' }),
    ],
    [
      'a description that begins with its status',
      { status: 5, subStatus: 507, subStatusDesc: 'Soft bounce - Spam rejection', sendLog: '' },
      hard({ bounceClass: 'soft', code: 'subStat 507', detail: '507 spam' }),
    ],
    ['a soft bounce in English', { status: 'Soft Bounce', sendLog: '' }, hard({ bounceClass: 'soft' })],
    ['a soft bounce by its number', { status: 5, sendLog: '' }, hard({ bounceClass: 'soft' })],
    [
      'an address on the list of SendCloud',
      { status: '无效邮件', subStatus: '401', subStatusDesc: 'SendCloud黑名单中', sendLog: '' },
      {
        ...delivered,
        outcome: {
          kind: 'dropped',
          occurredAtMs,
          code: 'subStat 401',
          detail: "401 in SendCloud's blacklist",
        },
      },
    ],
  ])('is read whole with %s', async (_what, parts, expected) => {
    const page = await pageOfRow(parts)
    expect(page.unreadable).toEqual([])
    expect(page.deliveries).toEqual([expected])
  })

  it.each([
    ['a status that nobody knows', { status: '排队中' }, 'status', requested],
    ['no status', { status: null }, 'status', requested],
    ['a status that is an object', { status: {} }, 'status', requested],
    ['a sub-status in words', { status: '无效邮件', subStatus: 'full', sendLog: '' }, 'subStatus', hard({})],
    [
      'a reply that is a list',
      { sendLog: ['250 ok'] },
      'sendLog',
      {
        ...delivered,
        outcome: { kind: 'delivered', occurredAtMs, detail: '' },
      },
    ],
    [
      'a request time with slashes',
      { requestTime: '2015/11/09 15:41:35' },
      'requestTime',
      without('sentAtMs'),
    ],
    ['a request on no day', { requestTime: '2015-02-30 15:41:35' }, 'requestTime', without('sentAtMs')],
    [
      'a request at the beginning of time',
      { requestTime: '1970-01-01 08:00:00' },
      'requestTime',
      without('sentAtMs'),
    ],
    [
      'a change at no time',
      { modifiedTime: '0000-00-00 00:00:00' },
      'modifiedTime',
      {
        ...delivered,
        outcome: { kind: 'delivered', detail: 'successfully delivered' },
      },
    ],
    ['several recipients', { recipients: 'ben@ifaxin.com;joe@ifaxin.com' }, 'recipients', delivered],
    ['a user that is an object', { apiUser: {} }, 'apiUser', without('columns')],
  ])('loses a field and no more with %s', async (_what, parts, fields, expected) => {
    const page = await pageOfRow(parts)
    expect(page.unreadable).toMatchObject([{ fields, row: parts }])
    expect(page.deliveries).toEqual([expected])
  })

  it.each([
    ['no emailId', { emailId: null }, 'emailId'],
    ['a number for an emailId', { emailId: 17 }, 'emailId'],
    [
      'an emailId without a recipient, and no recipients',
      { emailId: `${message}0$`, recipients: '' },
      'emailId',
    ],
    ['an emailId of nobody, and no recipients', { emailId: `${message}0$nobody`, recipients: '' }, 'emailId'],
  ])('reports no delivery with %s', async (_what, parts, fields) => {
    const page = await pageOfRow(parts)
    expect(page).toMatchObject({ deliveries: [], rows: 1 })
    expect(page.unreadable).toMatchObject([{ fields }])
  })

  it('stops no neighbor where it is none', async () => {
    const rows = [null, 'row', { emailId, status: '送达' }, []]
    const page = await pageOf(JSON.stringify({ result: true, statusCode: 200, info: { voList: rows } }))
    expect(page.rows).toBe(4)
    expect(page.deliveries).toMatchObject([{ recipient: 'ben@ifaxin.com' }])
    expect(page.unreadable.map(({ fields }) => fields)).toEqual(['row', 'row', 'status emailId'])
  })
})

describe('a refusal', () => {
  const refused = (statusCode: unknown, text: unknown, query?: Partial<StatusQuery>) =>
    failureOf(
      pageOf(JSON.stringify({ result: false, statusCode, message: text, info: {} }), query && { query }),
    )

  it.each([
    [40005, 'settings', 'AuthFailure'],
    ['40005', 'settings', 'AuthFailure'],
    [40002, 'settings', 'InvalidParameter.40002'],
    [40801, 'settings', 'InvalidParameter.40801'],
    [50000, 'transient', '50000'],
    [501, 'transient', '501'],
  ])('by %j concerns %s', async (statusCode, consequence, code) => {
    expect(await refused(statusCode, '无效')).toMatchObject({ consequence, code })
  })

  it.each([[{ emailIds: [emailId] }], [{ recipient: 'ben@ifaxin.com' }]])(
    'of a look-up %j concerns that look-up alone',
    async (query) => {
      expect(await refused(40012, 'invalid email format', query)).toMatchObject({
        consequence: 'query',
        code: 'InvalidParameter.40012',
      })
      expect(await refused(40005, 'authentication failed', query)).toMatchObject({ consequence: 'settings' })
    },
  )

  it.each([[null], [undefined], [17], [{}]])('is one with %j for a message', async (text) => {
    expect(await refused(40005, text)).toMatchObject({ consequence: 'settings', code: 'AuthFailure' })
  })

  it.each([[null], [undefined], ['many'], [{}]])(
    'may be asked again with %j for a code',
    async (statusCode) => {
      expect(await refused(statusCode, 'busy')).toMatchObject({ consequence: 'transient' })
    },
  )

  it('shows no credential and no address that it repeats', async () => {
    const repeated = 'example_trigger with simulated-api-key may not ask for Ben@ifaxin.com;joe@ifaxin.com'
    const { message: shown } = await refused(50000, repeated)
    expect(shown).toBe(
      'data/emailStatus for 2026-11-21 at offset 0 failed: 50000 … with … may not ask for ….',
    )
  })
})

describe('the way there', () => {
  it('has no credential in its URL, and asks by POST', async () => {
    const asked: unknown[] = []
    const endpoint = await serverThat((request, response) => {
      asked.push([request.method, request.url, request.headers['content-type']])
      response.end('{"result":true,"statusCode":200,"info":{}}')
    })
    await emailStatus({ endpoint: `${endpoint}//`, ...credentials }).page(today)
    expect(asked).toEqual([
      ['POST', '/apiv2/data/emailStatus', 'application/x-www-form-urlencoded;charset=UTF-8'],
    ])
  })

  it('leads nowhere else', async () => {
    let elsewhere = 0
    const other = await serverThat((_request, response) => {
      elsewhere += 1
      response.end('{"result":true,"statusCode":200,"info":{}}')
    })
    const endpoint = await serverThat((_request, response) => {
      response.writeHead(307, { location: other }).end()
    })
    const page = emailStatus({ endpoint, ...credentials }).page(today)
    expect(await failureOf(page)).toMatchObject({ consequence: 'transient', code: 'NoAnswer' })
    expect(elsewhere).toBe(0)
  })

  it.each([200, 404, 502])('ends at an HTML page of status %i', async (status) => {
    expect(await failureOf(pageOf('<html><body>Bad Gateway</body></html>', { status }))).toMatchObject({
      consequence: 'transient',
      code: 'NoAnswer',
      message: `data/emailStatus for 2026-11-21 at offset 0 failed: HTTP ${status} without a usable answer.`,
    })
  })

  it('takes an answer of 4 MiB, and none of a byte more', async () => {
    const answer = '{"result":true,"statusCode":200,"info":{}}'
    expect(await pageOf(answer.padEnd(4_194_304))).toMatchObject({ rows: 0 })
    expect(await failureOf(pageOf(answer.padEnd(4_194_305)))).toMatchObject({ consequence: 'transient' })
  })

  it('reads no answer to its end that goes on for ever', async () => {
    let isCut = false
    const endpoint = await serverThat((_request, response) => {
      response.on('close', () => {
        isCut = true
      })
      response.write('{"result":true,"statusCode":200,"info":{"voList":["')
      const more = () => {
        while (!isCut && response.write('x'.repeat(65_536)));
        if (!isCut) response.once('drain', more)
      }
      more()
    })
    expect(await failureOf(emailStatus({ endpoint, ...credentials }).page(today))).toMatchObject({
      consequence: 'transient',
      message:
        'data/emailStatus for 2026-11-21 at offset 0 failed: no usable answer (more than 4194304 bytes).',
    })
  })

  it.each(['before it answers', 'amid the answer'])('takes so much time and no more: %s', async (when) => {
    const endpoint = await serverThat((_request, response) => {
      if (when === 'amid the answer') response.write('{"result":true,')
    })
    const beganMs = performance.now()
    expect(
      await failureOf(emailStatus({ endpoint, ...credentials, timeoutMs: 20 }).page(today)),
    ).toMatchObject({
      consequence: 'transient',
      message: expect.stringContaining('aborted due to timeout'),
    })
    expect(performance.now() - beganMs).toBeLessThan(9_000)
  })

  it('may lead to nobody', async () => {
    const endpoint = await serverThat(() => undefined)
    await Promise.all(servers.splice(0).map(close))
    expect(await failureOf(emailStatus({ endpoint, ...credentials }).page(today))).toMatchObject({
      consequence: 'transient',
      message: expect.stringContaining('ECONNREFUSED'),
    })
  })
})
