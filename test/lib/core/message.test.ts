import { describe, expect, it } from '@jest/globals'
import { isTaskKey, sentAtOf, taskMessageKey } from '../../../lib/core/message.ts'

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
