import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { scanDeliveries, scanFromStart, type ScanState } from '../../cli/scan-deliveries.ts'
import { registerStats } from '../../cli/stats.ts'
import { Checkpoint, nothingCounted, storedCount } from '../../cli/stats-checkpoint.ts'
import type { Delivery } from '../../lib/core/delivery.ts'
import { add, tableOf } from '../../lib/core/figures.ts'
import { tencentSes } from '../../lib/providers/tencent-ses/tencent-ses.ts'
import { deliveryScanner } from '../../lib/table/delivery-reader.ts'
import { deliveryWriter } from '../../lib/table/delivery-writer.ts'
import { exportedDeliveries, exportFiles } from '../../lib/table/exported-deliveries.ts'
import { scanItems, type Item } from '../../lib/table/pages.ts'
import { planCallbacks } from '../../local/simulated-ses/callback-plan.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'
import { virtualClock } from '../../local/virtual-clock.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { eventWith } from '../events.ts'
import { runInProcess } from './in-process.ts'

const engine = embeddedTables()
const clock = virtualClock('2026-11-20T00:00:00Z')
/** Two days in UTC+8: half of the mails on each. */
const startMs = Date.parse('2026-11-01T04:00:00Z')
const traffic = makeTraffic({ seed: 205, count: 60, fromMs: startMs, overMs: 86_400_000 })
let folder: string
let environment: Record<string, string>
let table: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'stats-'))
  const tables = await engine.freshTables()
  table = tables.deliveries
  environment = engine.environmentOf(tables)
  const weather = { seed: 7, lossRate: 0, repeatRate: 0.3, lateRate: 0.3, reorderRate: 0.3 }
  const { callbacks } = planCallbacks(traffic, { ...weather, maxDelayMs: 172_800_000 })
  const writer = deliveryWriter({ client: engine.client, table, retentionDays: 400, clock, maxFactsInRow: 1 })
  for (const { body } of callbacks) {
    const callback = { body: Buffer.from(body), contentType: 'application/json' }
    for (const outcome of tencentSes.read(callback, clock.now())) {
      if (outcome.type === 'event') await writer.record(outcome.event)
    }
  }
  const { provider, recipient, columns, headers } = eventWith({})
  const undated = { kind: 'delivered', source: 'poll', message: 'qcloud-ses-1', detail: '' } as const
  await writer.record({ provider, recipient, columns, headers, ...undated })
})
afterAll(() => rm(folder, { recursive: true }))

const stats = (...words: readonly string[]) => statsIn(environment, ...words)
const statsIn = (settings: Record<string, string>, ...words: readonly string[]) =>
  runInProcess(
    registerStats,
    ['stats', ...(words.includes('--from-export') ? [] : ['--checkpoint', join(folder, 'c.json')]), ...words],
    settings,
  )

const happened = traffic.flatMap(({ timeline }) => timeline)
const times = (kind: string) => happened.filter((entry) => entry.kind === kind).length
const mailsWith = (kind: string) =>
  traffic.filter(({ timeline }) => timeline.some((entry) => entry.kind === kind)).length

async function bodyOf(request: IncomingMessage): Promise<string> {
  return Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString()
}

describe('ledger stats', () => {
  it('says what truly happened, to the last open, whatever was repeated, late and out of order', async () => {
    const { output, code } = await stats('--to', '2026-11-02', '--from', '2026-11-01', '--json')
    const { total, groups, undated } = JSON.parse(output) as ReturnType<typeof tableOf> & { undated: number }
    const lastOf = (kinds: readonly string[], type?: string) =>
      traffic.filter(({ timeline }) => {
        const decided = timeline
          .filter((entry) => ['delivered', 'dropped', 'bounced'].includes(entry.kind))
          .at(-1)
        return kinds.includes(decided?.kind ?? 'none') && (type === undefined || decided?.bounceType === type)
      }).length
    expect([code, undated]).toEqual([0, 1])
    expect(total).toMatchObject({
      mails: 60,
      statuses: {
        delivered: lastOf(['delivered']),
        bounced: lastOf(['bounced'], 'hard_bounce'),
        'soft-bounced': lastOf(['bounced'], 'soft_bounce'),
        dropped: lastOf(['dropped']),
      },
      opens: { total: times('opened'), byPeople: times('opened'), mails: mailsWith('opened') },
      clicks: { total: times('clicked'), byPeople: times('clicked'), mails: mailsWith('clicked') },
      complained: times('complained'),
      unsubscribed: times('unsubscribed'),
    })
    expect([total.opens.total, total.clicks.total, total.statuses.bounced]).toEqual([44, 8, 4])
    const firstDay = traffic.filter(({ sentAtMs }) => sentAtMs < Date.parse('2026-11-01T16:00:00Z')).length
    expect(groups.map(({ group, mails }) => [group, mails])).toEqual([
      ['2026-11-01', firstDay],
      ['2026-11-02', 60 - firstDay],
    ])
  })

  it('shows a person a line for each group and for all, and first what reading costs', async () => {
    const { output, errors } = await stats('--by', 'mailbox-provider')
    expect(errors).toMatch(
      /^This reads the whole table: about \d+ rows? in .+ MB, \d+ read units? \(less than \$0\.01/,
    )
    expect(output).toMatch(
      /^Mails by mailbox-provider\. Days are days of sending, in UTC\+8\.\n\nmailbox-provider +mails/,
    )
    expect(output).toMatch(/^other +61 +\d+ /m)
    expect(output).toMatch(/^total +61 +\d+ /m)
    expect(output).toMatch(/^Opens {3}44 of 25 mails \(44 by people; 0 by machines; 0 unknown\)$/m)
  })

  it('prints CSV that a spreadsheet adds up and takes for no formula', async () => {
    const writer = deliveryWriter({ client: engine.client, table, retentionDays: 1, clock: virtualClock(0) })
    // It has expired long ago, so no figures have it but those of the export.
    await writer.record(eventWith({ columns: { template: '=1+1' } }))
    const [header, ...lines] = (await stats('--by', 'template', '--csv', '--limit', '2')).output
      .trim()
      .split('\n')
    expect(header).toMatch(/^template,mails,requested,deferred,.*,bounceRate,.*,p50Seconds,p95Seconds$/)
    expect(lines).toHaveLength(3)
    expect(lines.at(-1)).toMatch(/^others,/)
    expect(lines.reduce((sum, line) => sum + Number(line.split(',')[1]), 0)).toBe(61)
  })

  it.each([
    [['--from', '2026-02-30'], "argument '2026-02-30' is invalid. Expected a day, YYYY-MM-DD in UTC+8."],
    [['--by', 'weekday'], 'Allowed choices are day, template, sender, domain, mailbox-provider, class.'],
    [['--segments', '65'], 'Expected a whole number from 1 to 64.'],
    [['--json', '--csv'], "option '--json' cannot be used with option '--csv'"],
    [['--from', '2026-11-02', '--to', '2026-11-01'], '--from 2026-11-02 is later than --to 2026-11-01.'],
    [['--from-export', 'x', '--restart'], '--checkpoint and --restart are for the table'],
    [['--from-export', '/nowhere'], '/nowhere is no folder that can be read.'],
  ])('refuses %j', async (words, message) => {
    const { code, errors, output } = await stats(...words)
    expect(errors).toContain(message)
    expect([code, output]).toEqual([1, ''])
  })
})

describe('an interrupted count', () => {
  const scanner = () =>
    deliveryScanner({ client: engine.client, table, clock, log: () => undefined, rowsInPage: 5 })

  it('goes on from its file, and counts every mail once', async () => {
    const file = join(folder, 'interrupted.json')
    let counted = nothingCounted(3)
    for (let run = 0; run < 100 && counted.state.isDone.includes(false); run += 1) {
      const interrupted = new AbortController()
      await scanDeliveries(scanner(), {
        state: counted.state,
        signal: interrupted.signal,
        onPage: (page) => {
          for (const delivery of page) add(counted.figures, delivery, { by: 'day' })
        },
        onState: () => {
          interrupted.abort()
        },
      })
      await new Checkpoint(file, 'these', 0).saveLast(counted)
      await expect(storedCount(file, 'others')).rejects.toThrow(
        `${file} holds an interrupted count of another ledger or with other options: give the same, or begin anew with --restart.`,
      )
      counted = (await storedCount(file, 'these')) ?? nothingCounted(3)
    }
    expect(counted.state.isDone).toEqual([true, true, true])
    expect(tableOf(counted.figures, 'day', 9).total.mails).toBe(61)
  })

  it('ends the other segments where one fails, and says why', async () => {
    const pages = scanner()
    const state = scanFromStart(2)
    const seen: Delivery[] = []
    const failing = {
      wholePages: (position?: string, segment?: { segment: number; of: number }) => {
        if (segment?.segment === 1) throw new Error('no such table')
        return pages.wholePages(position, segment)
      },
    }
    const scan = { state, signal: new AbortController().signal, onState: () => undefined }
    await expect(
      scanDeliveries(failing, { ...scan, onPage: (page) => void seen.push(...page) }),
    ).rejects.toThrow('no such table')
    expect(state.isDone[0]).toBe(false)
  })

  it('is gone on with by the command where it failed', async () => {
    // The engine, at first but for the later half of the segments.
    let segmentsThere = 2
    const half = createServer((request, response) => {
      void bodyOf(request).then(async (body) => {
        const { Segment = 0 } = JSON.parse(body) as { Segment?: number }
        const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as const)
        const answer = await fetch(engine.endpoint, {
          method: 'POST',
          headers: Object.fromEntries(headers),
          body,
        })
        const isThere = Segment < segmentsThere
        const text = isThere ? await answer.text() : '{"__type":"x#AccessDeniedException","message":"no"}'
        response.writeHead(isThere ? answer.status : 400, {
          'content-type': 'application/x-amz-json-1.0',
        })
        response.end(text)
      })
    })
    await new Promise<void>((resolve) => half.listen(0, '127.0.0.1', resolve))
    half.unref()
    const { port } = half.address() as AddressInfo
    const there = { ...environment, AWS_ENDPOINT_URL_DYNAMODB: `http://127.0.0.1:${port}` }
    const failed = await statsIn(there, '--json')
    segmentsThere = 4
    expect([failed.code, failed.output, failed.errors.split('\n')[1]]).toEqual([1, '', 'no'])
    const { positions, isDone, rows } = JSON.parse(
      await readFile(join(folder, 'c.json'), 'utf8'),
    ) as ScanState
    expect([positions, isDone.slice(2)]).toEqual([
      [null, null, null, null],
      [false, false],
    ])
    expect(rows).toBeGreaterThan(20)

    const kept = await readFile(join(folder, 'c.json'), 'utf8')
    const others = [
      await stats('--json'),
      await statsIn(there, '--json', '--by', 'template'),
      await statsIn(there, '--json', '--from', '2026-11-02'),
    ]
    for (const { code, output, errors } of others) {
      expect([code, output]).toEqual([1, ''])
      expect(errors).toBe(
        `${join(folder, 'c.json')} holds an interrupted count of another ledger or with other options: give the same, or begin anew with --restart.\n`,
      )
    }
    expect(await readFile(join(folder, 'c.json'), 'utf8')).toBe(kept)

    const resumed = await statsIn(there, '--json')
    expect(resumed.errors).toMatch(
      /^Going on from where it was interrupted \(.+c\.json; --restart begins anew\)\.\n$/,
    )
    expect(JSON.parse(resumed.output)).toEqual(JSON.parse((await stats('--json')).output))
  })

  it('is refused where the file is none of its own, and not looked at with --restart', async () => {
    const file = join(folder, 'c.json')
    await writeFile(file, '{"of":1}')
    expect((await stats()).errors).toContain(`${file} is no checkpoint of \`ledger stats\``)
    expect(await readFile(file, 'utf8')).toBe('{"of":1}')
    expect((await stats('--restart')).code).toBe(0)
    await expect(readFile(file)).rejects.toThrow('ENOENT')
  })
})

describe('an export', () => {
  /** Rows beside other rows in the last file, or in the first. */
  async function written(name: string, areBesideFirst: boolean): Promise<string> {
    const data = join(folder, name, 'AWSDynamoDB', '01700000000000-abcd', 'data')
    await mkdir(data, { recursive: true })
    const items = await Array.fromAsync(scanItems(engine.client, { TableName: table }))
    const live = items.filter(({ template }) => template?.S !== '=1+1')
    const isBeside = (item: Item) => 'factOf' in item || 'columnsOf' in item
    const parts = [
      live.filter((item) => isBeside(item) === areBesideFirst),
      live.filter((item) => isBeside(item) !== areBesideFirst),
    ]
    expect(parts.every((part) => part.length > 10)).toBe(true)
    for (const [place, part] of parts.entries()) {
      const text = part.map((item) => `${JSON.stringify({ Item: item })}\n`).join('')
      await writeFile(join(data, `${place}.json.gz`), gzipSync(text))
    }
    await writeFile(join(folder, name, 'AWSDynamoDB', '01700000000000-abcd', 'manifest-files.json'), '{}')
    return join(folder, name)
  }

  it.each([true, false])('gives the figures of the table (beside rows first: %j)', async (areBesideFirst) => {
    const from = await written(`export-${areBesideFirst}`, areBesideFirst)
    const [ofExport, ofTable] = [await stats('--json', '--from-export', from), await stats('--json')]
    expect(ofExport.errors).toBe('')
    expect(JSON.parse(ofExport.output)).toEqual(JSON.parse(ofTable.output))
  })

  it('counts what finds no room, and says so', async () => {
    const files = await exportFiles(await written('full', false))
    let leftOut = 0
    const reading = { log: () => undefined, signal: new AbortController().signal, onBytes: () => undefined }
    for await (const read of exportedDeliveries(files, { ...reading, maxBeside: 300 })) leftOut = read.leftOut
    expect(leftOut).toBeGreaterThan(10)
  })

  it.each([
    ['{"Keys":{},"NewImage":{}}\n', 'a.json.gz, line 1, holds no row of the deliveries table'],
    ['{"Item":{"id":{"S":"1"}}}\n', 'a.json.gz, line 1, holds no row of the deliveries table'],
    ['\u2028', 'a.json.gz, line 1, holds no row of the deliveries table'],
  ])('of something else is refused: %j', async (text, message) => {
    const other = await mkdtemp(join(folder, 'other-'))
    await writeFile(join(other, 'a.json.gz'), gzipSync(text))
    expect((await stats('--from-export', other)).errors).toContain(message)
    await writeFile(join(other, 'a.json.gz'), gzipSync(text.repeat(9)).subarray(0, 20))
    expect((await stats('--from-export', other)).errors).toContain('a.json.gz is no whole gzip file')
    await rm(join(other, 'a.json.gz'))
    expect((await stats('--from-export', other)).errors).toContain('holds no file *.json.gz')
    for (const part of ['one', 'two']) {
      await mkdir(join(other, part))
      await writeFile(join(other, part, 'a.json.gz'), '')
    }
    expect((await stats('--from-export', other)).errors).toContain('holds several exports')
  })
})
