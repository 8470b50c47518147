import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describe, expect, it } from '@jest/globals'
import { errorName } from '../../../lib/runtime/error-name.ts'

const project = new URL('../../../', import.meta.url).pathname

/** As Node itself reports it: what jest has between hides the code from the client. */
async function nameOfFailureAt(host: string): Promise<string> {
  const script = `
    import { createServer } from 'node:net'
    import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
    import { errorName } from './lib/runtime/error-name.ts'
    const server = createServer().listen(0, '127.0.0.1', async () => {
      const { port } = server.address()
      server.close()
      const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
      const endpoint = 'http://${host}:' + port
      const client = new DynamoDBClient({ endpoint, region: 'local', credentials, maxAttempts: 1 })
      await client.send(new ListTablesCommand({})).catch((error) => console.log(errorName(error)))
      client.destroy()
    })`
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { cwd: project })
  return stdout.trim()
}

describe('the name of an error', () => {
  it.each(['127.0.0.1', 'localhost'])('says that nobody answers at %s', async (host) => {
    expect(await nameOfFailureAt(host)).toMatch(/^(?:Aggregate)?Error ECONNREFUSED$/)
  })

  it.each([
    [new RangeError('private@example.com'), 'RangeError'],
    [Object.assign(new Error('x'), { code: 'ENOTFOUND' }), 'Error ENOTFOUND'],
    [Object.assign(new Error('x'), { code: 'private@example.com' }), 'Error'],
    [Object.assign(new Error('x'), { code: 7 }), 'Error'],
    [Object.assign(new Error('private@example.com'), { code: '42501' }), 'Error 42501'],
    [new Error('x', { cause: Object.assign(new Error('y'), { code: 'ECONNRESET' }) }), 'Error ECONNRESET'],
    [new AggregateError([Object.assign(new Error('y'), { code: 'ETIMEDOUT' })]), 'AggregateError ETIMEDOUT'],
    ['text', 'string'],
  ])('of %s is %s', (error, expected) => {
    expect(errorName(error)).toBe(expected)
  })
})
