import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { DeliveryKey } from '../../lib/core/delivery.ts'
import { freePorts } from '../../local/local-environment.ts'
import { localSettings } from '../../local/settings.ts'
import { startLocalStack, type LocalStack } from '../../local/stack.ts'
import { virtualClock } from '../../local/virtual-clock.ts'

const settings = localSettings({
  ...freePorts,
  CALLBACK_TOKEN: 'a-token-for-the-test',
})
const message = 'qcloudses-30-251200670-date-20261121120000-Xk3TqPz7Lw0aB'
const logged: Readonly<Record<string, unknown>>[] = []
const sends: DeliveryKey[] = []
let stack: LocalStack

beforeAll(async () => {
  stack = await startLocalStack(settings, {
    clock: virtualClock('2026-11-21T05:00:00Z'),
    log: (event, fields) => logged.push({ event, ...fields }),
    onSends: (deliveries) => sends.push(...deliveries),
  })
})
afterAll(() => stack.stop())
beforeEach(() => {
  logged.length = 0
  sends.length = 0
})

async function reported(url: string, body: string): Promise<Readonly<Record<string, unknown>> | undefined> {
  await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })
  return logged.find(({ event }) => event === 'callback')
}

const delivered = { event: 'delivered', email: 'Someone@example.com', bulkId: message, timestamp: 1795252810 }

describe('what is logged of a callback on the local stack', () => {
  it('names the mail, and its recipient so that who sent it knows him again', async () => {
    expect(await reported(stack.callbackUrls.tencentSes, JSON.stringify(delivered))).toMatchObject({
      status: 200,
      message,
      recipient: 's…@example.com',
    })
  })

  it('names the first of several', async () => {
    const recipients = ['anna@example.com', 'bert@example.com', 'carl@example.com']
    expect(
      await reported(stack.callbackUrls.sent, JSON.stringify({ messageId: message, recipients })),
    ).toMatchObject({
      recipient: 'a…@example.com and 2 more',
    })
    expect(sends.map(({ recipient }) => recipient)).toEqual(recipients)
  })

  it('names what stands in quarantine as `ledger quarantine` does', async () => {
    // sha256('tencent-ses\n{"event":')
    expect(await reported(stack.callbackUrls.tencentSes, '{"event":')).toMatchObject({
      quarantined: 'unreadable',
      id: '066c43d0f361',
    })
  })

  it('names nobody where it was refused', async () => {
    const url = stack.callbackUrls.tencentSes.replace('a-token-for-the-test', 'another-token')
    const line = await reported(url, JSON.stringify(delivered))
    expect(line).toMatchObject({ status: 401 })
    expect(line?.recipient).toBeUndefined()
    await reported(stack.callbackUrls.sent.replace('a-token-for-the-test', 'another-token'), '{}')
    expect(sends).toEqual([])
  })
})
