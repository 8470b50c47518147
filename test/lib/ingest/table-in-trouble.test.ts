import { createServer, type RequestListener, type Server } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { createHandler } from '../../../functions/ingest.ts'
import { tokenDigest } from '../../../lib/ingest/token-digest.ts'
import { dynamoDbClient } from '../../../lib/table/client.ts'
import { emulatorCredentials, emulatorRegion } from '../../../local/emulator-credentials.ts'
import { lambdaContext } from '../../../local/lambda-context.ts'
import { listen } from '../../../local/listening-server.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { sampleMessage } from '../../events.ts'
import { noDeadline } from '../../no-deadline.ts'

// The ingest function in front of a DynamoDB that answers errors, or nothing at all.

const token = 'a-token-of-the-callback-url'
const delivered = { event: 'delivered', email: 'a@example.com', bulkId: sampleMessage, timestamp: 1654064683 }

let server: Server | undefined
let client: DynamoDBClient | undefined
afterEach(() => {
  client?.destroy()
  server?.closeAllConnections()
  server?.close()
})

/** A DynamoDB that answers so, and the endpoint at which it does. */
async function dynamoDb(answer: RequestListener): Promise<string> {
  server = createServer(answer)
  return `http://127.0.0.1:${String(await listen(server, 0, 'DynamoDB'))}`
}

function triedOnce(endpoint: string): DynamoDBClient {
  client = new DynamoDBClient({
    endpoint,
    region: emulatorRegion,
    credentials: emulatorCredentials,
    maxAttempts: 1,
  })
  return client
}

const never: RequestListener = () => undefined

interface Trying {
  readonly endpoint: string
  readonly body?: unknown
  readonly deadline?: (ms: number) => AbortSignal
}

async function answerTo({ endpoint, body = delivered, deadline = noDeadline }: Trying) {
  const asked: number[] = []
  const logged: unknown[] = []
  const handler = createHandler(
    { TABLE_PREFIX: 'test', CALLBACK_TOKEN_SHA256: tokenDigest(token) },
    {
      clock: virtualClock('2026-11-21T08:00:00Z'),
      log: (event, fields) => logged.push({ event, ...fields }),
      dynamoDb: (requestTimeoutMs) => {
        asked.push(requestTimeoutMs)
        return triedOnce(endpoint)
      },
      deadline,
    },
  )
  const { statusCode } = await handler(
    {
      rawPath: `/tencent-ses/${token}`,
      body: typeof body === 'string' ? body : JSON.stringify(body),
      requestContext: { http: { method: 'POST' } },
    },
    lambdaContext(() => 60_000),
  )
  return { status: statusCode, logged, requestTimeoutMs: asked[0] }
}

describe('an error of DynamoDB', () => {
  const refusing = (name: string, httpStatus: number) =>
    dynamoDb((request, response) => {
      request.resume()
      response.writeHead(httpStatus, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify({ __type: `com.amazonaws.dynamodb.v20120810#${name}`, message: 'no' }))
    })

  // Source: DynamoDB developer guide, "Error handling"; and what an account, a role or a table may lack for a while.
  it.each([
    ['ThrottlingException', 400],
    ['ProvisionedThroughputExceededException', 400],
    ['RequestLimitExceeded', 400],
    ['LimitExceededException', 400],
    ['TransactionConflictException', 400],
    ['ReplicatedWriteConflictException', 400],
    ['InternalServerError', 500],
    ['InternalFailure', 500],
    ['ServiceUnavailable', 503],
    ['ResourceNotFoundException', 400],
    ['ResourceInUseException', 400],
    ['AccessDeniedException', 400],
    ['UnrecognizedClientException', 400],
    ['ExpiredTokenException', 400],
    ['IncompleteSignature', 400],
    ['MissingAuthenticationTokenException', 400],
    ['SomethingThatIsNewException', 400],
  ])(
    '%s passes: 503, and the body is not taken for one that its row cannot hold',
    async (name, httpStatus) => {
      const endpoint = await refusing(name, httpStatus)
      const { status, logged } = await answerTo({ endpoint })
      expect(status).toBe(503)
      expect(logged).toContainEqual({ event: 'write failed', error: name, elements: 1 })
      expect(JSON.stringify(logged)).not.toContain('unwritable')
    },
  )

  it('that is for good is 202, and the body is kept', async () => {
    let calls = 0
    const endpoint = await dynamoDb((request, response) => {
      request.resume()
      calls += 1
      // The first is the delivery, the second the quarantine.
      response.writeHead(calls === 1 ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(
        calls === 1 ? JSON.stringify({ __type: 'com.amazon.coral.validate#ValidationException' }) : '{}',
      )
    })
    expect(await answerTo({ endpoint })).toMatchObject({ status: 202 })
  })

  it('is 503 for what should be kept in quarantine, too', async () => {
    const endpoint = await refusing('ThrottlingException', 400)
    expect(await answerTo({ endpoint, body: '{not json' })).toMatchObject({ status: 503 })
  })
})

describe('a DynamoDB that does not answer', () => {
  it('is waited for by no client for ever: each try ends', async () => {
    const environment = process.env
    process.env = {
      ...environment,
      AWS_ENDPOINT_URL_DYNAMODB: await dynamoDb(never),
      AWS_REGION: emulatorRegion,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
    }
    try {
      client = dynamoDbClient(20)
      await expect(client.send(new ListTablesCommand({}))).rejects.toMatchObject({ name: 'TimeoutError' })
    } finally {
      process.env = environment
    }
  })

  it.each([
    ['an event', delivered],
    ['what is to be kept', '{not json'],
    [
      'many events',
      Array.from({ length: 60 }, (_, index) => ({ ...delivered, email: `a${String(index)}@b.c` })),
    ],
  ])('does not keep the sender of %s waiting: 503 within the 3 s that it waits', async (_, body) => {
    const deadlines: { readonly ms: number; readonly timer: AbortController }[] = []
    let haveAll: () => void = () => undefined
    const bothAsked = new Promise<void>((resolve) => (haveAll = resolve))
    const answer = answerTo({
      endpoint: await dynamoDb(never),
      body,
      deadline: (ms) => {
        const timer = new AbortController()
        deadlines.push({ ms, timer })
        if (deadlines.length === 2) haveAll()
        return timer.signal
      },
    })
    await bothAsked
    // The network takes its share of the three seconds, and a cold start has no more of them.
    expect(deadlines.map(({ ms }) => ms)).toEqual([2_000, 1_500])
    for (const { timer } of deadlines.toSorted((one, other) => one.ms - other.ms)) timer.abort()
    const { status, requestTimeoutMs } = await answer
    expect(status).toBe(503)
    // Leaves room for a second try.
    expect(requestTimeoutMs).toBeLessThanOrEqual(1_000)
  })
})
