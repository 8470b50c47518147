/** Answers hostile bodies after usual ones, one after the other, and prints a line for each: what its answer took. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createHandler } from '../../functions/ingest.ts'
import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { emulatorCredentials, emulatorRegion } from '../../local/emulator-credentials.ts'
import { lambdaContext } from '../../local/lambda-context.ts'
import { formType, signedForm } from '../../local/simulated-sendcloud/callback.ts'
import { appKey, hostileBodies } from './bodies.ts'

const [endpoint = '', ...indexes] = process.argv.slice(2)
const token = 'a-token-for-the-bench'

const client = new DynamoDBClient({ endpoint, region: emulatorRegion, credentials: emulatorCredentials })
const handler = createHandler(
  {
    TABLE_PREFIX: 'bench',
    CALLBACK_TOKEN_SHA256: tokenDigest(token),
    SENDCLOUD_APP_KEY: appKey,
    UNVERIFIED_MB_PER_DAY: '100000',
  },
  // A deadline of the clock would spare a slow machine what it cannot do in time.
  {
    clock: systemClock,
    log: () => undefined,
    dynamoDb: () => client,
    deadline: () => new AbortController().signal,
  },
)

async function answerTo(path: string, contentType: string, body: Uint8Array): Promise<number> {
  const { statusCode } = await handler(
    {
      rawPath: `${path}/${token}`,
      headers: { 'content-type': contentType },
      body: Buffer.from(body).toString('base64'),
      isBase64Encoded: true,
      requestContext: { http: { method: 'POST' } },
    },
    lambdaContext(() => 600_000),
  )
  return statusCode
}

const usual = signedForm(
  {
    event: 'deliver',
    timestamp: '1793491200125',
    emailId: '1793491200125_251200_2_8821.sc-10_9_13_218-inbound0$recipient@example.com',
  },
  { appKey, token: 'a'.repeat(50) },
)
for (let times = 0; times < 20; times += 1) await answerTo('/sendcloud', formType, Buffer.from(usual))
await answerTo('/sendcloud', formType, Buffer.from('event=deliver&recipient=a@example.com'))

for (const index of indexes) {
  const hostile = hostileBodies[Number(index)]
  if (!hostile) throw new Error(`There is no body ${index}.`)
  const body = hostile.body()
  const before = process.cpuUsage()
  const status = await answerTo(hostile.path, hostile.contentType, body)
  const { user, system } = process.cpuUsage(before)
  const megabytes = process.resourceUsage().maxRSS / 1_024
  const line = { index: Number(index), bytes: body.length, status, cpuMs: (user + system) / 1_000, megabytes }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
client.destroy()
