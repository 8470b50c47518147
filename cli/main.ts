import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import * as v from 'valibot'
import { parseEnvironment, port, withUsualSchema } from '../lib/runtime/config.ts'
import { whenNobodyReads } from '../local/closed-pipe.ts'
import { withLocalDefaults } from '../local/local-environment.ts'
import { sentenceOf } from './command-error.ts'
import { variablesOfStage, withStageOptions } from './stage-option.ts'

const program = withStageOptions(new Command('ledger'))
  .description(
    'What happened to every email. It looks into the local stack, unless --stage (or TABLE_PREFIX) names a deployment, or DATABASE_URL a database.',
  )
  .version(versionOfPackage())

type Register = (program: Command) => void

/**
 * The commands by name, in the order of the help. Only the requested one is loaded: the rest is 20 MB and half of the
 * startup time.
 */
const commands: ReadonlyMap<string, () => Promise<Register>> = new Map([
  ['show', () => import('./show.ts').then(({ registerShow }) => registerShow)],
  ['stats', () => import('./stats.ts').then(({ registerStats }) => registerStats)],
  ['bounces', () => import('./bounces.ts').then(({ registerBounces }) => registerBounces)],
  ['problems', () => import('./problems.ts').then(({ registerProblems }) => registerProblems)],
  ['stuck', () => import('./stuck.ts').then(({ registerStuck }) => registerStuck)],
  ['export', () => import('./export.ts').then(({ registerExport }) => registerExport)],
  ['report', () => import('./report.ts').then(({ registerReport }) => registerReport)],
  ['tail', () => import('./tail.ts').then(({ registerTail }) => registerTail)],
  ['console', () => import('./console.ts').then(({ registerConsole }) => registerConsole)],
  ['reconcile', () => import('./reconcile.ts').then(({ registerReconcile }) => registerReconcile)],
  [
    'suppressions',
    () => import('./suppressions.ts').then(({ registerSuppressions }) => registerSuppressions),
  ],
  ['quarantine', () => import('./quarantine.ts').then(({ registerQuarantine }) => registerQuarantine)],
  ['inbound', () => import('./inbound.ts').then(({ registerInbound }) => registerInbound)],
  ['erase', () => import('./erase.ts').then(({ registerErase }) => registerErase)],
  ['token', () => import('./token.ts').then(({ registerToken }) => registerToken)],
  ['parameter', () => import('./parameter.ts').then(({ registerParameter }) => registerParameter)],
  ['doctor', () => import('./doctor.ts').then(({ registerDoctor }) => registerDoctor)],
  ['urls', () => import('./urls.ts').then(({ registerUrls }) => registerUrls)],
])

whenNobodyReads(() => process.exit())
try {
  // Before a command is loaded, since some read the environment then.
  const { operands } = program.parseOptions(process.argv.slice(2))
  Object.assign(process.env, variablesOfStage(process.env, program.opts()))
  program.showHelpAfterError()
  const named = commands.get(operands[0] ?? '')
  for (const load of named ? [named] : commands.values()) (await load())(program)
  const ports = { DYNAMODB_PORT: v.optional(port), SES_PORT: v.optional(port), LOGS_PORT: v.optional(port) }
  parseEnvironment(ports, process.env)
  // The AWS SDK reads its settings from process.env itself.
  Object.assign(process.env, withUsualSchema(withLocalDefaults(process.env)))
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`${sentenceOf(error)}\n`)
  process.exitCode = 1
}

function versionOfPackage(): string {
  const file: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
  return v.parse(v.object({ version: v.string() }), file).version
}
