import { captured, ledgerWith, type Register } from './captured.ts'

/** What a command of `ledger` prints to standard output. Where it is refused, commander throws and says nothing. */
export async function printedBy(register: Register, ...words: readonly string[]): Promise<string> {
  const program = await ledgerWith(register, { writeErr: () => undefined })
  const { stdout } = await captured(() => program.parseAsync([...words], { from: 'user' }), ['stdout'])
  return stdout
}
