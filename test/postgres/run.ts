import { spawn } from 'node:child_process'
import { startPostgres } from '../../local/postgres-server.ts'

// `npm run test:postgres`: what `npm test` tries on PostgreSQL in this process, on one of this machine, with a connection for each
// writer, and what needs such a one: test/postgres. `npm run test:postgres -- test/contracts` tries a part.

const suites = [
  'test/postgres/',
  'test/contracts/postgres',
  'test/contracts/store.test',
  'test/lib/postgres',
  'test/lib/table/laws',
  'test/lib/table/suppression-laws',
  'test/laws-of-both-providers',
  'test/lib/quarantine/replay.test',
  'test/lib/reconcile/reconcile.test',
  'test/lib/reconcile/backfill/backfill.test',
]

const server = await startPostgres({ isDurable: false })
process.stdout.write(`${server.version}\n`)
const asked = process.argv.slice(2)
const jest = spawn(
  process.execPath,
  [
    '--experimental-vm-modules',
    '--no-warnings',
    'node_modules/jest/bin/jest.js',
    '--testPathIgnorePatterns=/node_modules/',
    '--testPathPatterns',
    ...(asked.length > 0 ? asked : suites),
    // Behind them, since it takes whatever follows.
    '--testPathIgnorePatterns=/node_modules/',
  ],
  { stdio: 'inherit', env: { ...process.env, LEDGER: 'postgres', TEST_DATABASE_URL: server.url } },
)
process.exitCode = await new Promise<number>((resolve) => {
  jest.once('exit', (code) => {
    resolve(code ?? 1)
  })
})
await server.stop()
