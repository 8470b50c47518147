import { Readable } from 'node:stream'
import { CommanderError } from 'commander'
import { sentenceOf } from '../../cli/command-error.ts'
import { withUsualSchema } from '../../lib/runtime/config.ts'
import { withLocalDefaults } from '../../local/local-environment.ts'
import { captured, ledgerWith, type Register } from './captured.ts'

export interface Ended {
  readonly code: number
  readonly output: string
  readonly errors: string
}

/**
 * Runs a command of `ledger` in this process, as cli/main.ts does in one of its own.
 * @param environment - all that is set
 * @param input - what is piped into it
 */
export async function runInProcess(
  register: Register,
  words: readonly string[],
  environment: Readonly<Record<string, string>>,
  input = '',
): Promise<Ended> {
  const before = process.env
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {}
  Object.defineProperty(process, 'stdin', { value: Readable.from([input]), configurable: true })
  process.env = { ...environment }
  Object.assign(process.env, withUsualSchema(withLocalDefaults(process.env)))
  try {
    const { stdout, stderr } = await captured(() => parse(register, words))
    return { code: Number(process.exitCode ?? 0), output: stdout, errors: stderr }
  } finally {
    process.env = before
    process.exitCode = undefined
    Object.defineProperty(process, 'stdin', stdin)
  }
}

async function parse(register: Register, words: readonly string[]): Promise<void> {
  const program = (await ledgerWith(register)).showHelpAfterError()
  try {
    await program.parseAsync(words, { from: 'user' })
  } catch (error) {
    // Of its own errors commander has said what it says.
    if (error instanceof CommanderError) process.exitCode = error.exitCode
    else {
      process.stderr.write(`${sentenceOf(error)}\n`)
      process.exitCode = 1
    }
  }
}
