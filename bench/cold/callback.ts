import { tokenDigest } from '../../lib/ingest/token-digest.ts'
import { dayMs } from '../../lib/core/instant.ts'
import { callbackOf } from '../../local/simulated-ses/callback.ts'
import { makeTraffic } from '../../local/simulated-ses/traffic.ts'

const token = 'a-token-for-the-bench'

/** What ingest needs in its environment beside the tables. */
export const callbackSettings = { CALLBACK_TOKEN_SHA256: tokenDigest(token) }

/** Function URL events: as many callbacks of Tencent, each of a mail of its own that was delivered. */
export function deliveredCallbacks(count: number): readonly object[] {
  const mails = makeTraffic({ seed: 1, count: count * 2, fromMs: Date.UTC(2026, 10, 1), overMs: dayMs })
  const bodies = mails.flatMap((mail) => {
    const delivered = mail.timeline.find(({ kind }) => kind === 'delivered')
    return delivered ? [JSON.stringify(callbackOf(mail, delivered))] : []
  })
  if (bodies.length < count) throw new Error(`Of ${mails.length} mails ${bodies.length} were delivered.`)
  return bodies.slice(0, count).map((body) => ({
    version: '2.0',
    rawPath: `/tencent-ses/${token}`,
    headers: { 'content-type': 'application/json' },
    body,
    isBase64Encoded: false,
    requestContext: { http: { method: 'POST' } },
  }))
}
