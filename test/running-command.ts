import { spawn, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'

export const projectRoot = fileURLToPath(new URL('..', import.meta.url))

/** A command that runs as from a terminal: its own process group, so that it gets Ctrl-C as a whole. */
export interface RunningCommand {
  readonly output: () => string
  /** Resolves once the output holds the text; rejects where the command ends first. */
  readonly prints: (text: string) => Promise<void>
  readonly exited: Promise<number | null>
  readonly pressCtrlC: () => void
  /** Closes the terminal. */
  readonly hangUp: () => void
}

/** Starts a command line in the project's folder, with nothing in its environment but what is given. */
export function run(commandLine: string, environment: Record<string, string> = {}): RunningCommand {
  const child = spawn('sh', ['-c', commandLine], {
    cwd: projectRoot,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, TZ: 'UTC', ...environment },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  const listeners = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
      for (const listener of listeners) listener()
    })
  }
  const exited = exitOf(child)
  return {
    output: () => output,
    prints: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!output.includes(text)) return
          listeners.delete(look)
          resolve()
        }
        listeners.add(look)
        look()
        void exited.then(() => {
          look()
          reject(new Error(`'${commandLine}' ended without printing '${text}':\n${output}`))
        })
      }),
    exited,
    pressCtrlC: () => {
      signal(child, 'SIGINT')
    },
    hangUp: () => {
      signal(child, 'SIGHUP')
    },
  }
}

/** The whole process group, as a terminal does. */
function signal(child: ChildProcess, name: NodeJS.Signals): void {
  const isRunning = child.exitCode === null && child.signalCode === null
  if (child.pid !== undefined && isRunning) process.kill(-child.pid, name)
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
}
