import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { StatusApiError, type VolumeReport } from '../../../../lib/reconcile/ports.ts'
import type { SesSettings } from '../../../../lib/status-apis/ses/client.ts'
import { getStatisticsReport } from '../../../../lib/status-apis/ses/get-statistics-report.ts'
import { close, listen } from '../../../../local/listening-server.ts'
import { virtualClock } from '../../../../local/virtual-clock.ts'
import { sampleDelivery } from '../../../local/simulated-ses/sample-mail.ts'
import { startForTest } from '../../../local/simulated-ses/sdk-client.ts'

const settings: SesSettings = {
  endpoint: undefined,
  region: 'ap-guangzhou',
  secretId: 'AKIDsimulated',
  secretKey: 'simulated-secret-key',
  token: undefined,
}
const range = ['2026-11-20', '2026-11-21'] as const

const servers: Server[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map(close))
})

/** The report as a server gives it that answers in one way, whatever it is asked. */
async function reportOf(response: object): Promise<VolumeReport> {
  const server = createServer((request, answer) => {
    request.resume().on('end', () => {
      answer.setHeader('content-type', 'application/json').end(JSON.stringify({ Response: response }))
    })
  })
  servers.push(server)
  const port = await listen(server, 0, 'a server with odd answers')
  return getStatisticsReport({ ...settings, endpoint: `http://127.0.0.1:${port}` })
}

async function errorOf(asked: Promise<unknown>): Promise<StatusApiError> {
  try {
    await asked
  } catch (error) {
    if (error instanceof StatusApiError) return error
    throw error
  }
  throw new Error('the question was answered')
}

const simulated = () => startForTest({ clock: virtualClock('2026-11-21T08:00:00Z') })

describe('the volume of a range', () => {
  it('is what the provider counted on each of its dates', async () => {
    const ses = await simulated()
    ses.send(
      sampleDelivery({ sentAtMs: Date.parse('2026-11-19T08:00:00Z') }),
      sampleDelivery({ sentAtMs: Date.parse('2026-11-20T08:00:00Z') }),
      sampleDelivery(),
      sampleDelivery({ recipient: 'bert@example.com' }),
    )
    const volumes = await getStatisticsReport({ ...settings, endpoint: ses.url }).requestsPerDate(...range)
    expect(volumes).toEqual(
      new Map([
        ['2026-11-20', 1],
        ['2026-11-21', 2],
      ]),
    )
  })

  it('may be as long as the provider answers, and no longer', async () => {
    const report = getStatisticsReport({
      ...settings,
      endpoint: (await simulated()).url,
    })
    expect(report.maxDates).toBe(14)
    expect(await report.requestsPerDate('2026-11-08', '2026-11-21')).toEqual(new Map())
    expect((await errorOf(report.requestsPerDate('2026-11-07', '2026-11-21'))).code).toBe(
      'InvalidParameterValue.WrongDate',
    )
  })

  it.each([
    ['null', { DailyVolumes: null }],
    ['missing', {}],
  ])('is empty where the list is %s', async (_what, response) => {
    expect(await (await reportOf(response)).requestsPerDate(...range)).toEqual(new Map())
  })

  it.each([
    ['an object', { DailyVolumes: {} }],
    ['a day without a number', { DailyVolumes: [{ SendDate: '2026-11-20' }] }],
    ['a day whose number is text', { DailyVolumes: [{ SendDate: '2026-11-20', RequestCount: '1' }] }],
    ['a number below none', { DailyVolumes: [{ SendDate: '2026-11-20', RequestCount: -1 }] }],
    ['a date that is none', { DailyVolumes: [{ SendDate: '20.11.2026', RequestCount: 1 }] }],
  ])('is not guessed where the answer holds %s', async (_what, response) => {
    const error = await errorOf((await reportOf(response)).requestsPerDate(...range))
    expect([error.consequence, error.code]).toEqual(['query', 'UnreadableAnswer'])
  })
})

describe('a report that is refused', () => {
  it('names what was asked, and the permission that is missing', async () => {
    const ses = await simulated()
    ses.failNext(1, { code: 'UnauthorizedOperation.CamNoAuth' })
    const report = getStatisticsReport({ ...settings, endpoint: ses.url })
    const error = await errorOf(report.requestsPerDate(...range))
    expect(error.consequence).toBe('settings')
    expect(error.message).toBe(
      'GetStatisticsReport for 2026-11-20 to 2026-11-21 failed: UnauthorizedOperation.CamNoAuth. Allow ses:GetStatisticsReport to the account of TENCENTCLOUD_SECRET_ID.',
    )
  })

  it('of no answer is to try again', async () => {
    const ses = await simulated()
    ses.failNext(1, 'hang-up')
    const report = getStatisticsReport({ ...settings, endpoint: ses.url })
    expect((await errorOf(report.requestsPerDate(...range))).consequence).toBe('transient')
  })
})
