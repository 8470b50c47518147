import { jest } from '@jest/globals'
import { Command, type OutputConfiguration } from 'commander'

/** Declares a command; it may load it first, as cli/main.ts does. */
export type Register = (program: Command) => void | Promise<void>

/** `ledger` with the command, which throws where it would end the process. */
export async function ledgerWith(register: Register, output: OutputConfiguration = {}): Promise<Command> {
  const program = new Command('ledger').exitOverride().configureOutput(output)
  await register(program)
  for (const command of program.commands.flatMap((parent) => [parent, ...parent.commands])) {
    command.exitOverride().configureOutput(output)
  }
  return program
}

type Stream = 'stdout' | 'stderr'

/** What the work writes to these streams, which show none of it. */
export async function captured(
  work: () => Promise<unknown>,
  streams: readonly Stream[] = ['stdout', 'stderr'],
): Promise<Readonly<Record<Stream, string>>> {
  const written = { stdout: '', stderr: '' }
  const spies = streams.map((name) =>
    jest.spyOn(process[name], 'write').mockImplementation((text) => {
      written[name] += String(text)
      return true
    }),
  )
  try {
    await work()
  } finally {
    for (const spy of spies) spy.mockRestore()
  }
  return written
}
