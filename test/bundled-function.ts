import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/**
 * Invokes a bundled function in a Node of its own, as Lambda does; answers what its promise holds.
 * @param before - code that runs in that Node before the function is loaded.
 */
export async function invokeBundle(...invocation: Parameters<typeof runBundle>): Promise<unknown> {
  return (await runBundle(...invocation)).answer
}

/** The same, with the lines that the function logged. */
export async function runBundle(
  file: string,
  event: object,
  environment: Readonly<Record<string, string>>,
  before = '',
): Promise<{ readonly answer: unknown; readonly log: string }> {
  const script = `
    ${before}
    const { handler } = require(${JSON.stringify(file)})
    handler(${JSON.stringify(event)}, { getRemainingTimeInMillis: () => 60_000 })
      .then((result) => console.error(JSON.stringify(result)))`
  const aws = { AWS_REGION: 'local', AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' }
  const options = ['--no-deprecation', '--no-warnings', '--eval', script]
  const { stdout, stderr } = await execute(process.execPath, options, { env: { ...aws, ...environment } })
  return { answer: JSON.parse(stderr), log: stdout }
}
