import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { afterAll, afterEach, describe, expect, it } from '@jest/globals'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { pgDatabase } from '../../lib/postgres/pg-database.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'
import { sampleMessage } from '../events.ts'
import { projectRoot } from '../running-command.ts'
import { serverUrl } from './server-url.ts'

// The server as a process of its own: started, asked, and ended by signals.

const schema = 'served'
const token = 'a-token-of-the-callback-url'
const database = pgDatabase({ url: serverUrl(), timeoutMs: 20_000 })
const running: ChildProcess[] = []
let ses: SimulatedSes | undefined

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode === null) {
      child.kill('SIGKILL')
      await once(child, 'exit')
    }
  }
  await ses?.close()
  ses = undefined
  await database.write(`DROP SCHEMA IF EXISTS ${schema} CASCADE`)
})
afterAll(() => database.close())

type Line = Readonly<Record<string, unknown>>

interface Process {
  readonly child: ChildProcess
  readonly lines: readonly Line[]
  /** The first line of that event, as soon as there is one. */
  readonly line: (event: string) => Promise<Line>
  readonly exit: Promise<number | null>
  readonly said: () => string
}

function launch(settings: Readonly<Record<string, string>>): Process {
  const child = spawn(process.execPath, ['functions/server/main.ts'], {
    cwd: projectRoot,
    env: {
      DATABASE_URL: serverUrl(),
      TABLE_PREFIX: schema,
      CALLBACK_TOKEN_SHA256: tokenDigest(token),
      SES_POLL: 'off',
      PORT: '0',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  const lines: Line[] = []
  const waiting: (() => void)[] = []
  let rest = ''
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.map((part) => JSON.parse(part) as Line))
    for (const look of waiting) look()
  })
  const exit = once(child, 'close').then(([code]) => code as number | null)
  return {
    child,
    lines,
    exit,
    said: () => said,
    line: (event) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find((line) => line.event === event)
          if (found) resolve(found)
        }
        waiting.push(look)
        look()
        void exit.then(() => {
          reject(new Error(`It ended without ${event}: ${said} ${JSON.stringify(lines)}`))
        })
      }),
  }
}

async function started(settings: Readonly<Record<string, string>> = {}) {
  const launched = launch(settings)
  const { port } = await launched.line('listening')
  return { ...launched, port: Number(port), url: `http://127.0.0.1:${String(port)}` }
}

const delivered = (recipient: string) =>
  JSON.stringify({ event: 'delivered', email: recipient, bulkId: sampleMessage, timestamp: 1654064683 })

async function post(url: string, recipient: string): Promise<number> {
  const answer = await fetch(`${url}/tencent-ses/${token}`, { method: 'POST', body: delivered(recipient) })
  await answer.arrayBuffer()
  return answer.status
}

/** As a provider does. A machine with much else to do may not make the tables within the time that a callback has. */
async function postUntilTaken(url: string, recipient: string): Promise<void> {
  let status = 0
  for (let left = 20; status !== 200 && left > 0; left -= 1) status = await post(url, recipient)
  expect(status).toBe(200)
}

async function recipients(): Promise<readonly unknown[]> {
  const rows = await database.read(`SELECT recipient FROM ${schema}.deliveries ORDER BY 1`)
  return rows.map(({ recipient }) => recipient)
}

/** Half of a callback, and what is answered once the rest of it is sent. */
async function halfSent(port: number, recipient: string) {
  const body = delivered(recipient)
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  let said = ''
  socket.setEncoding('utf8').on('data', (text: string) => (said += text))
  const head = `POST /tencent-ses/${token} HTTP/1.1\r\nHost: ledger\r\nContent-Length: ${body.length}\r\n\r\n`
  socket.write(head + body.slice(0, 10))
  const closed = once(socket, 'close').then(() => said)
  return {
    async rest() {
      socket.write(body.slice(10))
      return closed
    },
  }
}

/** Something between the server and its database that can be taken away. */
async function gate() {
  const { hostname, port: to } = new URL(serverUrl())
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const onward = connect(Number(to), hostname)
    for (const one of [socket, onward]) {
      sockets.add(one)
      one.on('error', () => undefined)
      one.on('close', () => {
        socket.destroy()
        onward.destroy()
        sockets.delete(one)
      })
    }
    socket.pipe(onward).pipe(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: serverUrl().replace(`:${to}/`, `:${port}/`),
    async shut() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
    async open() {
      server.listen(port, '127.0.0.1')
      await once(server, 'listening')
    },
  }
}

/** Asks until health is so. */
async function healthBecomes(url: string, status: number): Promise<void> {
  for (;;) {
    const answer = await fetch(`${url}/health`)
    await answer.arrayBuffer()
    if (answer.status === status) return
    await systemClock.sleep(100)
  }
}

describe('the server', () => {
  it('makes its tables, writes what it is sent, and ends with 0', async () => {
    const server = await started()
    expect(await post(server.url, 'anna@example.com')).toBe(200)
    server.child.kill('SIGTERM')
    expect(await server.exit).toBe(0)
    expect(await recipients()).toEqual(['anna@example.com'])
    expect(server.lines.map(({ event }) => event)).toEqual(['listening', 'callback', 'stopping', 'stopped'])
    expect(server.said()).toBe('')
  })

  it('says in one message what is wrong with its settings, and ends with 1', async () => {
    const server = launch({ DATABASE_URL: '', PORT: 'http' })
    expect(await server.exit).toBe(1)
    expect(server.said()).toBe(
      'Settings are missing or wrong:\n  DATABASE_URL: is not set\n  PORT: expected a port from 0 to 65535\n',
    )
    expect(server.lines).toEqual([])
  })

  it('says that its port is in use, or its prefix no name of a schema', async () => {
    const { port } = await started()
    const second = launch({ PORT: String(port) })
    expect(await second.exit).toBe(1)
    expect(second.said()).toMatch(/^listen EADDRINUSE: [^\n]*\n$/)
    const third = launch({ TABLE_PREFIX: 'x'.repeat(64) })
    expect(await third.exit).toBe(1)
    expect(third.said()).toMatch(/^TABLE_PREFIX: expected 1 to 63 characters[^\n]*\n$/)
  })

  it('waits for its database, and goes on after it was away', async () => {
    const between = await gate()
    await between.shut()
    const server = await started({ DATABASE_URL: between.url })
    await healthBecomes(server.url, 503)
    expect(await post(server.url, 'anna@example.com')).toBe(503)
    await between.open()
    await healthBecomes(server.url, 200)
    expect(await post(server.url, 'anna@example.com')).toBe(200)
    await between.shut()
    expect(await post(server.url, 'ben@example.com')).toBe(503)
    await healthBecomes(server.url, 503)
    await between.open()
    await healthBecomes(server.url, 200)
    expect(await post(server.url, 'ben@example.com')).toBe(200)
    server.child.kill('SIGINT')
    expect(await server.exit).toBe(0)
    await between.shut()
    expect(await recipients()).toEqual(['anna@example.com', 'ben@example.com'])
    expect(JSON.stringify(server.lines)).not.toContain('@')
  })
})

describe('a signal', () => {
  it('lets a callback under way be answered', async () => {
    const server = await started()
    const half = await halfSent(server.port, 'anna@example.com')
    await post(server.url, 'ben@example.com')
    server.child.kill('SIGTERM')
    await server.line('stopping')
    expect(await half.rest()).toMatch(/^HTTP\/1\.1 200 /)
    expect(await server.exit).toBe(0)
    expect(await recipients()).toEqual(['anna@example.com', 'ben@example.com'])
  })

  it('that is the second ends it at once', async () => {
    const server = await started()
    await halfSent(server.port, 'anna@example.com')
    await post(server.url, 'ben@example.com')
    server.child.kill('SIGTERM')
    await server.line('stopping')
    server.child.kill('SIGTERM')
    expect(await server.exit).toBe(1)
    expect(server.lines.map(({ event }) => event)).not.toContain('stopped')
  })

  it('ends a run between two requests, and leaves no lease', async () => {
    const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }
    ses = await startSimulatedSes({ port: 0, clock: systemClock, ...credentials })
    ses.send(...makeTraffic({ seed: 1, count: 500, fromMs: Date.now() - 3_600_000, overMs: 1_000_000 }))
    const server = await started({
      SES_POLL: 'on',
      SES_ENDPOINT: ses.url,
      TENCENTCLOUD_SECRET_ID: credentials.secretId,
      TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
      SYNC_PROVIDER_LISTS: 'off',
    })
    while (ses.calls.length === 0) await systemClock.sleep(50)
    server.child.kill('SIGTERM')
    expect(await server.exit).toBe(0)
    expect(server.lines.find(({ event }) => event === 'run')).toMatchObject({ stoppedBy: 'time' })
    expect(ses.calls.length).toBeLessThan(4)
    const [row] = await database.read(`SELECT * FROM ${schema}.reconciliation`)
    expect(row).toMatchObject({ job: 'get-send-email-status' })
    expect(row).toHaveProperty('checkpoint')
    expect(row).not.toHaveProperty('leaseOwner')
  })
})

describe('two servers beside each other', () => {
  it('make the tables together and end in the rows of one', async () => {
    const servers = await Promise.all([started(), started()])
    const names = Array.from({ length: 30 }, (_, n) => `r${String(n).padStart(2, '0')}@example.com`)
    await Promise.all(names.flatMap((name) => servers.map(({ url }) => postUntilTaken(url, name))))
    expect(await recipients()).toEqual(names)
  })
})
