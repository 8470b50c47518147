import { dayMs, hourMs, minuteMs } from '../../lib/core/instant.ts'
import { freePorts } from '../../local/local-environment.ts'
import { localSettings } from '../../local/settings.ts'
import { planAttempts } from '../../local/simulated-sendcloud/attempt-plan.ts'
import { sendAttempts } from '../../local/simulated-sendcloud/attempt-sender.ts'
import { formType, signedForm } from '../../local/simulated-sendcloud/callback.ts'
import { replyFields } from '../../local/simulated-sendcloud/inbound-mail.ts'
import { makeSendCloudTraffic } from '../../local/simulated-sendcloud/traffic.ts'
import { planCallbacks } from '../../local/simulated-ses/callback-plan.ts'
import { postTo, sendCallbacks } from '../../local/simulated-ses/callback-sender.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'
import { startLocalConsole } from '../../local/start-console.ts'
import { startLocalStack } from '../../local/stack.ts'
import { virtualClock } from '../../local/virtual-clock.ts'

/** What the pages show in the browser's tests and in the pictures of the docs: as much mail as the demo's, of two weeks. */
export interface PagesWorld {
  /** The console's first URL. */
  readonly url: string
  /** The same in Chinese. */
  readonly chineseUrl: string
  readonly dynamoDbEndpoint: string
  readonly tablePrefix: string
  readonly nowMs: number
  readonly stop: () => Promise<void>
}

const seed = 7
const weather = { seed, repeatRate: 0.2, lateRate: 0.2, maxDelayMs: 2 * hourMs, reorderRate: 0.2 }

/** 2026-11-16, 18:00 in UTC+8. */
const nowMs = Date.UTC(2026, 10, 16, 10)
const fromMs = nowMs - 14 * dayMs
const silent = () => undefined

export async function startPagesWorld(): Promise<PagesWorld> {
  const clock = virtualClock(fromMs)
  const settings = localSettings({ ...freePorts })
  const stack = await startLocalStack(settings, { clock, log: silent })
  const { tencentSes, sendCloud } = stack.callbackUrls
  await stack.reconcile()

  const mails = makeTraffic({ seed, count: 400, fromMs, overMs: 14 * dayMs - hourMs, sends: 'diurnal' })
  stack.simulatedSes?.send(...mails)
  const { callbacks } = planCallbacks(mails, { ...weather, lossRate: 0.05 })
  const messages = makeSendCloudTraffic({ seed, count: 200, fromMs, overMs: 14 * dayMs - hourMs })
  stack.simulatedSendCloud?.send(...messages)
  const appKey = stack.sendCloudAppKey
  const { attempts } = planAttempts(messages, { ...weather, lossRate: 0.05, appKey })
  clock.advanceTo(nowMs)
  await sendCallbacks(
    callbacks.filter(({ arrivesAtMs }) => arrivesAtMs <= nowMs),
    { post: postTo(tencentSes) },
  )
  const post = postTo(sendCloud, formType)
  await sendAttempts(
    attempts.filter(({ arrivesAtMs }) => arrivesAtMs <= nowMs),
    { post },
  )
  await stack.reconcile()

  const [message] = messages
  const [delivery] = message?.deliveries ?? []
  if (message && delivery) {
    const reply = replyFields(message, delivery, nowMs - 20 * minuteMs)
    await post(signedForm(reply, { appKey, token: 'a'.repeat(50) }))
  }
  await postTo(tencentSes)(JSON.stringify({ event: 'bounce', email: 'ann@example.com', bulkId: 'broken' }))
  await postTo(tencentSes)('{"event": "deliver')
  const shown = { clock, log: silent, timeZone: 'Asia/Shanghai' }
  const english = await startLocalConsole(stack, settings, { ...shown, language: 'en' })
  const chinese = await startLocalConsole(stack, settings, { ...shown, language: 'zh' })
  return {
    url: english.url,
    chineseUrl: chinese.url,
    dynamoDbEndpoint: stack.dynamoDbEndpoint,
    tablePrefix: stack.tablePrefix,
    nowMs,
    async stop() {
      await english.close()
      await chinese.close()
      await stack.stop()
    },
  }
}
