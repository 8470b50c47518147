import type { Provider } from './provider.ts'
import { sendCloud } from './sendcloud.ts'
import { tencentSes } from './tencent-ses.ts'

/** Every provider whose callbacks are taken in. */
export const providers: readonly Provider[] = [tencentSes, sendCloud]
