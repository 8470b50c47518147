/**
 * How long the largest callbacks of SendCloud wait for their answer, which it wants within 3 s: the real handler on the
 * emulator, with every call to DynamoDB made slower by what a call takes in the cloud. `npm run bench:answers`
 */
import { setTimeout as wait } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createHandler } from '../functions/ingest.ts'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import { systemClock } from '../lib/runtime/clock.ts'
import { emulatorCredentials, emulatorRegion } from '../local/emulator-credentials.ts'
import { startDynamoDbEmulator } from '../local/dynamodb-emulator.ts'
import { lambdaContext } from '../local/lambda-context.ts'
import { formType, signedForm } from '../local/simulated-sendcloud/callback.ts'
import { seededRandom } from '../local/simulated-ses/random.ts'
import { createTables } from '../local/tables.ts'

const callMs = Number(process.env.CALL_MS ?? 25)
const rounds = 5
const appKey = 'bench-app-key'
const token = 'a-token-for-the-bench'
const timestamp = '1793491200125'
const random = seededRandom(Number(process.env.SEED ?? 1))

function say(line = ''): void {
  process.stdout.write(`${line}\n`)
}

/** A mail whose attachment is all of it: base64 of random bytes, which no compression likes. */
function mailOf(megabytes: number): string {
  const bytes = Uint8Array.from({ length: megabytes * 0.7 * 1024 * 1024 }, () => random.int(0, 255))
  return Buffer.from(bytes).toString('base64')
}

const recipients = Array.from({ length: 100 }, (_, index) => `recipient${index}@example.com`)

type Fields = Parameters<typeof signedForm>[0]

/** The callbacks, each about another mail in each round. */
const callbacks: readonly (readonly [string, (messageId: string) => Fields])[] = [
  [
    'deliver',
    (messageId) => ({ event: 'deliver', timestamp, emailId: `${messageId}0$recipient0@example.com` }),
  ],
  [
    'request, 100 recipients',
    (messageId) => ({
      event: 'request',
      timestamp,
      messageId,
      recipientArray: JSON.stringify(recipients),
      emailIds: JSON.stringify(recipients.map((recipient, index) => `${messageId}${index}$${recipient}`)),
    }),
  ],
  ...[1, 4].map((megabytes) => {
    const mail = mailOf(megabytes)
    return [
      `route, a mail of ${megabytes} MB`,
      (messageId: string) => ({
        event: 'route',
        timestamp,
        x_mx_rcptto: 'support@example.com',
        from: 'anna@example.com',
        subject: messageId,
        raw_message: mail,
      }),
    ] as const
  }),
]

const emulator = await startDynamoDbEmulator(0)
const client = new DynamoDBClient({
  endpoint: emulator.endpoint,
  region: emulatorRegion,
  credentials: emulatorCredentials,
})
let calls = 0
client.middlewareStack.add(
  (next) => async (args) => {
    calls += 1
    await wait(callMs)
    return next(args)
  },
  { step: 'finalizeRequest' },
)
try {
  await createTables(emulator.client, 'bench')
  const handler = createHandler(
    { TABLE_PREFIX: 'bench', CALLBACK_TOKEN_SHA256: tokenDigest(token), SENDCLOUD_APP_KEY: appKey },
    { clock: systemClock, log: () => undefined, dynamoDb: () => client },
  )
  say(`${callMs} ms for each call to DynamoDB, beside the emulator's own time; median of ${rounds}`)
  say()
  say(`  ${'callback'.padEnd(26)}${'bytes'.padStart(10)}${'calls'.padStart(8)}${'answer after'.padStart(16)}`)
  for (const [name, fieldsOf] of callbacks) {
    let bytes = 0
    const tookMs: number[] = []
    for (let round = 0; round < rounds; round += 1) {
      const messageId = `1793491200125_251200_${round}_8821.sc-10_9_13_218-inbound`
      const body = signedForm(fieldsOf(messageId), { appKey, token: 'a'.repeat(50) })
      bytes = body.length
      calls = 0
      const startedMs = performance.now()
      const { statusCode } = await handler(
        {
          rawPath: `/sendcloud/${token}`,
          headers: { 'content-type': formType },
          body: Buffer.from(body).toString('base64'),
          isBase64Encoded: true,
          requestContext: { http: { method: 'POST' } },
        },
        lambdaContext(() => 10_000),
      )
      if (statusCode !== 200) throw new Error(`${name} was answered ${statusCode}`)
      tookMs.push(performance.now() - startedMs)
    }
    const median = tookMs.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? NaN
    say(
      `  ${name.padEnd(26)}${String(bytes).padStart(10)}${String(calls).padStart(8)}${`${Math.round(median)} ms`.padStart(16)}`,
    )
  }
} finally {
  client.destroy()
  await emulator.stop()
}
