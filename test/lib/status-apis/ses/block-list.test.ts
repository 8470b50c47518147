import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { blockLists } from '../../../../lib/status-apis/ses/block-list.ts'
import { close, listen } from '../../../../local/listening-server.ts'
import { mailAt, type SimulatedDelivery } from '../../../../local/simulated-ses/mail.ts'
import type { SimulatedSes } from '../../../../local/simulated-ses/server.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'
import { startForTest } from '../../../local/simulated-ses/sdk-client.ts'

const at = (instant: string) => Date.parse(instant)
const clock = virtualClock('2026-11-21T08:00:00Z')
const days = { from: '2026-11-01', to: '2026-11-21', offset: 0 }

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map(close))
})

function listsOf({ url }: { readonly url: string }, secretKey = 'simulated-secret-key') {
  const credentials = { secretId: 'AKIDsimulated', secretKey, token: undefined }
  const [ofTencent, ofAccount] = blockLists({ endpoint: url, region: 'ap-guangzhou', ...credentials }, clock)
  return { ofTencent: ofTencent!, ofAccount: ofAccount! }
}

function bounced(name: string, bouncedAt: string): SimulatedDelivery {
  const reason = '550 5.1.1 no such user'
  return mailAt(bouncedAt, name, {
    timeline: [{ kind: 'bounced', atMs: at(bouncedAt), bounceType: 'hard_bounce', reason }],
  })
}

/** A server that answers every action with the same. */
async function answering(content: object): Promise<{ url: string }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ Response: content }))
    })
  })
  servers.push(server)
  return { url: `http://127.0.0.1:${await listen(server, 0, 'a server')}` }
}

describe("Tencent's blocklist", () => {
  let ses: SimulatedSes

  it('shows whom a hard bounce barred, since when and why, by pages of a hundred', async () => {
    ses = await startForTest({ clock })
    const names = Array.from({ length: 101 }, (_, index) => `a${index}`)
    ses.send(...names.map((name) => bounced(name, '2026-11-20T16:30:05Z')))
    const { ofTencent } = listsOf(ses)
    const first = await ofTencent.page(days)
    expect(first).toMatchObject({ rows: 100, unreadable: 0, isLast: false })
    expect(first.entries[0]).toEqual({
      recipient: 'a0@example.com',
      reason: 'blocklist',
      listedAtMs: at('2026-11-20T16:30:05Z'),
      detail: '550 5.1.1 no such user',
    })
    expect(await ofTencent.page({ ...days, offset: 100 })).toMatchObject({ rows: 1, isLast: true })
    expect(await ofTencent.page({ ...days, to: '2026-11-20' })).toMatchObject({ rows: 0 })
  })

  it('lets an address go, and says whether it was there', async () => {
    ses = await startForTest({ clock })
    ses.send(bounced('gone', '2026-11-20T08:00:00Z'), bounced('other', '2026-11-20T08:00:00Z'))
    const { ofTencent } = listsOf(ses)
    expect(await ofTencent.ofRecipient('gone@example.com')).toHaveLength(1)
    expect(await ofTencent.remove('gone@example.com')).toBe('removed')
    expect(await ofTencent.remove('gone@example.com')).toBe('absent')
    expect((await ofTencent.page(days)).entries.map(({ recipient }) => recipient)).toEqual([
      'other@example.com',
    ])
  })

  it('lets an address go where it may not be read', async () => {
    ses = await startForTest({ clock })
    ses.failWhen(({ action }) => action.startsWith('List'), { code: 'AuthFailure.UnauthorizedOperation' })
    expect(await listsOf(ses).ofTencent.remove('gone@example.com')).toBe('removed')
  })

  it('may say by an error that there is nothing to let go', async () => {
    ses = await startForTest({ clock })
    ses.failWhen(({ action }) => action === 'DeleteBlackList', { code: 'FailedOperation.NotExist' })
    expect(await listsOf(ses).ofTencent.remove('gone@example.com')).toBe('absent')
    ses.send(bounced('gone', '2026-11-20T08:00:00Z'))
    await expect(listsOf(ses).ofTencent.remove('gone@example.com')).rejects.toMatchObject({
      consequence: 'transient',
      message: 'DeleteBlackList for one address failed: FailedOperation.NotExist.',
    })
  })

  it('names the permission that is missing, and the credential that is wrong', async () => {
    ses = await startForTest({ clock })
    await expect(listsOf(ses, 'another').ofTencent.page(days)).rejects.toMatchObject({
      consequence: 'settings',
      code: 'AuthFailure.SignatureFailure',
    })
    ses.failWhen(() => true, { code: 'UnauthorizedOperation' })
    const { ofTencent, ofAccount } = listsOf(ses)
    await expect(ofTencent.page(days)).rejects.toThrow(
      'ListBlackEmailAddress for 2026-11-01 2026-11-21 offset 0 failed: UnauthorizedOperation. Allow ses:ListBlackEmailAddress to the account of TENCENTCLOUD_SECRET_ID.',
    )
    await expect(ofAccount.remove('gone@example.com')).rejects.toThrow(/Allow ses:DeleteCustomBlackList to/)
  })

  it('loses an odd field and not its row, and counts a row without an address', async () => {
    const BlackList = [
      { EmailAddress: 'Anna@Example.com', BounceTime: 'yesterday', IspDesc: null },
      { EmailAddress: 'no address', BounceTime: '2026-11-20 08:00:00' },
      'odd',
    ]
    const { ofTencent } = listsOf(await answering({ BlackList }))
    expect(await ofTencent.page(days)).toEqual({
      entries: [{ recipient: 'anna@example.com', reason: 'blocklist', detail: '' }],
      rows: 3,
      unreadable: 2,
      isLast: true,
    })
    expect(await listsOf(await answering({ BlackList: null })).ofTencent.page(days)).toMatchObject({
      rows: 0,
    })
    await expect(listsOf(await answering({ BlackList: 'odd' })).ofTencent.page(days)).rejects.toMatchObject({
      consequence: 'transient',
    })
  })
})

describe("the account's own blocklist", () => {
  it('ends an entry with the day that it names in UTC+8, and keeps one without it', async () => {
    const ses = await startForTest({ clock })
    ses.block('until@example.com', '2026-12-01')
    ses.block('ever@example.com')
    const { ofAccount } = listsOf(ses)
    expect((await ofAccount.page({ offset: 0 })).entries).toEqual([
      {
        recipient: 'until@example.com',
        reason: 'blocklist',
        listedAtMs: at('2026-11-21T08:00:00Z'),
        untilMs: at('2026-12-01T16:00:00Z'),
        detail: '',
      },
      {
        recipient: 'ever@example.com',
        reason: 'by-hand',
        listedAtMs: at('2026-11-21T08:00:00Z'),
        detail: '',
      },
    ])
    expect(await ofAccount.remove('ever@example.com')).toBe('removed')
    expect(await ofAccount.ofRecipient('ever@example.com')).toEqual([])
  })

  it('reads an end with a time, and lets nobody stay for good whose end cannot be read', async () => {
    const ends = ['2026-12-01 09:30:00', '2026-12-01T09:30', 'next month', '2026-13-01', 20261201, '', null]
    const Data = ends.map((ExpireDate, index) => ({ Email: `a${index}@example.com`, ExpireDate }))
    const { ofAccount } = listsOf(await answering({ Data }))
    const { entries } = await ofAccount.page({ offset: 0 })
    expect(entries.map(({ reason, untilMs }) => [reason, untilMs])).toEqual([
      ['blocklist', at('2026-12-01T16:00:00Z')],
      ['blocklist', at('2026-12-01T16:00:00Z')],
      ['blocklist', undefined],
      ['blocklist', undefined],
      ['blocklist', undefined],
      ['by-hand', undefined],
      ['by-hand', undefined],
    ])
  })
})
