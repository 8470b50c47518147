import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import type { ListPage } from '../../../../lib/suppressions/ports.ts'
import { ownLists } from '../../../../lib/status-apis/sendcloud/own-lists.ts'
import { close, listen } from '../../../../local/listening-server.ts'
import type { SimulatedSendCloud } from '../../../../local/simulated-sendcloud/server.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'
import { messageAt } from '../../../local/simulated-sendcloud/sample-mail.ts'
import { credentials, startForTest } from '../../../local/simulated-sendcloud/started.ts'

const at = (instant: string) => Date.parse(instant)
const clock = virtualClock('2026-11-21T08:00:00Z')
const days = { from: '2026-09-01', to: '2026-11-21', offset: 0 }

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map(close))
})

function listsOf({ url }: { readonly url: string }, more: object = {}) {
  const [bounces, unsubscriptions, complaints] = ownLists({ endpoint: url, ...credentials, ...more })
  return { bounces: bounces!, unsubscriptions: unsubscriptions!, complaints: complaints! }
}

async function withMail(): Promise<SimulatedSendCloud> {
  const simulated = await startForTest({ clock, apiUsers: ['example_trigger', 'example_batch'] })
  const atMs = at('2026-11-20T08:00:00Z')
  simulated.send(
    messageAt(atMs, 'gone', [
      { kind: 'bounced', atMs, bounceType: 'hard_bounce', cause: '550 no such user' },
    ]),
    messageAt(atMs, 'left', [{ kind: 'unsubscribed', atMs }]),
    { ...messageAt(atMs, 'quit', [{ kind: 'unsubscribed', atMs }]), apiUser: 'example_batch' },
    messageAt(atMs, 'angry', [{ kind: 'complained', atMs }]),
  )
  return simulated
}

/** What the adapter makes of an answer. */
async function pageOf(info: unknown): Promise<ListPage> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.end(JSON.stringify({ result: true, statusCode: 200, info })))
  })
  servers.push(server)
  const url = `http://127.0.0.1:${await listen(server, 0, 'a server')}`
  return listsOf({ url }).complaints.page(days)
}

describe("SendCloud's own lists", () => {
  it('show whom they bar, since when, and a bounce until when', async () => {
    const { bounces, unsubscriptions, complaints } = listsOf(await withMail())
    const listedAtMs = at('2026-11-20T08:00:00Z')
    expect(await bounces.page(days)).toEqual({
      entries: [
        {
          recipient: 'gone@example.com',
          reason: 'blocklist',
          listedAtMs,
          untilMs: at('2027-05-19T08:00:00Z'),
          detail: '550 no such user',
        },
      ],
      rows: 1,
      unreadable: 0,
      isLast: true,
    })
    expect((await unsubscriptions.page(days)).entries).toEqual([
      { recipient: 'left@example.com', reason: 'unsubscribe', listedAtMs, detail: '' },
    ])
    expect((await complaints.page(days)).entries).toEqual([
      { recipient: 'angry@example.com', reason: 'complaint', listedAtMs, detail: '' },
    ])
    expect(await bounces.page({ ...days, to: '2026-11-19' })).toMatchObject({ rows: 0 })
  })

  it('let an address go, each user’s unsubscriptions too, and say whether it was there', async () => {
    const simulated = await withMail()
    const several = { apiUsers: ['example_trigger', 'example_batch'] }
    const { bounces, unsubscriptions } = listsOf(simulated, several)
    expect((await unsubscriptions.page(days)).entries).toHaveLength(2)
    expect(await unsubscriptions.remove('quit@example.com')).toBe('removed')
    expect(await unsubscriptions.ofRecipient('quit@example.com')).toEqual([])
    expect(await unsubscriptions.ofRecipient('left@example.com')).toHaveLength(1)
    expect(await bounces.remove('gone@example.com')).toBe('removed')
    expect(await bounces.remove('gone@example.com')).toBe('absent')
    const deletions = simulated.calls.filter(({ action }) => action.endsWith('/delete'))
    expect(deletions).toHaveLength(4)
    for (const { parameters } of deletions) expect(Object.keys(parameters)).toEqual(['email'])
    await expect(bounces.remove('')).rejects.toThrow('A removal names an address.')
  })

  it('name the setting where the credentials are wrong, and the words of any other refusal', async () => {
    const simulated = await withMail()
    await expect(listsOf(simulated, { apiKey: 'another' }).bounces.page(days)).rejects.toMatchObject({
      consequence: 'settings',
      message: expect.stringMatching(
        /^bounce\/list for 2026-09-01 to 2026-11-21 at offset 0 failed: 40005 .*SENDCLOUD_API_KEY/,
      ),
    })
    simulated.failWhen(() => true, { code: '50101' })
    await expect(listsOf(simulated).bounces.remove('gone@example.com')).rejects.toThrow(
      'bounce/delete for one address failed: 50101 A planted fault.',
    )
  })

  it.each(['dataList', 'voList', 'list'])(
    'are read where the rows are in %s, by either name',
    async (rowsIn) => {
      const row = {
        email: 'A@Example.com',
        complaintTime: '2026-11-20 16:00:00',
        reason: 'from\n soft bounce',
      }
      expect(
        await pageOf({ [rowsIn]: [row, { receiver: 'b@example.com', spamReportedTime: '?' }, {}] }),
      ).toEqual({
        entries: [
          {
            recipient: 'a@example.com',
            reason: 'complaint',
            listedAtMs: at('2026-11-20T08:00:00Z'),
            detail: 'from soft bounce',
          },
          { recipient: 'b@example.com', reason: 'complaint', detail: '' },
        ],
        rows: 3,
        unreadable: 1,
        isLast: true,
      })
    },
  )
})
