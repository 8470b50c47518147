import { randomBytes } from 'node:crypto'
import { Option, type Command } from 'commander'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import { queryTokenSetting, sharedTokenSetting, tokenSettingOf } from '../lib/runtime/config.ts'
import { providers } from '../lib/providers/registry.ts'
import { tencentSes } from '../lib/providers/tencent-ses/tencent-ses.ts'
import { printJson } from './print-json.ts'

/** 192 bits: it cannot be guessed. */
const tokenBytes = 24

/** What the query API is called where a path may stand. */
const queryApi = 'query'

/** Declares `ledger token new`. */
export function registerToken(program: Command): void {
  program
    .command('token')
    .description('the secret in the callback URL, and that of the query API')
    .command('new')
    .description('make a token, and say where it and its digest go; nothing is stored')
    .addOption(
      new Option('--for <path | query>', 'a token that opens this path alone, or the query API').choices([
        ...providers.map(({ name }) => name),
        queryApi,
      ]),
    )
    .option('--json', 'print token and digest as JSON')
    .action(printNewToken)
}

interface Options {
  /** A provider's name, or `query`; absent for a token for all paths. */
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
  if (path === queryApi) return whereThoseOfQueryGo
  const setting = path === undefined ? sharedTokenSetting : tokenSettingOf(path)
  const opens =
    path === undefined
      ? ''
      : `\nOnce that is deployed it opens /${path} alone, and the token of all opens /${path} no more.`
  return `The token is the end of the callback URL, https://<host>/${path ?? tencentSes.name}/<token>, and goes nowhere else: keep it as a password.
The digest is put by \`npx ledger parameter put ${setting}\`, or without AWS is the variable ${setting}; while an old token is being replaced, behind its digest and a comma.${opens}
`
}

const whereThoseOfQueryGo = `The token is for the back-ends that ask, as \`Authorization: Bearer <token>\`, never in a URL: keep it as a password.
The digest is put by \`npx ledger parameter put ${queryTokenSetting}\`, or without AWS is the variable ${queryTokenSetting}; while an old token is being replaced, behind its digest and a comma.
Once that is deployed with queryApi 'on', it opens the query API alone, and no callback URL.
`
