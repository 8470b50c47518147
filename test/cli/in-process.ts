import { Readable } from 'node:stream'
import { jest } from '@jest/globals'
import { Command, CommanderError } from 'commander'
import { sentenceOf } from '../../cli/command-error.ts'
import { withLocalDefaults } from '../../local/local-environment.ts'

/** Declares the command; it may load it first, as cli/main.ts does. */
type Register = (program: Command) => void | Promise<void>

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
  const written = { stdout: '', stderr: '' }
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text)
      return true
    }),
  )
  const stdin = Object.getOwnPropertyDescriptor(process, 'stdin') ?? {}
  Object.defineProperty(process, 'stdin', { value: Readable.from([input]), configurable: true })
  process.env = { ...environment }
  Object.assign(process.env, withLocalDefaults(process.env))
  try {
    await parse(register, words)
    return { code: Number(process.exitCode ?? 0), output: written.stdout, errors: written.stderr }
  } finally {
    process.env = before
    process.exitCode = undefined
    Object.defineProperty(process, 'stdin', stdin)
    for (const spy of spies) spy.mockRestore()
  }
}

async function parse(register: Register, words: readonly string[]): Promise<void> {
  const program = new Command('ledger').exitOverride().showHelpAfterError()
  await register(program)
  for (const command of program.commands.flatMap((parent) => [parent, ...parent.commands])) {
    command.exitOverride()
  }
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
