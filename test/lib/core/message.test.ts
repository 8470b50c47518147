import { describe, expect, it } from '@jest/globals'
import {
  isTaskKey,
  sentAtOf,
  taskMessageKey,
  claimedSentAtOf,
  identifierIn,
  isIdentifier,
} from '../../../lib/core/message.ts'

describe('the instant inside a MessageId', () => {
  it.each([
    ['qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1', '2022-06-01T06:24:39Z'],
    ['qcloudses-30-251200670-date-20220601000000-8jolHvR2XcXC1', '2022-05-31T16:00:00Z'],
    ['qcloudses-30-251200670-date-20220531235959-8jolHvR2XcXC1', '2022-05-31T15:59:59Z'],
    ['qcloudses-30-251200670-date-20280229120000-8jolHvR2XcXC1', '2028-02-29T04:00:00Z'],
    ['qcloudses-30-251200670-date-20270101075959-8jolHvR2XcXC1', '2026-12-31T23:59:59Z'],
    ['qcloudses-30-1-date-20220601142439-a-date-b', '2022-06-01T06:24:39Z'],
  ])('of %s is %s', (message, instant) => {
    expect(sentAtOf(message)).toBe(Date.parse(instant))
  })

  it.each([
    ['the 31st of February', 'qcloudses-30-251200670-date-20220231142439-8jolHvR2XcXC1'],
    ['the 29th of February in a common year', 'qcloudses-30-251200670-date-20260229142439-8jolHvR2XcXC1'],
    ['month 13', 'qcloudses-30-251200670-date-20221301142439-8jolHvR2XcXC1'],
    ['day 0', 'qcloudses-30-251200670-date-20220600142439-8jolHvR2XcXC1'],
    ['hour 24', 'qcloudses-30-251200670-date-20220601240000-8jolHvR2XcXC1'],
    ['minute 60', 'qcloudses-30-251200670-date-20220601146000-8jolHvR2XcXC1'],
    ['second 60', 'qcloudses-30-251200670-date-20220601142460-8jolHvR2XcXC1'],
    ['the year 0', 'qcloudses-30-251200670-date-00000101142439-8jolHvR2XcXC1'],
    ['the year 50', 'qcloudses-30-251200670-date-00500101142439-8jolHvR2XcXC1'],
    ['a digit too few', 'qcloudses-30-251200670-date-2022060114243-8jolHvR2XcXC1'],
    ['a digit too many', 'qcloudses-30-251200670-date-202206011424390-8jolHvR2XcXC1'],
    ['the older shape', 'qcloud-ses-09af3b'],
    ['another prefix', 'x-qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1'],
    ['a task', 'task:20220601142439'],
    ['nothing', ''],
  ])('is absent from %s', (_what, message) => {
    expect(sentAtOf(message)).toBeUndefined()
  })
})

describe('the key of a batch task', () => {
  it('names the task', () => {
    expect(taskMessageKey('123456')).toBe('task:123456')
  })

  it.each([
    ['task:123456', true],
    ['qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1', false],
    ['qcloud-ses-09af3b', false],
    ['mytask:1', false],
  ])('%s is one: %s', (message, expected) => {
    expect(isTaskKey(message)).toBe(expected)
  })
})

describe('an identifier', () => {
  it.each([
    ['qcloud-ses-09af3b', true],
    ['a', true],
    ['x'.repeat(512), true],
    ['x'.repeat(513), false],
    // 513 bytes in UTF-8.
    [`${'é'.repeat(256)}x`, false],
    ['é'.repeat(256), true],
    ['', false],
    ['a b', false],
    [' a', false],
    ['a ', false],
    ['a#b', false],
    ['a\u200bb', false],
    ['a\u0000b', false],
    ['a\ufffdb', false],
  ])('%j can be a key: %s', (text, can) => {
    expect(isIdentifier(text)).toBe(can)
  })

  it.each([
    ['<a@example.com>', 'a@example.com'],
    [' \t<a@example.com> \n', 'a@example.com'],
    ['  a@example.com  ', 'a@example.com'],
    ['< a >', 'a'],
    ['x<a>', 'x<a>'],
    ['<a>x', '<a>x'],
    ['<a<b>', '<a<b>'],
    ['<>', undefined],
    ['a b', undefined],
    ['\ufeffa', undefined],
  ])('in %j is %j', (text, identifier) => {
    expect(identifierIn(text)).toBe(identifier)
  })
})

describe('the digits at the head of an id of SendCloud', () => {
  it.each([
    ['1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound', 1_447_054_895_514],
    ['1447054895514_1.sc-', 1_447_054_895_514],
    ['144705489551_15555555.sc-10', undefined],
    ['14470548955140_15555555.sc-10', undefined],
    ['x1447054895514_15555555.sc-10', undefined],
    ['1447054895514_15555555-sc-10', undefined],
    ['1447054895514_a.sc-10', undefined],
  ])('of %s claim %j', (message, claimed) => {
    expect(claimedSentAtOf(message)).toBe(claimed)
  })
})
