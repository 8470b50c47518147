import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { usualLimits } from '../../../functions/server/http.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import type { Database } from '../../../lib/postgres/database.ts'
import { startSimulatedSes, type SimulatedSes } from '../../../local/simulated-ses/server.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedPostgres } from '../../embedded-postgres.ts'
import { sampleMessage } from '../../events.ts'
import { signedForm } from '../../fixtures/sendcloud/sign.ts'
import { mailAt } from '../../lib/reconcile/world.ts'
import { appKey, now, serve, token, type Served } from './running.ts'

const engine = embeddedPostgres()
const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }
const at = (instant: string) => Date.parse(instant)

const open: { readonly stop: () => Promise<void> }[] = []
let ses: SimulatedSes | undefined

beforeEach(() => engine.emptied(virtualClock(now)))
afterEach(async () => {
  for (const server of open.splice(0)) await server.stop()
  await ses?.close()
  ses = undefined
})

async function served(...given: Partial<Parameters<typeof serve>>): Promise<Served> {
  const [on = engine, ...others] = given
  const server = await serve(on, ...others)
  open.push(server)
  return server
}

const delivered = (recipient: string) =>
  JSON.stringify({ event: 'delivered', email: recipient, bulkId: sampleMessage, timestamp: 1654064683 })

const rows = async () =>
  (await engine.rowsOf('deliveries')).map(({ recipient, status, provider }) => [recipient, status, provider])

/** A connection, and all that came over it. */
async function raw(server: Served, text: string): Promise<{ socket: Socket; answer: Promise<string> }> {
  const socket = connect(server.port, '127.0.0.1')
  await once(socket, 'connect')
  let said = ''
  socket.setEncoding('utf8').on('data', (part: string) => {
    said += part
  })
  socket.on('error', () => undefined)
  socket.write(text)
  return { socket, answer: once(socket, 'close').then(() => said) }
}

const head = (length: number, more = '', path = `/tencent-ses/${token}`) =>
  `POST ${path} HTTP/1.1\r\nHost: ledger\r\nContent-Type: application/json\r\nContent-Length: ${length}\r\n${more}\r\n`

describe('callbacks over HTTP', () => {
  it('of both providers end in the right rows, bytes and charset as they came', async () => {
    const server = await served()
    expect(await server.post(delivered('anna@example.com'))).toBe(200)
    const form = signedForm(
      {
        event: 'soft_bounce',
        emailId: '1795233600123_144383_11771_2575.sc-10_9_13_218-inbound0$ben@example.com',
        recipient: 'ben@example.com',
        timestamp: 1_795_237_210_000,
      },
      appKey,
    )
    expect(await server.post(form.body, `/sendcloud/${token}`, form.contentType)).toBe(200)
    // 你好 in GBK.
    const subject = Buffer.from('c4e3bac3', 'hex')
    const body = Buffer.concat([
      Buffer.from(delivered('chen@example.com').replace('}', ',"subject":"')),
      subject,
      Buffer.from('"}'),
    ])
    expect(await server.post(body, `//tencent-ses/${token}`, 'application/json; charset=gbk')).toBe(200)
    expect(await rows()).toEqual([
      ['anna@example.com', 'delivered', 'tencent-ses'],
      ['ben@example.com', 'soft-bounced', 'sendcloud'],
      ['chen@example.com', 'delivered', 'tencent-ses'],
    ])
    expect((await engine.rowsOf('deliveries'))[2]).toMatchObject({ subject: '你好' })
    expect(JSON.stringify(server.lines)).not.toContain('@')
    expect(JSON.stringify(server.lines)).not.toContain(token)
  })

  it('are taken from a proxy that names the host before the path', async () => {
    const server = await served()
    const body = delivered('anna@example.com')
    const { answer } = await raw(
      server,
      head(body.length, 'Connection: close\r\n', `http://ledger.example.com/tencent-ses/${token}`) + body,
    )
    expect(await answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(await rows()).toEqual([['anna@example.com', 'delivered', 'tencent-ses']])
  })

  it('that repeat and overtake each other end in one row', async () => {
    const server = await served()
    const opened = delivered('anna@example.com').replace('"delivered"', '"open"')
    const bodies = [opened, delivered('anna@example.com'), opened, delivered('anna@example.com')]
    expect(await Promise.all(bodies.map((body) => server.post(body)))).toEqual([200, 200, 200, 200])
    expect(await rows()).toEqual([['anna@example.com', 'delivered', 'tencent-ses']])
  })

  it('with a wrong token are refused before their body is read', async () => {
    const server = await served()
    const { socket, answer } = await raw(
      server,
      head(6_000_000, 'Connection: close\r\n', '/tencent-ses/another'),
    )
    await once(socket, 'data')
    socket.destroy()
    expect(await answer).toMatch(/^HTTP\/1\.1 401 /)
    expect(await server.post('{}', '/wp-login.php')).toBe(404)
    expect(await rows()).toEqual([])
  })

  it.each([
    ['says so', { 'content-length': String(7_000_000) }],
    ['does not say so', { 'transfer-encoding': 'chunked' }],
  ])('whose body is too large are refused where its head %s', async (_, headers) => {
    const server = await served()
    const isChunked = 'transfer-encoding' in headers
    const body = Buffer.alloc(7_000_000, 'x')
    const answer = await fetch(`${server.url}/tencent-ses/${token}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      ...(isChunked ? { body: new Blob([body]).stream(), duplex: 'half' } : { body }),
    })
    expect(answer.status).toBe(413)
    expect(await answer.json()).toMatchObject({ maxBodyBytes: 6_291_456 })
    expect(server.lines).toContainEqual(expect.objectContaining({ event: 'request refused', status: 413 }))
    expect(await server.post(delivered('anna@example.com'))).toBe(200)
  })

  it('that are more at once than there is room for are to come again', async () => {
    const server = await served(undefined, {}, { limits: { ...usualLimits, bodies: 1 } })
    const body = delivered('anna@example.com')
    const first = await raw(server, head(body.length, 'Connection: close\r\n') + body.slice(0, 10))
    await server.post('{}', '/tencent-ses/another')
    const answer = await fetch(`${server.url}/tencent-ses/${token}`, { method: 'POST', body })
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '60'])
    first.socket.write(body.slice(10))
    expect(await first.answer).toMatch(/^HTTP\/1\.1 200 /)
    expect(await server.post(body)).toBe(200)
  })

  it.each([
    ['head', 'POST /tencent-ses/x HTTP/1.1\r\nHost: led'],
    ['body', head(100) + '{'],
  ])('of a slow client end with their time: %s', async (_, begun) => {
    const server = await served(undefined, {}, { limits: { ...usualLimits, headMs: 200, requestMs: 300 } })
    const { answer } = await raw(server, begun)
    expect(await answer).toMatch(/^HTTP\/1\.1 408 /)
    expect(await server.post(delivered('anna@example.com'))).toBe(200)
  })

  it('end with their connection, and that is no fault', async () => {
    const server = await served()
    const { socket, answer } = await raw(server, head(100) + '{')
    await server.post('{}', '/tencent-ses/another')
    socket.destroy()
    await answer
    expect(await server.post(delivered('anna@example.com'))).toBe(200)
    expect(server.lines.map(({ event }) => event)).not.toContain('unexpected fault')
  })
})

describe('a database that goes away', () => {
  it('is answered with another try and shown by health, until it is back', async () => {
    let isAway = true
    const away = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))
    const database: Database = {
      read: (...given) => (isAway ? away() : engine.database.read(...given)),
      write: (...given) => (isAway ? away() : engine.database.write(...given)),
    }
    const server = await served({ database, schema: engine.schema })
    const health = async () => {
      server.clock.advance(1_000)
      const answer = await fetch(`${server.url}/health`)
      return [answer.status, await answer.json()]
    }
    // It was not there yet at the start: no run begins.
    expect(await server.schedule.waitsMs()).toBe(5_000)
    expect(await server.schedule.next()).toBe(5_000)
    expect(await health()).toEqual([503, { alive: true, ready: false }])
    expect((await fetch(`${server.url}/health/live`)).status).toBe(200)
    expect(await server.post(delivered('anna@example.com'))).toBe(503)
    isAway = false
    expect(await health()).toEqual([200, { alive: true, ready: true }])
    expect(await server.post(delivered('anna@example.com'))).toBe(200)
    expect(await server.schedule.next()).toBe(300_000)
    isAway = true
    expect(await server.post(delivered('ben@example.com'))).toBe(503)
    expect(await health()).toEqual([503, { alive: true, ready: false }])
    isAway = false
    expect(await server.post(delivered('ben@example.com'))).toBe(200)
    expect((await rows()).map(([recipient]) => recipient)).toEqual(['anna@example.com', 'ben@example.com'])
    const ofDatabase = server.lines.filter(({ event }) => String(event).startsWith('database'))
    expect(ofDatabase.map(({ event, error }) => [event, error])).toEqual([
      ['database does not answer', 'Error ECONNREFUSED'],
      ['database answers', undefined],
      ['database does not answer', 'Error ECONNREFUSED'],
    ])
  })

  it('is asked again where the clock was set back', async () => {
    let isAway = false
    const away = () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }))
    const database: Database = {
      ...engine.database,
      read: (...given) => (isAway ? away() : engine.database.read(...given)),
    }
    const server = await served({ database, schema: engine.schema })
    expect((await fetch(`${server.url}/health`)).status).toBe(200)
    isAway = true
    server.clock.advance(-3_600_000)
    expect((await fetch(`${server.url}/health`)).status).toBe(503)
  })

  it('is asked once, however many ask for health at once', async () => {
    let asked = 0
    const database: Database = {
      ...engine.database,
      read(...given) {
        asked += 1
        return engine.database.read(...given)
      },
    }
    const server = await served({ database, schema: engine.schema })
    await Promise.all(Array.from({ length: 20 }, () => fetch(`${server.url}/health`)))
    expect(asked).toBe(1)
  })
})

describe('questions', () => {
  const ask = (server: Served, given = 'a-token-of-questions') =>
    fetch(`${server.url}/deliveries?recipient=anna@example.com`, {
      headers: { authorization: `Bearer ${given}` },
    })

  it('are answered beside callbacks where they have a token', async () => {
    const server = await served(undefined, { QUERY_TOKEN_SHA256: tokenDigest('a-token-of-questions') })
    await server.post(delivered('anna@example.com'))
    const answer = await ask(server)
    expect(await answer.json()).toMatchObject({ deliveries: [{ status: 'delivered' }], more: 0 })
    expect((await ask(server, 'another')).status).toBe(401)
    expect((await fetch(`${server.url}/suppressions/anna@example.com`)).status).toBe(401)
  })

  it('are no path at all where none is set', async () => {
    expect((await ask(await served())).status).toBe(404)
  })
})

/** The settings of a poll of a simulated SES with one mail of which no callback came. */
async function polled(clock = virtualClock(now)) {
  ses = await startSimulatedSes({ port: 0, clock, ...credentials })
  ses.send(
    mailAt('2026-11-21T06:00:00Z', 'anna', {
      timeline: [{ kind: 'delivered', atMs: at('2026-11-21T06:00:10Z') }],
    }),
  )
  return {
    SES_POLL: 'on',
    SES_ENDPOINT: ses.url,
    TENCENTCLOUD_SECRET_ID: credentials.secretId,
    TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
  }
}

describe('the schedule', () => {
  it('polls shortly after the start, and every five minutes from one beginning to the next', async () => {
    const clock = virtualClock(now)
    const server = await served(undefined, await polled(clock), { clock })
    expect(await server.schedule.waitsMs()).toBe(5_000)
    expect(await rows()).toEqual([])
    const beganMs = clock.now()
    const waitsMs = await server.schedule.next()
    expect(await rows()).toEqual([['anna@example.com', 'delivered', 'tencent-ses']])
    expect(clock.now() + waitsMs).toBe(beganMs + 300_000)
    expect(server.lines.filter(({ event }) => event === 'run')).toMatchObject([
      { discovered: 1, stoppedBy: 'done', expiredRows: 0 },
    ])
  })

  it('goes on in five minutes where the clock is set back during a run', async () => {
    const clock = virtualClock(now)
    const set = { ...clock, isBack: false, now: () => clock.now() - (set.isBack ? 3_600_000 : 0) }
    const database: Database = {
      ...engine.database,
      write(...given) {
        set.isBack = true
        return engine.database.write(...given)
      },
    }
    const server = await served({ database, schema: engine.schema }, {}, { clock: set })
    expect(await server.schedule.next()).toBe(300_000)
  })

  it('goes on after a run that failed, and says why', async () => {
    const server = await served(undefined, { ...(await polled()), TENCENTCLOUD_SECRET_KEY: 'another' })
    await server.schedule.next()
    await server.schedule.next()
    const failed = server.lines.filter(({ event }) => event === 'run failed')
    expect(failed).toHaveLength(2)
    expect(failed[0]?.problem).toContain('TENCENTCLOUD_SECRET_KEY')
  })
})

describe('a stop', () => {
  it('waits for nobody who has asked nothing, or only begun to', async () => {
    const server = await served()
    const silent = connect(server.port, '127.0.0.1')
    const begun = connect(server.port, '127.0.0.1')
    // It may be reset.
    const ends = [silent, begun].map((socket) =>
      once(
        socket.on('error', () => undefined),
        'close',
      ),
    )
    await Promise.all([once(silent, 'connect'), once(begun, 'connect')])
    begun.write('POST / HTTP/1.1\r\nHost: ')
    // Answered, so the server has taken both connections before.
    expect(await server.post('[]')).toBe(200)
    await Promise.all([server.stop(), ...ends])
    // Without it the test ends at its limit: a stop may take 25 s.
  }, 10_000)

  it('takes no further connection, answers what is under way, and resolves after that', async () => {
    const server = await served()
    const body = delivered('anna@example.com')
    const kept = await fetch(`${server.url}/health/live`)
    await kept.arrayBuffer()
    const { socket, answer } = await raw(server, head(body.length) + body.slice(0, 10))
    await server.post('{}', '/tencent-ses/another')
    let isStopped = false
    const stopping = server.stop().then(() => {
      isStopped = true
    })
    await expect(fetch(server.url)).rejects.toThrow()
    expect(isStopped).toBe(false)
    socket.write(body.slice(10))
    expect(await answer).toMatch(/^HTTP\/1\.1 200 [^]*Connection: close\r\n[^]*\{"recorded":1\}$/i)
    await stopping
    expect(await rows()).toHaveLength(1)
  })

  it('lets the run under way end at its checkpoint, whose lease is then free', async () => {
    const clock = virtualClock(now)
    const atSleep = Promise.withResolvers<undefined>()
    const go = Promise.withResolvers<undefined>()
    const held = {
      ...clock,
      async sleep(ms: number) {
        atSleep.resolve(undefined)
        await go.promise
        await clock.sleep(ms)
      },
    }
    const server = await served(undefined, await polled(clock), { clock: held })
    void server.schedule.next()
    await atSleep.promise
    const stopping = server.stop()
    go.resolve(undefined)
    await stopping
    expect(server.lines.filter(({ event }) => event === 'run')).toMatchObject([
      { calls: 1, stoppedBy: 'time' },
    ])
    const [row] = await engine.rowsOf('reconciliation')
    expect(row).toMatchObject({ job: 'get-send-email-status', lastRun: { stoppedBy: 'time' } })
    expect(row).not.toHaveProperty('leaseOwner')
  })
})

describe('two servers on one database', () => {
  it('end in the same rows as one, and poll once', async () => {
    const clock = virtualClock(now)
    const settings = await polled(clock)
    const servers = [
      await served(undefined, settings, { clock }),
      await served(undefined, settings, { clock }),
    ]
    const names = Array.from({ length: 20 }, (_, n) => `r${String(n).padStart(2, '0')}@example.com`)
    const posts = names.flatMap((name, n) => [
      servers[n % 2]!.post(delivered(name)),
      servers[(n + 1) % 2]!.post(delivered(name)),
    ])
    const runs = servers.map(({ schedule }) => schedule.next())
    expect(new Set(await Promise.all(posts))).toEqual(new Set([200]))
    await Promise.all(runs)
    expect((await rows()).map(([recipient]) => recipient)).toEqual(['anna@example.com', ...names])
    const ended = servers.flatMap(({ lines }) => lines.filter(({ event }) => event === 'run'))
    expect(ended.map(({ stoppedBy }) => stoppedBy).sort()).toEqual(['done', 'lease'])
    expect(ended.map(({ discovered }) => Number(discovered)).sort()).toEqual([0, 1])
  })
})
