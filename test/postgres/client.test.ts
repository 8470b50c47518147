import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isSuppressed, recordSend, suppressionOf } from '../../lib/client/postgres.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { embeddedPostgres } from '../embedded-postgres.ts'

const engine = embeddedPostgres()
const environmentBefore = { ...process.env }

beforeAll(async () => {
  const store = await engine.emptied(systemClock)
  await store.suppressionWriter().suppress({
    recipient: 'gone@example.com',
    reason: 'hard-bounce',
    occurredAtMs: Date.parse('2026-11-21T08:00:03Z'),
    source: 'callback',
    provider: 'tencent-ses',
    message: 'qcloudses-30-251200670-date-20261121160000-hFd3sKw9',
    judgement: { class: 'gone', rule: 'mailbox-not-there' },
    detail: '551 5.1.1 recipient is not exist',
  })
  Object.assign(process.env, {
    DELIVERY_LEDGER_DATABASE_URL: process.env.TEST_DATABASE_URL,
    DATABASE_URL: 'postgres://application@127.0.0.1:1/of-its-own',
    TABLE_PREFIX: engine.schema,
  })
})
afterAll(() => {
  process.env = environmentBefore
})

describe('an application whose ledger is in PostgreSQL', () => {
  it('is answered whether an address is suppressed, and why', async () => {
    expect(await isSuppressed('Somebody <Gone@Example.com>')).toBe(true)
    expect(await isSuppressed('here@example.com')).toBe(false)
    expect(await suppressionOf('gone@example.com')).toEqual({
      reason: 'hard-bounce',
      since: new Date('2026-11-21T08:00:03Z'),
      provider: 'tencent-ses',
      message: 'qcloudses-30-251200670-date-20261121160000-hFd3sKw9',
      reply: '551 5.1.1 recipient is not exist',
    })
  })

  it('records a send, twice with the same row', async () => {
    const send = {
      messageId: 'qcloudses-30-251200670-date-20261121161000-Xk3TqPz7',
      recipients: ['first@example.com', 'Second <second@example.com>'],
    }
    await recordSend(send)
    await recordSend(send)
    expect(await engine.rowsOf('deliveries')).toMatchObject([
      { recipient: 'first@example.com', status: 'requested', sentAt: '2026-11-21T08:10:00Z' },
      { recipient: 'second@example.com', status: 'requested', sentAt: '2026-11-21T08:10:00Z' },
    ])
  })

  it('refuses what is no address before it connects', async () => {
    await expect(isSuppressed('nobody')).rejects.toThrow('isSuppressed: expected one email address')
    await expect(recordSend({ messageId: 'x', recipients: 'nobody' })).rejects.toThrow('Nothing was written.')
  })
})
