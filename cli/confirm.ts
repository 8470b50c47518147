import { createInterface } from 'node:readline/promises'
import { CommandError } from './command-error.ts'

/** Whether whoever is at the terminal says yes; `undefined` where nobody can be asked. */
async function isConfirmed(question: string): Promise<boolean | undefined> {
  if (!process.stdin.isTTY) return undefined
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false })
  lines.once('SIGINT', () => process.exit(130))
  try {
    return /^y(?:es)?$/i.test((await lines.question(`${question} (y/N) `)).trim())
  } finally {
    lines.close()
  }
}

/**
 * The same where it has to be known: throws {@link CommandError} where nobody can be asked. After a no, says that nothing was
 * changed.
 */
export async function isAgreedTo(question: string): Promise<boolean> {
  const isAgreed = await isConfirmed(question)
  if (isAgreed === undefined) {
    throw new CommandError(
      'Nothing was changed: there is no terminal to ask on. Say by --yes that it is meant, or look by --dry-run.',
    )
  }
  if (!isAgreed) {
    process.stdout.write('Nothing was changed.\n')
    process.exitCode = 1
  }
  return isAgreed
}
