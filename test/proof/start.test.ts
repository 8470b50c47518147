import { describe, expect, it } from '@jest/globals'
import { freePorts } from '../../local/local-environment.ts'
import { run } from '../running-command.ts'

// How the local stack ends. All else of it: readme.test.ts.

const start = `${process.execPath} local/start.ts`

describe('the local stack', () => {
  it('ends quietly where nobody reads what it prints', async () => {
    const command = run(`{ ${start}; echo "ended with $?" >&2; } | head -n 2`, freePorts)
    await command.exited
    expect(command.output()).toBe('\ndelivery-ledger is running.\nended with 0\n')
  })

  it('stops where its terminal is closed', async () => {
    const command = run(`exec ${start}`, freePorts)
    await command.prints('reconciled')
    command.hangUp()
    expect(await command.exited).toBe(0)
    expect(command.output()).toMatch(/Stopped\.\n$/)
  })
})
