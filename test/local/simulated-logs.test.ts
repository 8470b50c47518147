import { afterEach, describe, expect, it } from '@jest/globals'
import { functionLogs } from '../../cli/tail/function-logs.ts'
import { startSimulatedLogs } from '../../local/simulated-logs.ts'
import { virtualClock } from '../../local/virtual-clock.ts'

const clock = virtualClock('2026-11-21T08:00:00Z')
const signal = new AbortController().signal
const stops: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

async function started() {
  const server = await startSimulatedLogs({ port: 0, clock })
  process.env.AWS_REGION = 'local'
  process.env.AWS_ACCESS_KEY_ID = 'local'
  process.env.AWS_SECRET_ACCESS_KEY = 'local'
  const logs = functionLogs(server.url)
  stops.push(logs.close, server.stop)
  return { server, page: (group: string) => logs.page({ group, sinceMs: 0 }, signal) }
}

describe('the log of the local stack', () => {
  it('holds each function by itself, as the cloud does', async () => {
    const { server, page } = await started()
    server.logOf('one')('callback', { status: 200, recipient: 'ann@example.com' })
    server.logOf('other')
    expect(await page('one')).toEqual({
      lines: [
        {
          id: '1',
          atMs: Date.parse('2026-11-21T08:00:00Z'),
          text: '{"at":"2026-11-21T08:00:00.000Z","event":"callback","status":200,"recipient":"[address]"}',
        },
      ],
    })
    expect(await page('other')).toEqual({ lines: [] })
    await expect(page('neither')).rejects.toMatchObject({ name: 'ResourceNotFoundException' })
  })

  it('holds the latest 5 MB at most', async () => {
    const { server, page } = await started()
    const log = server.logOf('one')
    for (let line = 0; line < 60; line += 1) log('large', { line, text: 'x '.repeat(50_000) })
    const { lines } = await page('one')
    expect(lines.length).toBeLessThan(50)
    expect(lines.at(-1)?.text).toContain('"line":59')
  })
})
