import { describe, expect, it } from '@jest/globals'
import { registerShow } from '../../cli/show.ts'
import { registerTail } from '../../cli/tail.ts'
import { registerUrls } from '../../cli/urls.ts'
import { runInProcess } from '../cli/in-process.ts'
import { run } from '../running-command.ts'

const url = process.env.TEST_DATABASE_URL ?? ''

async function shown(environment: Readonly<Record<string, string>>) {
  return runInProcess(registerShow, ['show', 'anna@example.com'], environment)
}

describe('a command with DATABASE_URL', () => {
  it('says that a schema has no tables', async () => {
    expect(await shown({ DATABASE_URL: url, TABLE_PREFIX: 'delivery-ledger-pro' })).toEqual({
      code: 1,
      output: '',
      errors:
        'There are no tables in the schema delivery-ledger-pro of this database. Check TABLE_PREFIX (--stage), which names the schema, and DATABASE_URL (unset it in this shell for a deployment on DynamoDB). What takes callbacks makes them at its first use.\n',
    })
  })

  it('looks into the stage prod where none is named', async () => {
    expect((await shown({ DATABASE_URL: url })).errors).toContain('the schema delivery-ledger-prod of')
  })

  it('says that no server answers, without the password', async () => {
    // In a process of its own, where errors of the network are of the same kind as others.
    const command = run('node cli/ledger.mjs show anna@example.com', {
      DATABASE_URL: 'postgres://ledger:a-password@127.0.0.1:1/ledger',
    })
    expect(await command.exited).toBe(1)
    expect(command.output()).toBe('No PostgreSQL answers where DATABASE_URL leads (ECONNREFUSED).\n')
  })

  it('says that there is no such database', async () => {
    const { errors } = await shown({ DATABASE_URL: url.replace(/postgres$/, 'elsewhere') })
    expect(errors).toBe('There is no such database: DATABASE_URL names it behind the last slash.\n')
  })

  it('says what a URL looks like, without repeating it', async () => {
    const { errors } = await shown({ DATABASE_URL: 'mysql://ledger:a-password@db/ledger' })
    expect(errors).toContain(
      'DATABASE_URL: expected a URL such as postgres://user:password@host:5432/database',
    )
    expect(errors).not.toContain('a-password')
  })

  it('asks AWS for nothing', async () => {
    const environment = { DATABASE_URL: url }
    const tailed = await runInProcess(registerTail, ['tail'], environment)
    expect(tailed).toMatchObject({
      code: 1,
      errors:
        'There is no log of AWS Lambda where rows are in PostgreSQL: look into the log of the server, or of the SCF function (CLS).\n',
    })
    const urls = await runInProcess(registerUrls, ['urls'], environment)
    expect(urls.errors).toContain('Where the functions are is not known with rows in PostgreSQL.')
  })
})
