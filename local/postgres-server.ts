import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A PostgreSQL server of this machine, with a new and empty database. */
interface PostgresServer {
  readonly url: string
  /** As it names itself: `PostgreSQL 15.14`. */
  readonly version: string
  readonly stop: () => Promise<void>
}

interface Options {
  /** Whether a commit waits for the disk, as it does where nobody changed PostgreSQL's settings. */
  readonly isDurable: boolean
}

/**
 * Starts a PostgreSQL that is installed here, on a port of its own and with its data in a temporary folder. Throws where none is
 * installed.
 */
export async function startPostgres({ isDurable }: Options): Promise<PostgresServer> {
  const programs = programsFolder()
  const account = serverAccount()
  const folder = mkdtempSync(join(tmpdir(), 'postgres-'))
  if (account) execFileSync('chown', [`${account.uid}:${account.gid}`, folder])
  const options = { cwd: folder, ...account }
  execFileSync(
    join(programs, 'initdb'),
    ['-D', join(folder, 'data'), '-U', 'ledger', '-E', 'UTF8', '--locale=C', '-A', 'trust', '-N'],
    { ...options, stdio: 'pipe' },
  )
  const port = await freePort()
  const server = spawn(
    join(programs, 'postgres'),
    [
      ...['-D', join(folder, 'data'), '-p', String(port), '-k', folder],
      ...['-c', 'listen_addresses=127.0.0.1'],
      ...(isDurable ? [] : ['-c', 'fsync=off', '-c', 'synchronous_commit=off']),
    ],
    { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
  )
  await ready(server)
  return {
    url: `postgres://ledger@127.0.0.1:${port}/postgres`,
    version: execFileSync(join(programs, 'postgres'), ['--version'], { encoding: 'utf8' }).replace(
      /^postgres \((\w+)\) (\S+).*\n$/,
      '$1 $2',
    ),
    async stop() {
      const exit = new Promise((resolve) => server.once('exit', resolve))
      server.kill('SIGINT')
      await exit
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

const debianFolder = '/usr/lib/postgresql'

/** Whether {@link startPostgres} finds one. */
export function isPostgresInstalled(): boolean {
  return installedFolder() !== undefined
}

function installedFolder(): string | undefined {
  const versions = existsSync(debianFolder)
    ? readdirSync(debianFolder).sort((a, b) => Number(b) - Number(a))
    : []
  const onPath = (process.env.PATH ?? '').split(':')
  return [...onPath, ...versions.map((version) => join(debianFolder, version, 'bin'))].find(
    (folder) => existsSync(join(folder, 'initdb')) && existsSync(join(folder, 'postgres')),
  )
}

function programsFolder(): string {
  const found = installedFolder()
  if (found !== undefined) return found
  throw new Error(
    `PostgreSQL is not installed: expected initdb and postgres on PATH or in ${debianFolder}. On Debian: apt-get install postgresql.`,
  )
}

/** PostgreSQL refuses to run as root: then it runs as the user of Debian's package. */
function serverAccount(): { readonly uid: number; readonly gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined
  const idOf = (option: string) => Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }))
  return { uid: idOf('-u'), gid: idOf('-g') }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('A server on a port has no port.')
  return address.port
}

/** Resolves when the server says that it takes connections. */
function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = ''
    server.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-10_000)
      if (said.includes('ready to accept connections')) resolve()
    })
    server.once('exit', () => {
      reject(new Error(`PostgreSQL ended before it was ready:\n${said}`))
    })
  })
}
