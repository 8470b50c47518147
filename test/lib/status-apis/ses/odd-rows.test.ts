import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { StatusPage } from '../../../../lib/reconcile/ports.ts'
import { getSendEmailStatus } from '../../../../lib/status-apis/ses/get-send-email-status.ts'
import { close, listen } from '../../../../local/listening-server.ts'

// What is odd in a row costs its own field, and no other.

const message = 'qcloudses-30-251200670-date-20261121120000-8jolHvR2XcXC1'
// 12:00 in UTC+8, and ten seconds later.
const sentAtMs = Date.parse('2026-11-21T04:00:00Z')
const deliveredAtMs = Date.parse('2026-11-21T04:00:10Z')

const servers: Server[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map(close))
})

/** What the adapter makes of these rows, as Tencent's SDK brings them. */
async function pageOf(...rows: readonly unknown[]): Promise<StatusPage> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const answer = { Response: { EmailStatusList: rows, RequestId: 'r' } }
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer))
    })
  })
  servers.push(server)
  const port = await listen(server, 0, 'a server with odd rows')
  const api = getSendEmailStatus({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'ap-guangzhou',
    secretId: 'AKIDsimulated',
    secretKey: 'simulated-secret-key',
    token: undefined,
  })
  return api.page({ requestDate: '2026-11-21', offset: 0 })
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

const delivered = {
  provider: 'tencent-ses',
  recipient: 'anna@example.com',
  message,
  columns: { from: 'test@fromexample.com' },
  sentAtMs,
  outcome: { kind: 'delivered', occurredAtMs: deliveredAtMs, detail: '' },
  engagement: [],
}
const requested = { ...delivered, outcome: { kind: 'requested', occurredAtMs: sentAtMs, detail: '' } }
const withoutFrom = {
  provider: 'tencent-ses',
  recipient: 'anna@example.com',
  message,
  sentAtMs,
  outcome: { kind: 'delivered', occurredAtMs: deliveredAtMs, detail: '' },
  engagement: [],
}
const withoutSent = {
  provider: 'tencent-ses',
  recipient: 'anna@example.com',
  message,
  columns: { from: 'test@fromexample.com' },
  outcome: { kind: 'delivered', occurredAtMs: deliveredAtMs, detail: '' },
  engagement: [],
}
const withoutOutcome = {
  provider: 'tencent-ses',
  recipient: 'anna@example.com',
  message,
  columns: { from: 'test@fromexample.com' },
  sentAtMs,
}

describe('a field in another shape', () => {
  it.each([
    ['a SendStatus as text', { SendStatus: '0' }, delivered],
    ['a DeliverStatus as text', { DeliverStatus: '1' }, delivered],
    ['a DeliverStatus with white space', { DeliverStatus: ' 1 ' }, delivered],
    ['times as text', { DeliverTime: '1795233610', RequestTime: '1795233600' }, delivered],
    [
      'no time but an empty text',
      { DeliverTime: '' },
      { ...delivered, outcome: { kind: 'delivered', detail: '' } },
    ],
    ['no status of sending but an empty text', { SendStatus: '' }, delivered],
    ['1 for true', { UserOpened: 1 }, { ...delivered, engagement: ['opened'] }],
    ['true as text', { UserOpened: 'true' }, { ...delivered, engagement: ['opened'] }],
    ['True as text', { UserClicked: 'True' }, { ...delivered, engagement: ['clicked'] }],
    ['1 as text', { UserUnsubscribed: '1' }, { ...delivered, engagement: ['unsubscribed'] }],
    ['0 and false as text', { UserOpened: '0', UserClicked: 'false', UserComplained: 0 }, delivered],
    ['1 for a complaint', { UserComplained: 1 }, { ...delivered, engagement: ['complained'] }],
    [
      'a number for a message',
      { DeliverMessage: 250 },
      { ...delivered, outcome: { kind: 'delivered', occurredAtMs: deliveredAtMs, detail: '250' } },
    ],
    ['an address with its name', { ToEmailAddress: 'Ann <anna@example.com>' }, delivered],
    ['a number for an id', { MessageId: 12345 }, { ...delivered, message: '12345' }],
  ])('is read: %s', async (_what, parts, expected) => {
    const page = await pageOf(row(parts))
    expect(page.unreadable).toEqual([])
    expect(page.deliveries).toEqual([expected])
  })

  it('may be a SendStatus as text that says why a mail was dropped', async () => {
    const { deliveries } = await pageOf(row({ SendStatus: '1007', DeliverStatus: '0' }))
    expect(deliveries).toMatchObject([{ outcome: { kind: 'dropped', code: 'SendStatus 1007' } }])
  })
})

describe('a field that cannot be read', () => {
  it.each([
    ['DeliverStatus', { DeliverStatus: 4 }, requested],
    ['DeliverStatus', { DeliverStatus: null }, requested],
    ['DeliverStatus', { DeliverStatus: 'delivered' }, requested],
    ['SendStatus', { SendStatus: 'ok' }, delivered],
    ['SendStatus', { SendStatus: 1.5 }, delivered],
    ['RequestTime', { RequestTime: 'soon' }, withoutSent],
    ['DeliverTime', { DeliverTime: {} }, { ...delivered, outcome: { kind: 'delivered', detail: '' } }],
    ['FromEmailAddress', { FromEmailAddress: ['a'] }, withoutFrom],
    ['UserOpened', { UserOpened: 2 }, delivered],
    ['UserClicked', { UserClicked: 'often' }, delivered],
    [
      'DeliverMessage',
      { DeliverStatus: 3, DeliverMessage: { code: 550 } },
      {
        ...delivered,
        outcome: { kind: 'bounced', occurredAtMs: deliveredAtMs, bounceClass: 'undetermined', detail: '' },
      },
    ],
  ])('costs %s alone: %j', async (field, parts, expected) => {
    const page = await pageOf(row(parts))
    expect(page.deliveries).toEqual([expected])
    const reported = expected === withoutSent ? {} : { sentAtMs }
    expect(page.unreadable).toEqual([{ fields: field, row: row(parts), ...reported }])
  })

  it.each([
    ['complained', { DeliverStatus: 4, UserComplained: true }],
    ['complained', { SendStatus: 'ok', DeliverStatus: 4, UserComplained: true }],
    ['complained', { UserOpened: {}, UserComplained: 'yes', UserComplainted: 1 }],
    ['unsubscribed', { RequestTime: 'soon', DeliverTime: 'soon', UserUnsubscribed: true }],
  ])('leaves what the reader did: %s of %j', async (kind, parts) => {
    const { deliveries, unreadable } = await pageOf(row(parts))
    expect(deliveries.map(({ engagement }) => engagement)).toEqual([[kind]])
    expect(unreadable).toHaveLength(1)
  })

  it('leaves no outcome where neither status can be read', async () => {
    const { deliveries, unreadable } = await pageOf(
      row({ SendStatus: 'ok', DeliverStatus: 4, UserOpened: true }),
    )
    expect(deliveries).toEqual([{ ...withoutOutcome, engagement: ['opened'] }])
    expect(unreadable.map(({ fields }) => fields)).toEqual(['SendStatus DeliverStatus'])
  })
})

describe('a SendStatus of 2001, no record was found', () => {
  it.each([
    ['with a mail', row({ SendStatus: 2001, DeliverStatus: 0 })],
    ['as text', row({ SendStatus: '2001', DeliverStatus: 1 })],
    ['without a mail', { SendStatus: 2001, MessageId: '', ToEmailAddress: null }],
  ])('is an answer about the query, and reports no mail: %s', async (_what, reported) => {
    expect(await pageOf(reported)).toMatchObject({ deliveries: [], unreadable: [], rows: 1 })
  })

  it('does not hide a complaint', async () => {
    const { deliveries } = await pageOf(row({ SendStatus: 2001, UserComplained: true }))
    expect(deliveries).toEqual([{ ...withoutOutcome, engagement: ['complained'] }])
  })
})
