import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'

/** A program that ends on request, and whenever this process ends. */
interface TiedProcess {
  /** Everything that it has printed. */
  readonly output: () => string
  /** Its exit code; above 128 where a signal ended it. */
  readonly exited: Promise<number>
  readonly hasExited: () => boolean
  readonly stop: () => Promise<void>
}

interface Options {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

// The system closes our end of the pipe when we end, even by SIGKILL: then `cat` ends, and the program is killed.
const tie = `
  exec 3<&0
  "$@" 3<&- </dev/null & program=$!
  { cat <&3; kill -KILL "$program"; } >/dev/null 2>&1 & watch=$!
  exec 3<&-
  wait "$program"; code=$?
  kill "$watch"
  exit "$code"`

/** Starts a program with nothing of our environment but PATH and what is given. */
export function startTied(command: readonly string[], { cwd, env }: Options = {}): TiedProcess {
  const child = spawn('sh', ['-c', tie, 'sh', ...command], {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const chunks: string[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk))
  }
  let isOver = false
  const exited = new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => {
      isOver = true
      child.stdin.destroy()
      if (code === null) resolve(128)
    })
    // Only now has everything been read that it printed.
    child.once('close', (code) => {
      resolve(code ?? 128)
    })
  })
  return {
    output: () => chunks.join(''),
    exited,
    hasExited: () => isOver,
    async stop() {
      child.stdin.destroy()
      await exited
    },
  }
}

const startTimeoutMs = 90_000

/** Waits until the program listens: resolves with what `look` finds; rejects where it ends or takes too long. */
export async function untilReady<T>(
  { output, hasExited }: TiedProcess,
  what: string,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const deadlineMs = performance.now() + startTimeoutMs
  while (performance.now() < deadlineMs) {
    const found = await look()
    if (found !== undefined) return found
    if (hasExited()) throw new Error(`${what} ended instead of starting:\n${output()}`)
    await sleep(100)
  }
  throw new Error(`${what} did not start within ${startTimeoutMs / 1_000} s:\n${output()}`)
}

/** Whether something answers there, whatever it answers. */
export async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer()
    return true
  } catch {
    return false
  }
}
