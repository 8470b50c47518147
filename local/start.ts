import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../lib/runtime/clock.ts'
import { ConfigError, localTablePrefix } from '../lib/runtime/config.ts'
import { hourMs, minuteMs, secondMs } from '../lib/core/instant.ts'
import type { DeliveryKey } from '../lib/core/delivery.ts'
import { whenNobodyReads } from './closed-pipe.ts'
import { emulatorCredentials, emulatorRegion } from './emulator-credentials.ts'
import { eventLog } from './event-log.ts'
import { StartError } from './listening-server.ts'
import { usualPorts } from './local-environment.ts'
import { localSettings } from './settings.ts'
import { planAttempts } from './simulated-sendcloud/attempt-plan.ts'
import { sendAttempts } from './simulated-sendcloud/attempt-sender.ts'
import { formType, signedForm, tokenFrom, type Fields } from './simulated-sendcloud/callback.ts'
import { replyFields } from './simulated-sendcloud/inbound-mail.ts'
import { sampleFields } from './simulated-sendcloud/sample.ts'
import { makeSendCloudTraffic } from './simulated-sendcloud/traffic.ts'
import { planCallbacks } from './simulated-ses/callback-plan.ts'
import { postTo, sendCallbacks } from './simulated-ses/callback-sender.ts'
import { messageIdFor } from './simulated-ses/mail.ts'
import { outcomesOfSends } from './simulated-ses/outcome-of-send.ts'
import { seededRandom } from './simulated-ses/random.ts'
import { makeTraffic } from './simulated-ses/traffic.ts'
import { startLocalConsole } from './start-console.ts'
import { startLocalStack, type LocalStack } from './stack.ts'

const reconcileEveryMs = minuteMs
const sample = new URL('../test/fixtures/tencent-ses/2025-10-bounce.json', import.meta.url)
/** As the sample's MessageId has it. In Tencent's own sample it lies years after the bounce. */
const sentTimestamp = Date.parse('2022-06-01T06:24:39Z') / secondMs

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function start(): Promise<void> {
  const log = eventLog(say, systemClock.now)
  const settings = localSettings(process.env)
  const ended = new AbortController()
  const end = () => {
    ended.abort()
  }
  whenNobodyReads(end)
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, end)
  const onSends = (deliveries: readonly DeliveryKey[]) => {
    void letArrive(stack, deliveries)
  }
  const stack = await startLocalStack(settings, { clock: systemClock, log, onSends })
  const console = await startLocalConsole(stack, settings, { clock: systemClock, log })
  await greet(stack, console.url)
  if (stack.simulatedSes) {
    await sendSomeMail(stack)
    await sendSomeMailWithSendCloud(stack)
  }
  await reconcileUntil(stack, ended.signal)
  await console.close()
  await stack.stop()
  say('Stopped.')
}

async function greet(stack: LocalStack, consoleUrl: string): Promise<void> {
  const body = JSON.stringify({ ...(JSON.parse(await readFile(sample, 'utf8')) as object), sentTimestamp })
  const poll = stack.simulatedSes ? `${stack.simulatedSes.url} (simulated)` : process.env.SES_ENDPOINT
  const sendCloud = stack.simulatedSendCloud
    ? `${stack.simulatedSendCloud.url} (simulated)`
    : process.env.SENDCLOUD_ENDPOINT
  say(`
delivery-ledger is running.

  Console        ${consoleUrl}
  Callback URL   ${stack.callbackUrls.tencentSes}
  SendCloud URL  ${stack.callbackUrls.sendCloud}
  Sends URL      ${stack.callbackUrls.sent}
  DynamoDB       ${stack.dynamoDbEndpoint}
  Poll API       ${poll}
  SendCloud API  ${sendCloud}
  Log API        ${stack.logsUrl}
  Query API      ${stack.queryApi.url}

Send it a callback, then look at the mail in the console, or by '${showCommand(stack)}':

curl -X POST '${stack.callbackUrls.tencentSes}' -H 'content-type: application/json' -d '${body}'

or one of SendCloud's, signed:

curl -X POST '${stack.callbackUrls.sendCloud}' -H 'content-type: ${formType}' -d '${signed(stack, sampleFields(systemClock.now()))}'

or record a mail that you have just sent:

curl -X POST '${stack.callbackUrls.sent}' -H 'content-type: application/json' -d '${sampleSend()}'

or ask as a back-end does (docs/query-api.md):

curl -H 'authorization: Bearer ${stack.queryApi.token}' '${stack.queryApi.url}/suppressions/example@example.com'

Ctrl-C stops all of it. What happens from here on:
`)
}

/** A mail of just now, of which nobody but its sender knows. */
function sampleSend(): string {
  const messageId = messageIdFor('251200670', systemClock.now(), seededRandom(systemClock.now()))
  return JSON.stringify({ messageId, recipients: ['someone@example.com'] })
}

/** The command that finds this stack: every setting that is not the default must be passed. */
function showCommand(stack: LocalStack): string {
  const settings = [
    ...unlessUsual('DYNAMODB_PORT', stack.dynamoDbEndpoint),
    ...(stack.simulatedSes ? unlessUsual('SES_PORT', stack.simulatedSes.url) : []),
    ...(stack.simulatedSendCloud ? unlessUsual('SENDCLOUD_PORT', stack.simulatedSendCloud.url) : []),
    ...(stack.tablePrefix === localTablePrefix ? [] : asDeployment(stack)),
  ]
  return [...settings, 'npx ledger show example@example.com'].join(' ')
}

/** By another prefix than its own it is a deployment, which is found as any other. */
function asDeployment({ tablePrefix, dynamoDbEndpoint }: LocalStack): readonly string[] {
  const { accessKeyId, secretAccessKey } = emulatorCredentials
  return [
    `TABLE_PREFIX=${tablePrefix} AWS_ENDPOINT_URL_DYNAMODB=${dynamoDbEndpoint}`,
    `AWS_REGION=${emulatorRegion} AWS_ACCESS_KEY_ID=${accessKeyId} AWS_SECRET_ACCESS_KEY=${secretAccessKey}`,
  ]
}

function unlessUsual(name: 'DYNAMODB_PORT' | 'SES_PORT' | 'SENDCLOUD_PORT', url: string): readonly string[] {
  const { port } = new URL(url)
  return port === usualPorts[name] ? [] : [`${name}=${port}`]
}

/** Recorded mails are delivered within seconds, and their callbacks arrive. */
async function letArrive(stack: LocalStack, deliveries: readonly DeliveryKey[]): Promise<void> {
  const mails = stack.simulatedSes ? outcomesOfSends(deliveries, systemClock.now()) : []
  stack.simulatedSes?.send(...mails)
  const calm = { seed: 1, lossRate: 0, repeatRate: 0, lateRate: 0, maxDelayMs: 0, reorderRate: 0 }
  const { callbacks } = planCallbacks(mails, calm)
  await sendCallbacks(callbacks, { post: postTo(stack.callbackUrls.tencentSes), clock: systemClock })
}

/** A few mails of the last hours, half of whose callbacks never come: the first poll finds them. */
async function sendSomeMail(stack: LocalStack): Promise<void> {
  const nowMs = systemClock.now()
  const mails = makeTraffic({ seed: 12, count: 12, fromMs: nowMs - 2 * hourMs, overMs: hourMs })
  stack.simulatedSes?.send(...mails)
  const { callbacks } = planCallbacks(mails, {
    seed: 5,
    lossRate: 0.5,
    repeatRate: 0.1,
    lateRate: 0,
    maxDelayMs: 0,
    reorderRate: 0,
  })
  const arrived = callbacks.filter((callback) => callback.arrivesAtMs <= nowMs)
  await sendCallbacks(arrived, { post: postTo(stack.callbackUrls.tencentSes) })
}

/** A few mails of the last hours, whose callbacks come in the end, and an answer to one of them. */
async function sendSomeMailWithSendCloud(stack: LocalStack): Promise<void> {
  const nowMs = systemClock.now()
  const post = postTo(stack.callbackUrls.sendCloud, formType)
  const messages = makeSendCloudTraffic({ seed: 46, count: 6, fromMs: nowMs - 2 * hourMs, overMs: hourMs })
  stack.simulatedSendCloud?.send(...messages)
  const { attempts } = planAttempts(messages, {
    appKey: stack.sendCloudAppKey,
    seed: 5,
    lossRate: 0.3,
    repeatRate: 0.1,
    lateRate: 0,
    maxDelayMs: 0,
    reorderRate: 0,
  })
  const made = attempts.filter((attempt) => attempt.arrivesAtMs <= nowMs)
  await sendAttempts(made, { post })
  const [message] = messages
  const [delivery] = message?.deliveries ?? []
  if (message && delivery) await post(signed(stack, replyFields(message, delivery, nowMs)))
}

function signed(stack: LocalStack, fields: Fields): string {
  const token = tokenFrom(seededRandom(Number(fields.timestamp)))
  return signedForm(fields, { appKey: stack.sendCloudAppKey, token })
}

async function reconcileUntil(stack: LocalStack, ended: AbortSignal): Promise<void> {
  const end = once(ended, 'abort')
  while (!ended.aborted) {
    // A pass that fails has said why; the schedule goes on, as it does in the cloud.
    const pass = stack.reconcile().catch((error: unknown) => {
      if (!ended.aborted) say(error instanceof Error ? error.message : String(error))
    })
    // Ctrl-C waits for no answer: whatever a pass leaves undone, the next one does.
    await Promise.race([pass, end])
    await wait(reconcileEveryMs, undefined, { signal: ended }).catch(() => undefined)
  }
}

// The emulator opens its files behind our back; a folder that another stack holds ends here.
process.once('uncaughtException', (error) => {
  const isHeld = process.env.DATA_DIR !== undefined && /database|lock/i.test(error.message)
  process.stderr.write(
    `${isHeld ? `DATA_DIR: ${process.env.DATA_DIR} is in use by another stack.` : error.stack}\n`,
  )
  process.exit(1)
})

try {
  await start()
  // A request that nobody waits for any more may still be open.
  process.exit()
} catch (error) {
  const isExplained = error instanceof StartError || error instanceof ConfigError
  process.stderr.write(
    `${isExplained ? error.message : error instanceof Error ? error.stack : String(error)}\n`,
  )
  process.exitCode = 1
}
