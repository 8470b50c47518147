import { expect, it } from '@jest/globals'
import { describeSubStatus, isKnownDescription } from '../../../../lib/providers/sendcloud/sub-status.ts'

it.each([
  ['506', 'not exist', true],
  ['506', 'NOT  EXIST!', true],
  ['506', '软退信: 邮箱地址不存在', true],
  ['506', 'Soft bounce - address does not exist', true],
  ['506', 'invalid email address does not exist', true],
  ['506', 'invalid mail not exist', true],
  // Of another number, or with words of a server.
  ['506', 'spam', false],
  ['506', 'not exist here', false],
  ['506', 'a soft bounce not exist', false],
  ['506', 'soft bounce x', false],
  ['508', 'sender/recipient rejected', true],
  ['508', 'sender/recipient rejected'.replace('/', ''), false],
  ['999', 'not exist', false],
  ['999', '', false],
  [undefined, 'not exist', false],
  [undefined, '', false],
])('the words of %s, %j, are its own: %s', (subStatus, description, isOwn) => {
  expect(isKnownDescription(subStatus, description)).toBe(isOwn)
})

it.each([
  ['506', 'not exist', '506 address does not exist'],
  ['506', '550 no such user', '506 address does not exist 550 no such user'],
  ['999', 'hello', '999 an undocumented sub-status hello'],
])('%s with %j is described as %s', (subStatus, description, text) => {
  expect(describeSubStatus(subStatus, description)).toBe(text)
})
