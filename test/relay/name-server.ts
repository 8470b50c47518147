import { createSocket } from 'node:dgram'
import { once } from 'node:events'

export interface NameServer {
  readonly port: number
  readonly asked: readonly string[]
  readonly stop: () => Promise<void>
}

const answerFlags = 0x8180
const unknownNameFlags = 0x8183
const headBytes = 12

/** A name server that knows one name: that of this machine. */
export async function startNameServer(name: string): Promise<NameServer> {
  const asked: string[] = []
  const socket = createSocket('udp4')
  socket.on('message', (query, from) => {
    const { question, questionBytes } = questionOf(query)
    asked.push(question)
    const isKnown = question === name
    const head = Buffer.from(query.subarray(0, headBytes))
    head.writeUInt16BE(isKnown ? answerFlags : unknownNameFlags, 2)
    head.writeUInt16BE(isKnown ? 1 : 0, 6)
    head.writeUInt32BE(0, 8)
    // The name of the question, type A, class IN, for a second, four bytes: 127.0.0.1.
    const address = Buffer.from('c00c000100010000000100047f000001', 'hex')
    const answer = [head, questionBytes, ...(isKnown ? [address] : [])]
    socket.send(Buffer.concat(answer), from.port, from.address)
  })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    asked,
    async stop() {
      socket.close()
      await once(socket, 'close')
    },
  }
}

function questionOf(query: Buffer): { question: string; questionBytes: Buffer } {
  const labels: string[] = []
  let at = headBytes
  for (let length = query.readUInt8(at); length > 0; length = query.readUInt8(at)) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  // The end of the name, its type and its class.
  return { question: labels.join('.'), questionBytes: query.subarray(headBytes, at + 5) }
}
