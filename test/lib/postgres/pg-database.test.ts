import { createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from '@jest/globals'
import { pgDatabase } from '../../../lib/postgres/pg-database.ts'

const open: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

/** A server that is no PostgreSQL: it does with each connection what it is given. */
async function serverThat(meets: (socket: Socket) => void) {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.once('data', () => {
      meets(socket)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { readonly port: number }
  const database = pgDatabase({ url: `postgres://ledger@127.0.0.1:${port}/ledger`, max: 3, timeoutMs: 100 })
  open.push(async () => {
    await database.close()
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return { database, connections: () => sockets.length }
}

describe('a statement', () => {
  it('is not tried again where the server takes connections and says nothing', async () => {
    const { database, connections } = await serverThat(() => undefined)
    await expect(database.read('SELECT 1 AS one')).rejects.toThrow('connection timeout')
    expect(connections()).toBe(1)
  })

  it('is tried again in as many connections as may be lost, and once more', async () => {
    const { database, connections } = await serverThat((socket) => socket.resetAndDestroy())
    await expect(database.read('SELECT 1 AS one')).rejects.toThrow('ECONNRESET')
    expect(connections()).toBe(4)
  })

  it('is not begun again where nobody waits for it any more', async () => {
    const waiting = new AbortController()
    const ended = Promise.withResolvers<undefined>()
    const { database, connections } = await serverThat((socket) => {
      socket.once('close', () => {
        ended.resolve(undefined)
      })
      waiting.abort(new Error('the time was up'))
      socket.resetAndDestroy()
    })
    await expect(database.read('SELECT 1 AS one', undefined, waiting.signal)).rejects.toThrow(
      'the time was up',
    )
    await ended.promise
    // Those of the first would come between.
    await expect(database.read('SELECT 1 AS one')).rejects.toThrow()
    expect(connections()).toBe(1 + 4)
  })
})
