import { beforeAll, describe, expect, it } from '@jest/globals'
import { registerInbound } from '../../cli/inbound.ts'
import { registerQuarantine } from '../../cli/quarantine.ts'
import { registerStuck } from '../../cli/stuck.ts'
import { registerSuppressions } from '../../cli/suppressions.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { inboundMailWriter } from '../../lib/table/inbound-writer.ts'
import { quarantineWriter } from '../../lib/table/quarantine-writer.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith } from '../events.ts'
import { runInProcess } from './in-process.ts'

const engine = embeddedTables()
const clock = virtualClock('2026-11-21T08:00:00Z')
const at = (instant: string) => Date.parse(instant)
let environment: Record<string, string>

beforeAll(async () => {
  const { prefix, deliveries, suppressions, inbound, quarantine } = await engine.freshTables()
  environment = engine.environmentOf({ prefix })
  const { client } = engine
  const kept = { client, retentionDays: 4_000, clock }
  for (const name of ['ann', 'ben']) {
    const recipient = `${name}@example.com`
    const event = eventWith({ recipient, kind: 'requested', occurredAtMs: at('2022-06-01T06:24:39Z') })
    await deliveryWriter({ ...kept, table: deliveries }).record(event)
    await suppressionWriter({ client, table: suppressions }).suppress({
      recipient,
      reason: 'unsubscribe',
      occurredAtMs: at('2026-11-20T08:00:00Z'),
      source: 'callback',
      provider: 'sendcloud',
      fromDomain: 'shop.example',
      detail: '',
    })
    await inboundMailWriter({ ...kept, table: inbound }).keep({
      provider: 'sendcloud',
      recipient: 'help@example.org',
      receivedAtMs: at('2026-11-20T09:00:00Z'),
      columns: { from: recipient, subject: '=1+1' },
      content: JSON.stringify({ text: name }),
    })
    await quarantineWriter({ ...kept, table: quarantine }).keep({
      provider: 'tencent-ses',
      body: Buffer.from(name),
      contentType: '',
      reason: 'unreadable',
      problems: ['body: expected JSON', 'and no more'],
      receivedAtMs: at('2026-11-20T10:00:00Z'),
    })
  }
})

const lists = [
  ['stuck', registerStuck, ['stuck']],
  ['suppressions', registerSuppressions, ['suppressions', 'list']],
  ['inbound', registerInbound, ['inbound', 'list']],
  ['quarantine', registerQuarantine, ['quarantine', 'list']],
] as const

async function printed(list: (typeof lists)[number], ...options: readonly string[]): Promise<string> {
  const [, register, words] = list
  const { code, output, errors } = await runInProcess(register, [...words, ...options], environment)
  return code === 0 ? output : errors
}

describe.each(lists)('the list %s', (...list) => {
  it('holds no more than so many', async () => {
    const lines = (await printed(list, '--csv')).trimEnd().split(/\n(?!and)/)
    const first = (await printed(list, '--csv', '--limit', '1')).trimEnd().split(/\n(?!and)/)
    expect([lines.length, first.length]).toEqual([3, 2])
    expect(lines).toEqual(expect.arrayContaining(first))
  })

  it('is JSON or CSV, not both, and limited by a number', async () => {
    expect(await printed(list, '--csv', '--json')).toContain('cannot be used with option')
    expect(await printed(list, '--limit', 'none')).toContain('Expected a whole number from 1 to')
  })
})

it('the lists as CSV have a heading, times in UTC, and no formula', async () => {
  const texts: string[] = []
  for (const list of lists) texts.push(await printed(list, '--csv'))
  const [stuck, suppressions, inbound, quarantine] = texts
  expect(stuck).toMatch(
    /^sentAt,recipient,status,provider,message,nextLookUp\n2022-06-01T06:24:39Z,ann@example\.com,requested,/,
  )
  expect(suppressions).toBe(
    'recipient,reason,since,until,fromDomain\n' +
      'ann@example.com,unsubscribe,2026-11-20T08:00:00Z,,shop.example\n' +
      'ben@example.com,unsubscribe,2026-11-20T08:00:00Z,,shop.example\n',
  )
  expect(inbound).toMatch(
    /^id,receivedAt,from,recipient,subject,answers,provider\n[0-9a-f]+,2026-11-20T09:00:00Z,\w+@example\.com,help@example\.org,'=1\+1,,sendcloud\n/,
  )
  expect(quarantine).toMatch(
    /^id,lastSeenAt,.*\n[0-9a-f]+,2026-11-20T10:00:00Z,.*,tencent-ses,unreadable,1,0,3,/,
  )
})
