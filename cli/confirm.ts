import { createInterface } from 'node:readline/promises'

/** Whether whoever is at the terminal says yes; `undefined` where nobody can be asked. */
export async function isConfirmed(question: string): Promise<boolean | undefined> {
  if (!process.stdin.isTTY) return undefined
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  lines.once('SIGINT', () => process.exit(130))
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} (y/N) `)).trim())
  } finally {
    lines.close()
  }
}
