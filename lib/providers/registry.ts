import type { MessageKey } from '../core/message.ts'
import type { Provider } from './provider.ts'
import { sendCloud } from './sendcloud/sendcloud.ts'
import { sentWith } from './send-reports/send-reports.ts'
import { tencentSes } from './tencent-ses/tencent-ses.ts'

/** Every provider that sends mail for us. */
export const mailProviders: readonly Provider[] = [tencentSes, sendCloud]

/** Everyone whose bodies are taken in: those providers, and the application that sends with them. */
export const providers: readonly Provider[] = [...mailProviders, sentWith(mailProviders)]

/** Whose a message is, by the shape of its key; `undefined` where that says nothing. */
export function ownerOf(message: MessageKey): string | undefined {
  return mailProviders.find(({ ownsMessage }) => ownsMessage?.(message))?.name
}
