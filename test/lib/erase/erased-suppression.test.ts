import { describe, expect, it } from '@jest/globals'
import { emptySuppression, type Suppression } from '../../../lib/core/suppression.ts'
import { erasedSuppression } from '../../../lib/erase/erased-suppression.ts'

const erasedAtMs = Date.parse('2026-11-21T08:00:00Z')
const nowMs = Date.parse('2026-11-25T08:00:00Z')
const oldMail = 'qcloudses-30-251200670-date-20261120160000-old'
const newMail = 'qcloudses-30-251200670-date-20261123160000-new'

function left(
  known: Partial<Suppression>,
  keeps: 'held' | 'listed' | 'nothing' = 'held',
): Partial<Suppression> | undefined {
  const row = { ...emptySuppression('ann@example.com'), ...known }
  const suppression = erasedSuppression(row, { erasedAtMs, nowMs, blocklistDays: 14, keeps })
  if (suppression === undefined) return undefined
  // What is left is left again.
  expect(erasedSuppression(suppression, { erasedAtMs, nowMs, blocklistDays: 14, keeps: 'held' })).toEqual(
    suppression,
  )
  const sets = Object.entries(suppression).filter(
    ([name, lines]) => name !== 'recipient' && (lines as readonly string[]).length > 0,
  )
  return Object.fromEntries(sets)
}

describe('of a suppression there is left', () => {
  it.each<[string, Partial<Suppression>, Partial<Suppression> | undefined]>([
    [
      'each reason since its first evidence, and whose mail it is about',
      {
        evidence: [
          `2026-11-20T08:00:03Z hard-bounce tencent-ses ${oldMail} gone/mailbox-not-there 551 ann@example.com`,
          `2026-11-20T09:00:00Z hard-bounce tencent-ses ${oldMail} gone/mailbox-not-there 551`,
          `2026-11-20T10:00:00Z unsubscribe tencent-ses ${oldMail} from:news.example.com Mozilla`,
          '2026-11-20T11:00:00Z[operator] by-hand she called',
        ],
      },
      {
        evidence: [
          '2026-11-20T08:00:03Z hard-bounce - -',
          '2026-11-20T10:00:00Z unsubscribe - - from:news.example.com',
          '2026-11-20T11:00:00Z[operator] by-hand',
        ],
      },
    ],
    [
      'until when a listing holds',
      {
        blocklisted: [
          '2026-11-20T08:00:00Z[list] blocklist tencent-ses - until:2026-12-20T08:00:00Z 550 ann',
        ],
      },
      { blocklisted: ['2026-11-20T08:00:00Z[list] blocklist - - until:2026-12-20T08:00:00Z'] },
    ],
    [
      'a bounce where three unclear ones hold it',
      {
        unclearBounces: ['18', '19', '20'].map(
          (day) => `2026-11-${day}T08:00:00Z hard-bounce tencent-ses m${day} 550`,
        ),
      },
      { evidence: ['2026-11-20T08:00:00Z hard-bounce - -'] },
    ],
    [
      'nothing of one that does not hold',
      { unclearBounces: ['2026-11-20T08:00:00Z hard-bounce x m 550'] },
      undefined,
    ],
    [
      'nothing where it was taken off the list before',
      { evidence: [`2026-11-20T08:00:00Z complaint x ${oldMail}`], removals: ['2026-11-20T09:00:00.000Z'] },
      undefined,
    ],
    [
      'a removal after the erasure, so that nothing older counts',
      { evidence: ['2026-11-20T08:00:00Z complaint - -'], removals: ['2026-11-22T09:00:00.000Z'] },
      { removals: ['2026-11-22T09:00:00.000Z'] },
    ],
    [
      'all that is of later mail, and of a later objection to older mail that there is one',
      {
        evidence: [
          `2026-11-23T09:00:00Z complaint tencent-ses ${oldMail} as ann@example.com wrote`,
          `2026-11-23T10:00:00Z hard-bounce tencent-ses ${newMail} gone/mailbox-not-there 551`,
        ],
      },
      {
        evidence: [
          '2026-11-23T09:00:00Z complaint - -',
          `2026-11-23T10:00:00Z hard-bounce tencent-ses ${newMail} gone/mailbox-not-there 551`,
        ],
      },
    ],
  ])('%s', (_what, known, expected) => {
    expect(left(known)).toEqual(expected)
  })

  it('where it was erased as well, only what was learned later, or is read from a list again', () => {
    const known = {
      evidence: [
        `2026-11-20T08:00:00Z complaint tencent-ses ${oldMail}`,
        '2026-11-20T09:00:00Z[list] hard-bounce sendcloud - 550',
        `2026-11-23T09:00:00Z unsubscribe tencent-ses ${oldMail}`,
      ],
    }
    const later = '2026-11-23T09:00:00Z unsubscribe - -'
    expect(left(known, 'nothing')).toEqual({ evidence: [later] })
    expect(left(known, 'listed')).toEqual({ evidence: ['2026-11-20T09:00:00Z[list] hard-bounce - -', later] })
  })
})
