import { connect, createServer, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { pgDatabase } from '../../lib/postgres/pg-database.ts'
import { isPostgresInstalled, startPostgres } from '../../local/postgres-server.ts'

// An instance of a function sleeps between two requests, and its connections may have ended when it wakes.

/** Lets everything through, but for connections that are to end at the next bytes that the client sends. */
async function breakableWay(to: URL) {
  const open = new Set<Socket>()
  const broken = new Set<Socket>()
  let areNewOnesBroken = false
  const server = createServer((client) => {
    const behind = connect(Number(to.port), to.hostname)
    open.add(client)
    client.on('data', (bytes) => {
      if (areNewOnesBroken || broken.has(client)) client.resetAndDestroy()
      else behind.write(bytes)
    })
    client.on('close', () => {
      open.delete(client)
      behind.destroy()
    })
    behind.on('data', (bytes) => client.write(bytes))
    for (const socket of [client, behind]) socket.on('error', () => undefined)
  })
  await new Promise<void>((resolve) => server.listen(0, to.hostname, resolve))
  const url = new URL(to)
  url.port = String((server.address() as { readonly port: number }).port)
  return {
    url: url.href,
    /** Answers how many there are. */
    breakOpenOnes() {
      for (const client of open) broken.add(client)
      return open.size
    },
    breakEvery(doBreak: boolean) {
      areNewOnesBroken = doBreak
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

const describeHere = isPostgresInstalled() ? describe : describe.skip

describeHere('connections that were lost while they were idle', () => {
  let server: Awaited<ReturnType<typeof startPostgres>>
  let way: Awaited<ReturnType<typeof breakableWay>>
  let database: ReturnType<typeof pgDatabase>
  beforeAll(async () => {
    server = await startPostgres({ isDurable: false })
    way = await breakableWay(new URL(server.url))
    database = pgDatabase({ url: way.url, max: 2, timeoutMs: 5_000 })
  })
  afterAll(async () => {
    await database.close()
    await way.close()
    await server.stop()
  })
  const ask = () => database.read('SELECT pg_sleep(0.05)::text AS slept, 1 AS one')

  it('fail no statement, even if all of them are lost', async () => {
    await Promise.all([ask(), ask()])
    expect(way.breakOpenOnes()).toBe(2)
    expect(await ask()).toMatchObject([{ one: 1 }])
  })

  it('fail it where every new one is lost as well', async () => {
    way.breakEvery(true)
    await expect(ask()).rejects.toThrow('ECONNRESET')
    way.breakEvery(false)
    expect(await ask()).toMatchObject([{ one: 1 }])
  })
})
