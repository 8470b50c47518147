import { jest } from '@jest/globals'
import { Command } from 'commander'

/** What a command of `ledger` prints to standard output. Where it is refused, commander throws and says nothing. */
export async function printedBy(
  register: (program: Command) => void,
  ...words: readonly string[]
): Promise<string> {
  const program = new Command('ledger').exitOverride().configureOutput({ writeErr: () => undefined })
  register(program)
  for (const command of program.commands.flatMap((parent) => [parent, ...parent.commands])) {
    command.exitOverride().configureOutput({ writeErr: () => undefined })
  }
  const written: string[] = []
  const write = jest.spyOn(process.stdout, 'write').mockImplementation((text) => {
    written.push(String(text))
    return true
  })
  try {
    await program.parseAsync([...words], { from: 'user' })
  } finally {
    write.mockRestore()
  }
  return written.join('')
}
