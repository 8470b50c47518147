import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import * as v from 'valibot'
import { parseEnvironment, port } from '../lib/config.ts'
import { whenNobodyReads } from '../local/closed-pipe.ts'
import { withLocalDefaults } from '../local/local-environment.ts'
import { sentenceOf } from './command-error.ts'
import { registerDoctor } from './doctor.ts'
import { registerInbound } from './inbound.ts'
import { registerParameter } from './parameter.ts'
import { registerQuarantine } from './quarantine.ts'
import { registerReconcile } from './reconcile.ts'
import { show } from './show.ts'
import { registerSuppressions } from './suppressions.ts'
import { registerToken } from './token.ts'

const program = new Command('ledger')
  .description(
    'What happened to every email. With nothing set in the environment it looks into the local stack.',
  )
  .version(versionOfPackage())
  .showHelpAfterError()

program
  .command('show')
  .description('what became of the mails to a recipient, or of one message')
  .argument('<recipient | MessageId | emailId>', "an emailId in single quotes, for the sake of its '$'")
  .option('--json', 'print the rows as JSON')
  .action(show)

registerReconcile(program)
registerSuppressions(program)
registerQuarantine(program)
registerInbound(program)
registerToken(program)
registerParameter(program)
registerDoctor(program)

whenNobodyReads(() => process.exit())
try {
  parseEnvironment({ DYNAMODB_PORT: v.optional(port), SES_PORT: v.optional(port) }, process.env)
  // The AWS SDK reads its settings from process.env itself.
  Object.assign(process.env, withLocalDefaults(process.env))
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${sentenceOf(error)}\n`)
  process.exitCode = 1
}

function versionOfPackage(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return v.parse(v.object({ version: v.string() }), file).version
}
