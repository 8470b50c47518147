import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import type { TableNames } from '../../lib/store/ports.ts'
import { tableNames } from '../../lib/table/names.ts'
import { freePorts } from '../../local/local-environment.ts'
import { localSettings } from '../../local/settings.ts'
import { formType, signedForm, type Fields } from '../../local/simulated-sendcloud/callback.ts'
import { replyFields } from '../../local/simulated-sendcloud/inbound-mail.ts'
import { sampleFields } from '../../local/simulated-sendcloud/sample.ts'
import { postTo } from '../../local/simulated-ses/callback-sender.ts'
import { startLocalStack, type LocalStack } from '../../local/stack.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { sampleMessage } from './simulated-sendcloud/sample-mail.ts'

const nowMs = Date.parse('2026-11-21T05:00:00.777Z')
const token = 'Zk3pQ8vXw1LmN7bYt5RcJ2hGf9DsA4uE6iOoPqTzVxCyBnKj0W'
const settings = localSettings({
  ...freePorts,
  CALLBACK_TOKEN: 'a-token-for-the-test',
  QUERY_TOKEN: 'a-token-of-the-query-api',
  SENDCLOUD_APP_KEY: 'new-key,old-key',
})

let stack: LocalStack

beforeAll(async () => {
  stack = await startLocalStack(settings, { clock: virtualClock(nowMs), log: () => undefined })
})
afterAll(async () => {
  await stack.stop()
})

function post(fields: Fields, appKey: string): Promise<number> {
  return postTo(stack.callbackUrls.sendCloud, formType)(signedForm(fields, { appKey, token }))
}

async function rowsOf(table: keyof TableNames): Promise<readonly Record<string, unknown>[]> {
  const TableName = tableNames(stack.tablePrefix)[table]
  const { Items = [] } = await stack.dynamoDb.send(new ScanCommand({ TableName }))
  return Items
}

describe('the local stack', () => {
  it('takes the callbacks of each provider at a URL of its own, under one token', () => {
    const paths = Object.values(stack.callbackUrls).map((url: string) => new URL(url).pathname)
    expect(paths).toEqual([
      '/tencent-ses/a-token-for-the-test',
      '/sendcloud/a-token-for-the-test',
      '/sent/a-token-for-the-test',
    ])
  })

  it('signs with the first key of SendCloud, and takes what is signed with either', async () => {
    expect(stack.sendCloudAppKey).toBe('new-key')
    expect(await post(sampleFields(nowMs), 'new-key')).toBe(200)
    expect(await post(sampleFields(nowMs), 'old-key')).toBe(200)
    expect(await post(sampleFields(nowMs), 'another-key')).toBe(401)
  })

  it('turns the sample callback of SendCloud into a row', async () => {
    await post(sampleFields(nowMs), 'new-key')
    expect(await rowsOf('deliveries')).toEqual([
      expect.objectContaining({
        recipient: { S: 'example@example.com' },
        message: { S: '1795237140777_144383_11771_2575.sc-10_9_13_218-inbound' },
        provider: { S: 'sendcloud' },
        status: { S: 'delivered' },
        'SC-Custom-Order': { S: 'order 1234' },
        ownId: { S: 'order 1234#04' },
      }),
    ])
  })

  it('answers questions about it, to its own token alone', async () => {
    const { url, token: queryToken } = stack.queryApi
    expect(queryToken).toBe('a-token-of-the-query-api')
    const asked = async (of: string) => {
      const authorization = `Bearer ${of}`
      const response = await fetch(`${url}/deliveries?recipient=example@example.com`, {
        headers: { authorization },
      })
      return { status: response.status, body: await response.json() }
    }
    expect(await asked(queryToken)).toMatchObject({
      status: 200,
      body: { deliveries: [{ status: 'delivered', provider: 'sendcloud' }], more: 0 },
    })
    expect(await asked('a-token-for-the-test')).toMatchObject({ status: 401 })
    expect((await fetch(stack.callbackUrls.sent.replace(/[^/]+$/, queryToken))).status).toBe(401)
  })

  it('keeps an inbound mail under the message that it answers, and the same mail once', async () => {
    const message = sampleMessage()
    const fields = replyFields(message, message.deliveries[1]!, nowMs)
    expect(await post(fields, 'new-key')).toBe(200)
    expect(await post(fields, 'new-key')).toBe(200)
    expect(await rowsOf('inbound')).toEqual([
      expect.objectContaining({
        recipient: { S: 'support@mail.example.com' },
        from: { S: 'bob@example.com' },
        answers: { S: '1795233600042_144383_11771_2575.sc-10_9_13_218-inbound' },
        answeredRecipient: { S: 'bob@example.com' },
      }),
    ])
    // Another key's event of before waits there; of mail that came in nothing does.
    const waiting = (await rowsOf('quarantine')).filter((row) => 'open' in row)
    expect(waiting).toMatchObject([{ reason: { S: 'forged' } }])
  })
})
