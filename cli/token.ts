import { randomBytes } from 'node:crypto'
import type { Command } from 'commander'
import { tokenDigest } from '../lib/callback-token.ts'
import { printJson } from './print-json.ts'

/** 192 bits: nobody finds it by trying. */
const tokenBytes = 24

/** Declares `ledger token new`. */
export function registerToken(program: Command): void {
  program
    .command('token')
    .description('the secret in the callback URL')
    .command('new')
    .description('make a token, and say where it and its digest go; nothing is stored')
    .option('--json', 'print token and digest as JSON')
    .action(printNewToken)
}

function printNewToken({ json = false }: { json?: boolean }): void {
  // Hex: no console changes letters and digits in a URL.
  const token = randomBytes(tokenBytes).toString('hex')
  const digest = tokenDigest(token)
  if (json) printJson({ token, digest })
  else process.stdout.write(`token   ${token}\ndigest  ${digest}\n\n${whereTheyGo}`)
}

const whereTheyGo = `The token is the end of the callback URL, https://<host>/tencent-ses/<token>, and goes nowhere else: keep it as a password.
The digest is put by \`npx ledger parameter put CALLBACK_TOKEN_SHA256\`; while an old token is being replaced, behind its digest and a comma.
`
