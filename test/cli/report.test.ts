import { access, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { registerReport } from '../../cli/report.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith } from '../events.ts'
import { runInProcess, type Ended } from './in-process.ts'

const engine = embeddedTables()
let folder: string
let file: string
let prefix: string
let writer: ReturnType<typeof deliveryWriter>

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(async () => {
  const tables = await engine.freshTables()
  prefix = tables.prefix
  file = join(folder, `${prefix}.html`)
  writer = deliveryWriter({
    client: engine.client,
    table: tables.deliveries,
    retentionDays: 400,
    clock: systemClock,
  })
  await writer.record(
    eventWith({
      recipient: 'anna.smith@example.com',
      kind: 'bounced',
      bounceClass: 'hard',
      reply: '551 5.1.1 <anna.smith@example.com> recipient is not exist',
      columns: { subject: 'For anna.smith@example.com: <i>hello</i>', template: '123456' },
    }),
  )
})

function report(...options: readonly string[]): Promise<Ended> {
  return runInProcess(registerReport, ['report', '--html', file, '--lang', 'en', ...options], {
    ...engine.environmentOf({ prefix }),
  })
}

describe('ledger report', () => {
  it('writes one page with figures, reasons and the latest problems, addresses masked in all of it', async () => {
    const { code, output, errors } = await report('--from', '2022-06-01', '--to', '2022-06-01')
    expect([code, output]).toEqual([0, `${file}: 1 mail read.\n`])
    expect(errors).toContain('This reads the whole table')
    const text = await readFile(file, 'utf8')
    expect(text).toContain('Emails sent on 2022-06-01.')
    expect(text).toContain('551 5.1.1 &lt;a…@example.com&gt; recipient is not exist')
    expect(text).toContain('For a…@example.com: &lt;i&gt;hello&lt;/i&gt;')
    expect(text).toContain('Addresses are masked, and so are the words of their names')
    expect(text).not.toContain('anna.smith')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
  })

  it('masks them in the names of templates, and whoever they are of: quoted, in full width, encoded, or the local part alone', async () => {
    await writer.record(
      eventWith({
        recipient: '"bob jones"@example.com',
        message: 'another-message',
        kind: 'bounced',
        bounceClass: 'hard',
        reply: '550 bob jones: carl.king＠example.com and dora.lee%40example.com are no users',
        columns: { subject: '"bob jones"@example.com', template: 'to emma.moon@example.com' },
      }),
    )
    await report()
    const text = await readFile(file, 'utf8')
    expect(text).toContain('550')
    expect(text).toContain('to e…@example.com')
    expect(text).not.toMatch(/jones|king|lee|moon/)
  })

  it('shows addresses where that is asked for, and the words of another language', async () => {
    await report('--with-addresses', '--lang', 'zh', '--tz', 'Asia/Shanghai')
    const text = await readFile(file, 'utf8')
    expect(text).toContain('<html lang="zh-CN">')
    expect(text).toContain('anna.smith@example.com')
    expect(text).toContain('2022-06-01 14:24:39')
    expect(text).toContain('邮箱不存在')
  })

  it('counts nothing of other days, and says so', async () => {
    await report('--from', '2022-06-02')
    expect(await readFile(file, 'utf8')).toContain('There are no emails in this range.')
  })

  it('leaves an earlier page as it is where the table cannot be read', async () => {
    await writeFile(file, 'earlier')
    prefix = 'no-such-deployment'
    const { code } = await report()
    expect([code, await readFile(file, 'utf8')]).toEqual([1, 'earlier'])
    await expect(access(`${file}.part`)).rejects.toThrow('ENOENT')
  })

  it.each([
    [['--from', '2022-06-02', '--to', '2022-06-01'], '--from 2022-06-02 is later than --to 2022-06-01.'],
    [['--from', 'soon'], 'Expected a day'],
    [['--lang', 'fr'], 'Allowed choices are en, zh.'],
    [
      ['--html', '/no/such/folder/report.html'],
      '--html /no/such/folder/report.html: Error: ENOENT: no such file',
    ],
  ])('refuses %j', async (options, words) => {
    const { code, errors } = await report(...options)
    expect(code).toBe(1)
    expect(errors).toContain(words)
  })
})
