import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { cloudBaseDatabase } from '../../../lib/postgres/cloudbase-database.ts'
import { ResultTooLargeError, type Database } from '../../../lib/postgres/database.ts'
import { openPostgres, type PostgresStore } from '../../../lib/postgres/postgres-store.ts'
import { systemClock } from '../../../lib/runtime/clock.ts'
import { virtualClock, type VirtualClock } from '../../../local/virtual-clock.ts'
import { anyText } from '../../any-text.ts'
import { embeddedPostgres } from '../../embedded-postgres.ts'
import { eventWith } from '../../events.ts'
import { times } from '../../strength.ts'
import { startSimulatedCloudBase, type SimulatedCloudBase } from '../../tencent/simulated-cloudbase.ts'

// What only the door to CloudBase has; test/contracts/store.test.ts tries the whole store behind it.

const engine = embeddedPostgres()
const environmentId = 'an-environment'
const retention = { retentionDays: 400 }

let good: { secretId: string; secretKey: string; token: string }
let simulated: SimulatedCloudBase
let clock: VirtualClock
let database: Database
let store: PostgresStore
beforeEach(async () => {
  good = { secretId: 'temporary-id', secretKey: 'temporary-key', token: 'temporary-token' }
  simulated = await startSimulatedCloudBase({
    environmentId,
    credentials: () => good,
    clock: systemClock,
    run: (statement) => engine.run(statement),
  })
  clock = virtualClock('2026-11-21T08:00:00Z')
  await engine.emptied(clock)
  database = opened(() => good)
  store = openPostgres({ database, schema: engine.schema, clock, log: () => undefined })
})
afterEach(() => simulated.close())

function opened(credentials: () => typeof good, timeoutMs = 5_000): Database {
  return cloudBaseDatabase({ environmentId, endpoint: simulated.url, credentials, clock, timeoutMs })
}

const echo = 'SELECT $1::jsonb AS given'
const answers = () => simulated.calls.map(({ answer }) => answer)

describe('what a statement is given', () => {
  const texts = fc.oneof(
    anyText(),
    fc
      .array(fc.constantFrom("'", "''", '\\', "\\'", '$1', '$$', '$&', '--', '/*', ';', '"', '\n', '用户'), {
        maxLength: 12,
      })
      .map((parts) => parts.join('')),
  )

  it.each(['on', 'off'])('comes back as it was, with standard_conforming_strings %s', async (setting) => {
    await engine.run(`SET standard_conforming_strings = ${setting}`)
    try {
      await fc.assert(
        fc.asyncProperty(texts, async (text) => {
          const [row] = await database.read(echo, { text, [`name ${text}`]: 1 })
          const stored = text.replaceAll('\0', '\ufffd')
          expect(row).toEqual({ given: { text: stored, [`name ${stored}`]: 1 } })
        }),
        { numRuns: times({ quick: 60, proof: 1_000 }) },
      )
    } finally {
      await engine.run('RESET standard_conforming_strings')
    }
  })

  it('stands only where its parameter is', async () => {
    await database.read(`SELECT '$10' AS ten, $1::jsonb ->> 'a' AS a`, { a: '$1' })
    expect(simulated.calls.at(-1)?.sql).toContain(`'$10' AS ten, '{"a":"$1"}'::jsonb ->> 'a'`)
  })
})

describe('rows', () => {
  it.each<[string, (row: readonly (string | null)[], columns: readonly string[]) => unknown]>([
    ['the JSON text of an array of texts, as documented', (row) => JSON.stringify(row)],
    ['an array of texts', (row) => row],
    [
      'the JSON text of an array of values',
      (row) => JSON.stringify(row.map((cell) => JSON.parse(cell!) as unknown)),
    ],
    ['an object by columns', (row, columns) => ({ [columns[0]!]: row[0] })],
    ['its JSON text', (row, columns) => JSON.stringify({ [columns[0]!]: row[0] })],
    ['the value alone', (row) => row[0]],
  ])('are read as %s', async (_, form) => {
    simulated.writeRowsAs(form)
    expect(await database.read(`SELECT 'a' AS one, true AS two, 3 AS three, NULL AS none`)).toEqual([
      { one: 'a', two: true, three: 3 },
    ])
    expect(await database.read(`SELECT 1 AS one WHERE false`)).toEqual([])
  })
})

describe('what fails for a moment', () => {
  it.each([
    ['FailedOperation.PGConnectError'],
    ['FailedOperation.InstanceStatusConflict'],
    ['RequestLimitExceeded'],
    ['RequestLimitExceeded.UinLimitExceeded'],
    ['InternalError'],
    ['InternalError.SYS_ERR'],
  ])('is tried again: %s', async (code) => {
    simulated.failNext(2, { code })
    expect(await database.read('SELECT 1 AS one')).toEqual([{ one: 1 }])
    expect(answers()).toEqual([code, code, 'ok'])
  })

  it.each([['hang-up' as const], ['not-json' as const], [{ httpStatus: 503 }], [{ httpStatus: 429 }]])(
    'is tried again: %j',
    async (fault) => {
      simulated.failNext(2, fault)
      expect(await database.read('SELECT 1 AS one')).toEqual([{ one: 1 }])
    },
  )

  it('is tried five times, with pauses that grow', async () => {
    simulated.failNext(9, { code: 'RequestLimitExceeded' })
    const beforeMs = clock.now()
    await expect(database.read('SELECT 1 AS one')).rejects.toThrow(
      'ExecutePGSql failed: RequestLimitExceeded.',
    )
    expect(simulated.calls).toHaveLength(5)
    // Between half and all of 200, 400, 800 and 1,600 ms.
    expect(clock.now() - beforeMs).toBeGreaterThanOrEqual(1_500)
    expect(clock.now() - beforeMs).toBeLessThanOrEqual(3_000)
  })

  it('is not tried again once the signal has aborted, and rejects with its reason', async () => {
    const stopped = new AbortController()
    simulated.failWhen(
      ({ number }) => {
        if (number === 2) stopped.abort(new Error('The time is up.'))
        return true
      },
      { code: 'InternalError' },
    )
    await expect(database.write('SELECT 1', {}, stopped.signal)).rejects.toThrow('The time is up.')
    expect(simulated.calls).toHaveLength(2)
  })

  it('is a deadlock, too', async () => {
    simulated.writeErrorsAs(() => 'ERROR: deadlock detected (SQLSTATE 40P01)')
    await expect(database.read('SELECT 1 / 0 AS none')).rejects.toMatchObject({ code: '40P01' })
    expect(simulated.calls).toHaveLength(5)
  })
})

describe('what fails for good', () => {
  it.each([
    ['InvalidParameter.INVALID_PARAM', 'ExecutePGSql failed: InvalidParameter.INVALID_PARAM.'],
    ['ResourceNotFound.RoleNotFound', 'Set CLOUDBASE_ENV_ID (cloudbaseEnvId)'],
    ['UnauthorizedOperation', "Allow tcb:ExecutePGSql to the function's run role (runRole)."],
    ['AuthFailure.TokenFailure', "Allow tcb:ExecutePGSql to the function's run role (runRole)."],
  ])('is not tried again: %s', async (code, expected) => {
    simulated.failNext(1, { code })
    const failure = await database.read('SELECT 1 AS one').catch((error: unknown) => error)
    expect(failure).toMatchObject({
      code,
      name: `CloudBaseError ${code}`,
      message: expect.stringContaining(expected),
    })
    expect(simulated.calls).toHaveLength(1)
  })

  it('is not tried again: a result that is too large, which a list asks for in smaller pages', async () => {
    simulated.failNext(1, { code: 'FailedOperation.PGResultTooLarge' })
    const failure = await database.read('SELECT 1 AS one').catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ResultTooLargeError)
    expect(simulated.calls).toHaveLength(1)
  })

  it('is not tried again: a request that is too large for the API', async () => {
    simulated.failNext(1, { httpStatus: 413 })
    await expect(database.read('SELECT 1 AS one')).rejects.toThrow(
      'ExecutePGSql failed: no usable answer (HTTP 413).',
    )
    expect(simulated.calls).toHaveLength(1)
  })

  it.each<[string, (error: { code: string; message: string }) => string]>([
    ['ERROR: … (SQLSTATE 42P01)', ({ code, message }) => `ERROR: ${message} (SQLSTATE ${code})`],
    ['SQLSTATE[42P01]', ({ code, message }) => `SQLSTATE[${code}]: Undefined table: 7 ERROR: ${message}`],
    ['ERROR: 42P01: …', ({ code, message }) => `ERROR: ${code}: ${message}`],
    ['… (42P01)', ({ code, message }) => `执行SQL失败: ${message} (${code})`],
    ['code=42P01', ({ code, message }) => `pq: ${message}, code=${code}`],
    ['no code at all', ({ message }) => `Execute SQL error. ERROR: ${message}`],
  ])('is a statement with its SQLSTATE, whether it is written as %s', async (_, form) => {
    simulated.writeErrorsAs(form)
    await expect(database.read('SELECT * FROM nowhere')).rejects.toMatchObject({
      name: 'StatementError',
      code: '42P01',
    })
    await expect(database.read('SELECT * FROM no_schema.nowhere')).rejects.toMatchObject({ code: '42P01' })
    await expect(database.write('CREATE TABLE no_schema.nowhere ()')).rejects.toMatchObject({ code: '3F000' })
    expect(simulated.calls).toHaveLength(3)
  })

  it.each(['执行SQL失败 (10000)', 'Execute SQL error after 3 s (99999)'])(
    'is a statement without a code where a number is none: %s',
    async (message) => {
      simulated.writeErrorsAs(() => message)
      await expect(database.read('SELECT 1 / 0 AS none', {})).rejects.toMatchObject({ code: '' })
    },
  )

  it('is what its words say, whatever number stands beside them', async () => {
    simulated.writeErrorsAs(({ message }) => `${message} (22000)`)
    await expect(database.read('SELECT * FROM nowhere')).rejects.toMatchObject({ code: '42P01' })
  })

  it('is a statement without a code where its message has none, and says nothing that it was given', async () => {
    simulated.writeErrorsAs(() => 'Execute SQL error: INSERT … \'{"recipient":"anna@example.com"}\'')
    const failure = await database.read('SELECT 1 / 0 AS none', {}).catch((error: unknown) => error)
    expect(failure).toMatchObject({ name: 'StatementError', code: '' })
    expect((failure as Error).message).not.toContain('anna')
  })
})

describe('a write whose answer was lost', () => {
  /** Of the first call whose statement has this. */
  const loseFirst = (words: string) => {
    let isFirst = true
    simulated.loseAnswers(({ sql }) => {
      const isIt = isFirst && sql.includes(words)
      isFirst &&= !isIt
      return isIt
    })
  }
  const recipient = 'anna@example.com'
  const bounce = {
    recipient,
    provider: 'sendcloud',
    message: 'a',
    reason: 'hard-bounce',
    occurredAtMs: Date.parse('2026-11-20T08:00:00Z'),
    detail: '550',
    source: 'callback',
  } as const

  it('gives the same row as one that was answered', async () => {
    const writer = store.deliveryWriter(retention)
    const events = [eventWith({ kind: 'deferred' }), eventWith({ kind: 'delivered' })]
    for (const event of events) await writer.record(event)
    const once = await engine.rowsOf('deliveries')
    await engine.emptied(clock)
    for (const event of events) {
      loseFirst('INSERT INTO')
      await writer.record(event)
    }
    expect(answers().filter((answer) => answer === 'lost')).toHaveLength(2)
    expect(await engine.rowsOf('deliveries')).toEqual(once)
  })

  it('keeps the lease that it took', async () => {
    const figures = {
      calls: 7,
      rows: 70,
      added: 1,
      known: 2,
      still: 0,
      unreadable: 0,
      stoppedBy: 'done',
    } as const
    const runs = store.runStore('a-job')
    loseFirst('INSERT INTO')
    expect(await runs.acquire('me', clock.now(), clock.now() + 60_000)).toEqual({ checkpoint: undefined })
    expect(await runs.acquire('another', clock.now(), clock.now() + 60_000)).toBeUndefined()
    loseFirst('UPDATE')
    expect(await runs.release('me', 'a checkpoint', figures)).toBe(true)
  })

  it('says that it removed an address from the list', async () => {
    await store.suppressionWriter().suppress(bounce)
    loseFirst('UPDATE')
    const removed = await store.suppressionWriter().remove(recipient, clock.now())
    expect(removed?.removals).toHaveLength(1)
    expect(await store.suppressionReader().ofRecipient(recipient)).toEqual(removed)
    expect(answers()).toContain('lost')
  })
})

describe('credentials', () => {
  it('are asked for at every call, and none is kept', async () => {
    await database.read('SELECT 1 AS one')
    good = { secretId: 'another-id', secretKey: 'another-key', token: 'another-token' }
    expect(await database.read('SELECT 1 AS one')).toEqual([{ one: 1 }])
    const old = opened(() => ({
      secretId: 'temporary-id',
      secretKey: 'temporary-key',
      token: 'temporary-token',
    }))
    await expect(old.read('SELECT 1 AS one')).rejects.toThrow('AuthFailure.SecretIdNotFound')
  })

  it('that are missing are no fault of the network', async () => {
    const without = opened(() => {
      throw new Error('There is no run role.')
    })
    await expect(without.read('SELECT 1 AS one')).rejects.toThrow('There is no run role.')
    expect(simulated.calls).toEqual([])
  })
})
