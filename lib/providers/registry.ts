import type { Provider } from './provider.ts'
import { sendCloud } from './sendcloud/sendcloud.ts'
import { sentWith } from './send-reports/send-reports.ts'
import { tencentSes } from './tencent-ses/tencent-ses.ts'

/** Every provider that sends mail for us. */
export const mailProviders: readonly Provider[] = [tencentSes, sendCloud]

/** Every sender of bodies that are accepted: those providers, and the application that sends with them. */
export const providers: readonly Provider[] = [...mailProviders, sentWith(mailProviders)]
