import type { Server } from 'node:http'

/** The address that everything local listens on: never the network. */
export const localHost = '127.0.0.1'

/** Something of this machine is not as the stack needs it; the message says what. */
export class StartError extends Error {}

/** Starts listening on a port of this machine (0 takes a free one) and answers which. */
export async function listen(server: Server, port: number, what: string): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      reject(isTaken ? new StartError(`Port ${port}, for ${what}, is in use already.`) : error)
    })
    server.listen(port, localHost, resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new TypeError(`${what} listens on no port.`)
  return address.port
}

/** Stops listening and ends the connections that are kept alive. */
export async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve()
    })
    server.closeAllConnections()
  })
}
