import { describe, expect, it } from '@jest/globals'
import { embeddedMetrics } from '../../lib/runtime/embedded-metrics.ts'
import { eventLog } from '../../local/event-log.ts'

const nowMs = Date.parse('2026-11-21T08:00:00Z')

function printed(event: string, fields: Readonly<Record<string, unknown>>): readonly string[] {
  const lines: string[] = []
  eventLog(
    (line) => lines.push(line),
    () => nowMs,
  )(event, fields)
  return lines
}

describe('what a person is shown', () => {
  const metrics = embeddedMetrics(
    {
      ofJob: { quarantinedBodies: 1 },
      ofProvider: { provider: 'tencent-ses', figures: { acceptedCallbacks: 1 } },
      ofDeployment: { delivered: 1 },
    },
    { deployment: 'test', job: 'ingest', nowMs },
  )

  it('is the line without what is for CloudWatch', () => {
    expect(
      printed('callback', { provider: 'tencent-ses', status: 200, events: 'delivered', ...metrics }),
    ).toEqual(['08:00:00  callback    provider tencent-ses  status 200  events delivered'])
  })

  it('is no line that is for CloudWatch alone', () => {
    const ofRun = embeddedMetrics(
      { ofJob: { calls: 1 }, ofDeployment: {} },
      { deployment: 'test', job: 'reconcile', nowMs },
    )
    expect(printed('metrics', ofRun)).toEqual([])
  })

  it('is a line without fields all the same', () => {
    expect(printed('stopped', {})).toEqual(['08:00:00  stopped     '])
  })
})
