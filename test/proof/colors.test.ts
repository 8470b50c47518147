import { beforeAll, expect, it } from '@jest/globals'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith, sampleMessage } from '../events.ts'
import { run } from '../running-command.ts'

// As processes of their own: whether Node colors a text is decided by the real output and the real environment.

const engine = embeddedTables()
const occurredAtMs = Date.parse('2022-06-01T06:24:43Z')
let environment: Record<string, string>

beforeAll(async () => {
  const tables = await engine.freshTables()
  environment = engine.environmentOf(tables)
  const { client } = engine
  const on = { client, table: tables.deliveries, clock: virtualClock(occurredAtMs) }
  await deliveryWriter({ ...on, retentionDays: 3_650 }).record(
    eventWith({ recipient: 'ben@gmail.com', kind: 'deferred', reply: '451 4.7.1 try again later' }),
  )
  await suppressionWriter({ client, table: tables.suppressions }).suppress({
    recipient: 'ann@example.com',
    reason: 'complaint',
    occurredAtMs,
    source: 'callback',
    provider: 'tencent-ses',
    message: sampleMessage,
    detail: '',
  })
})

const [red, yellow, end] = ['\u001b[31m', '\u001b[33m', '\u001b[39m']

it.each([
  ['problems --from 2022-06-01 --tz UTC', `  ${yellow}deferred${end}  ben@gmail.com\n`],
  ['stuck --tz UTC', `2022-06-01 06:24:39  ${yellow}deferred${end}  ben@gmail.com  tencent-ses  `],
  [
    'suppressions list --tz UTC',
    `ann@example.com  ${red}complaint  ${end}  2022-06-01 06:24:43\nTimes are in UTC.\n`,
  ],
])('ledger %s is colored where the output takes colors, and not elsewhere', async (words, expected) => {
  const outputs = await Promise.all(
    [{ FORCE_COLOR: '1' }, {}, { NO_COLOR: '1' }].map(async (settings) => {
      const command = run(`node cli/ledger.mjs ${words}`, { ...environment, ...settings })
      expect(await command.exited).toBe(0)
      return command.output()
    }),
  )
  const [colored, ...plain] = outputs
  expect(colored).toContain(expected)
  for (const output of plain) expect(output).toContain(expected.replace(/\u001b\[\d+m/g, ''))
})
