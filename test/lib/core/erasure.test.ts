import { expect, it } from '@jest/globals'
import { isSentBefore } from '../../../lib/core/erasure.ts'
import { sampleMessage } from '../../events.ts'

const at = (time: string) => Date.parse(time)
const nowMs = at('2026-11-25T08:00:00Z')

// 2015-11-09T07:41:35.514Z
const claiming = '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound'
const claimingLater = '1795600000000_15555555_32350_1350.sc-10_10_126_221-inbound'

it.each<[string, Parameters<typeof isSentBefore>[0], string, boolean]>([
  ['as its key says', { message: sampleMessage }, '2022-06-01T06:24:40Z', true],
  ['as its key says', { message: sampleMessage }, '2022-06-01T06:24:39Z', false],
  [
    'as its key says, whatever was reported',
    { message: sampleMessage, requestedAtMs: nowMs },
    '2022-06-02T00:00:00Z',
    true,
  ],
  [
    'as was reported',
    { message: claiming, requestedAtMs: at('2026-11-22T08:00:00Z') },
    '2026-11-21T08:00:00Z',
    false,
  ],
  ['as its id claims', { message: claiming }, '2015-11-09T07:41:36Z', true],
  ['as its id claims', { message: claiming }, '2015-11-09T07:41:35Z', false],
  ['unless that is in the future', { message: claimingLater }, '2026-11-21T08:00:00Z', true],
  ['where nothing says when', { message: 'qcloud-ses-09af3b' }, '1970-01-01T00:00:00Z', true],
])('a message was sent before an erasure, %s: %j, %s, %s', (_why, sent, erased, isBefore) => {
  expect(isSentBefore(sent, at(erased), nowMs)).toBe(isBefore)
})
