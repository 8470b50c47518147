import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { text } from 'node:stream/consumers'

/** Reads a value typed or pasted, without echo, or from a pipe. Trims white space. */
export async function readSecret(prompt: string): Promise<string> {
  return (process.stdin.isTTY ? await typed(prompt) : await text(process.stdin)).trim()
}

async function typed(prompt: string): Promise<string> {
  const nowhere = new Writable({
    write(_chunk, _encoding, done) {
      done()
    },
  })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: true })
  lines.once('SIGINT', () => process.exit(130))
  process.stderr.write(prompt)
  try {
    return await lines.question('')
  } finally {
    lines.close()
    process.stderr.write('\n')
  }
}
