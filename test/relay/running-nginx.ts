import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { close, listen } from '../../local/listening-server.ts'
import { projectRoot } from '../running-command.ts'
import { toolEnvironment } from './tools.ts'

/** The name that the page gives the function URL, and the relay. */
export const functionHost = 'abc123.lambda-url.ap-southeast-1.on.aws'
export const relayHost = 'relay.example.com'

/** The configuration of docs/relay-nginx.md. */
export function documentedConfiguration(): string {
  const page = readFileSync(`${projectRoot}docs/relay-nginx.md`, 'utf8')
  const [, configuration] = /^```nginx\n(.*?)^```$/ms.exec(page) ?? []
  if (configuration === undefined) throw new Error('docs/relay-nginx.md holds no configuration.')
  return configuration
}

/** Puts this machine's own in the place of what the page names; what it names no more is an error. */
export function withReplaced(configuration: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`The configuration holds no '${from}'.`)
    return text.replaceAll(from, to)
  }, configuration)
}

export interface Certificate {
  readonly certPath: string
  readonly keyPath: string
  readonly cert: string
  readonly key: string
}

/** A certificate for the names that vouches for itself. */
export function certificateFor(folder: string, name: string, subjects: string): Certificate {
  const [certPath, keyPath] = [join(folder, `${name}.crt`), join(folder, `${name}.key`)]
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']
  const what = ['-days', '2', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${subjects}`]
  const to = ['-keyout', keyPath, '-out', certPath]
  execFileSync('openssl', ['req', '-x509', ...curve, ...what, ...to], { stdio: 'pipe', env: toolEnvironment })
  return { certPath, keyPath, cert: readFileSync(certPath, 'utf8'), key: readFileSync(keyPath, 'utf8') }
}

export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'delivery-ledger-relay-'))
}

export async function freePort(): Promise<number> {
  const server = createServer()
  const port = await listen(server, 0, 'the test')
  await close(server)
  return port
}

export interface RunningNginx {
  /** The lines of its log, once there are as many. */
  readonly accessLog: (lines: number) => Promise<readonly string[]>
  /** Stops it, and answers everything that it has written anywhere. */
  readonly stop: () => Promise<string>
}

/** Runs nginx with the server of the page, as Debian's nginx.conf includes it, and logs more than anybody would. */
export async function startNginx(configuration: string, port: number): Promise<RunningNginx> {
  const folder = temporaryFolder()
  const inFolder = (name: string) => join(folder, name)
  writeFileSync(inFolder('delivery-ledger.conf'), configuration.replaceAll('/var/log/nginx/', `${folder}/`))
  const temporaryPaths = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${inFolder(name)};`,
  )
  writeFileSync(
    inFolder('nginx.conf'),
    `daemon off; master_process off; pid ${inFolder('pid')};
     error_log ${inFolder('error.log')} info;
     events {}
     http {
       access_log ${inFolder('access.log')};
       ${temporaryPaths.join('\n')}
       include ${inFolder('delivery-ledger.conf')};
     }`,
  )
  const nginx = spawn('nginx', ['-p', folder, '-c', inFolder('nginx.conf')], {
    stdio: 'pipe',
    env: toolEnvironment,
  })
  let said = ''
  nginx.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const exited = once(nginx, 'exit')
  while (!(await listens(port))) {
    if (nginx.exitCode !== null) throw new Error(`nginx does not start: ${said}`)
  }
  return {
    async accessLog(lines) {
      for (;;) {
        const logged = readFileSync(inFolder('delivery-ledger.log'), 'utf8').split('\n').slice(0, -1)
        if (logged.length >= lines) return logged
        // An answer may be here before its line is.
        await setImmediate()
      }
    },
    async stop() {
      nginx.kill('SIGTERM')
      await exited
      const written = said + contentsOf(folder)
      rmSync(folder, { recursive: true })
      return written
    },
  }
}

/** Its own configuration apart, which holds no token. */
function contentsOf(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile() && !path.endsWith('.conf'))
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n')
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => {
      resolve(false)
    })
  })
}
