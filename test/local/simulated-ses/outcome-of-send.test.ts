import { describe, expect, it } from '@jest/globals'
import { outcomesOfSends } from '../../../local/simulated-ses/outcome-of-send.ts'

const nowMs = Date.parse('2026-11-21T04:00:05Z')
const message = 'qcloudses-30-251200670-date-20261121120000-Xk3TqPz7Lw0aB'
const sentAtMs = Date.parse('2026-11-21T04:00:00Z')
const send = { recipient: 'someone@example.com', message }

describe('a send of just now', () => {
  it('is delivered two seconds after it was recorded', () => {
    expect(outcomesOfSends([send], nowMs)).toMatchObject([
      {
        messageId: message,
        recipient: 'someone@example.com',
        sentAtMs,
        timeline: [{ kind: 'delivered', atMs: Date.parse('2026-11-21T04:00:07Z') }],
      },
    ])
  })

  it.each([
    ['of another provider', { message: '1795756704279_144383_11771_2575.sc-10_9_13_218-inbound' }],
    ['of two hours ago', { message: 'qcloudses-30-251200670-date-20261121100000-Xk3TqPz7Lw0aB' }],
  ])('comes to nothing where it is one %s', (_, other) => {
    expect(outcomesOfSends([{ ...send, ...other }], nowMs)).toEqual([])
  })
})
