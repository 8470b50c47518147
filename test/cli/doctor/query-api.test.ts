import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { checkQueryApi } from '../../../cli/doctor/query-api.ts'
import { createHandler } from '../../../functions/query.ts'
import { startFunctionUrlServer, type FunctionUrlServer } from '../../../local/function-url-server.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { noDeadline } from '../../no-deadline.ts'
import { queryNow, queryToken, queryWorld } from '../../query-world.ts'
import { emulatedDeployment } from '../emulated-deployment.ts'

const engine = embeddedTables()
const deployment = emulatedDeployment()
const servers: FunctionUrlServer[] = []
let port: string

async function served(digest: string | undefined): Promise<FunctionUrlServer> {
  const { environment } = await queryWorld(engine)
  const own = { ...environment, ...(digest !== undefined && { QUERY_TOKEN_SHA256: digest }) }
  const runtime = {
    clock: virtualClock(queryNow),
    log: () => undefined,
    dynamoDb: () => engine.clientAs('query'),
  }
  const server = await startFunctionUrlServer(createHandler(own, { ...runtime, deadline: noDeadline }), 0)
  servers.push(server)
  return server
}

beforeAll(async () => {
  port = new URL((await served(undefined)).url).port
})
afterAll(() => Promise.all(servers.map((server) => server.stop())))

const prod = { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'ap-southeast-1' }

function checked(environment: Readonly<Record<string, string>>) {
  return checkQueryApi(environment, 5_000)
}

describe('the query API, to the doctor,', () => {
  it('is not looked at where it is not deployed, and nobody asks', async () => {
    expect(await checked(prod)).toEqual([])
    expect(await checked({})).toEqual([])
  })

  it('is in order where it accepts the token', async () => {
    const passed = [
      {
        check: 'query API',
        verdict: 'passed',
        found: expect.stringMatching(/^answers in \d+ ms, and accepts the token$/),
      },
    ]
    expect(await checked({ QUERY_TOKEN: queryToken, QUERY_PORT: port })).toEqual(passed)
    deployment.functions.functions.set('delivery-ledger-prod-query', {
      environment: {},
      url: `http://127.0.0.1:${port}/`,
    })
    expect(await checked({ ...prod, QUERY_TOKEN: queryToken })).toEqual(passed)
    expect(await checked(prod)).toEqual([
      {
        check: 'query API',
        verdict: 'passed',
        found: expect.stringContaining('set QUERY_TOKEN to try its token'),
      },
    ])
  })

  it('does not accept another token, which is not printed', async () => {
    const [local] = await checked({ QUERY_TOKEN: 'hunter2', QUERY_PORT: port })
    expect(local).toEqual({
      check: 'query API',
      verdict: 'failed',
      found: 'does not accept the token in QUERY_TOKEN (401)',
      advice: 'Give the token that `npm start` printed.',
    })
    deployment.functions.functions.set('delivery-ledger-prod-query', {
      environment: {},
      url: `http://127.0.0.1:${port}/`,
    })
    // printf hunter2 | sha256sum
    expect(await checked({ ...prod, QUERY_TOKEN: 'hunter2' })).toMatchObject([
      {
        advice: expect.stringContaining(
          'deploy with f52fbd32b2b3b86ff88ef6c490628285f482af15ddcb29541f94bcf526a3f6c7 among QUERY_TOKEN_SHA256',
        ),
      },
    ])
  })

  it('is not checked where a token is given and AWS knows no such function', async () => {
    expect(await checked({ ...prod, QUERY_TOKEN: queryToken })).toEqual([
      {
        check: 'query API',
        verdict: 'not-checked',
        found: 'not checked: AWS knows no function URL of delivery-ledger-prod-query there',
      },
    ])
  })

  it('is not in order where a setting of it is wrong, or nothing listens', async () => {
    const { url } = await served('no digest')
    expect(await checked({ QUERY_TOKEN: queryToken, QUERY_PORT: new URL(url).port })).toMatchObject([
      { verdict: 'failed', found: 'was answered 503' },
    ])
    await servers.pop()?.stop()
    expect(await checked({ QUERY_TOKEN: queryToken, QUERY_PORT: new URL(url).port })).toMatchObject([
      { verdict: 'failed', found: expect.stringMatching(/^was answered nothing \(ECONNREFUSED\)$/) },
    ])
  })
})
