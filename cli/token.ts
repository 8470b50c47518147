import { randomBytes } from 'node:crypto'
import { Option, type Command } from 'commander'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import { sharedTokenSetting, tokenSettingOf } from '../lib/runtime/config.ts'
import { providers } from '../lib/providers/registry.ts'
import { tencentSes } from '../lib/providers/tencent-ses/tencent-ses.ts'
import { printJson } from './print-json.ts'

/** 192 bits: it cannot be guessed. */
const tokenBytes = 24

/** Declares `ledger token new`. */
export function registerToken(program: Command): void {
  program
    .command('token')
    .description('the secret in the callback URL')
    .command('new')
    .description('make a token, and say where it and its digest go; nothing is stored')
    .addOption(
      new Option('--for <path>', 'a token that opens this path alone').choices(
        providers.map(({ name }) => name),
      ),
    )
    .option('--json', 'print token and digest as JSON')
    .action(printNewToken)
}

interface Options {
  /** A provider's name; absent for a token for all paths. */
  readonly for?: string
  readonly json?: boolean
}

function printNewToken({ for: path, json = false }: Options): void {
  // Hex: no console changes letters and digits in a URL.
  const token = randomBytes(tokenBytes).toString('hex')
  const digest = tokenDigest(token)
  if (json) printJson({ token, digest })
  else process.stdout.write(`token   ${token}\ndigest  ${digest}\n\n${whereTheyGo(path)}`)
}

function whereTheyGo(path: string | undefined): string {
  const setting = path === undefined ? sharedTokenSetting : tokenSettingOf(path)
  const opens =
    path === undefined
      ? ''
      : `\nOnce that is deployed it opens /${path} alone, and the token of all opens /${path} no more.`
  return `The token is the end of the callback URL, https://<host>/${path ?? tencentSes.name}/<token>, and goes nowhere else: keep it as a password.
The digest is put by \`npx ledger parameter put ${setting}\`; while an old token is being replaced, behind its digest and a comma.${opens}
`
}
