import { expect, it } from '@jest/globals'
import {
  emailIdParts,
  keyOfSent,
  messageKeyOf,
  ownsMessage,
} from '../../../../lib/providers/sendcloud/email-id.ts'

const message = '1447054895514_15555555_32350_1350.sc-10_10_126_221-inbound'

it.each<[unknown, ReturnType<typeof emailIdParts>]>([
  [`${message}0$ben@example.com`, { message, recipient: 'ben@example.com' }],
  [`${message}12$ben@example.com`, { message, recipient: 'ben@example.com' }],
  [` <${message}0$ben@example.com> `, { message, recipient: 'ben@example.com' }],
  [`${message}0$b$en@example.com`, { message, recipient: 'b$en@example.com' }],
  [`${message}0$`, { message, recipient: '' }],
  // What stands beside angle brackets is part of the id, and no key may be so.
  [`x <${message}0$ben@example.com>`, undefined],
  [`<${message}0$ben@example.com>x`, { message: `<${message}`, recipient: 'ben@example.com>x' }],
  ['$ben@example.com', undefined],
  ['0$ben@example.com', undefined],
  [`${message}0`, undefined],
  ['task:1$ben@example.com', undefined],
  [5, undefined],
])('the emailId %j has %j', (emailId, parts) => {
  expect(emailIdParts(emailId)).toEqual(parts)
})

it.each([
  [`${message}7`, message],
  [message, message],
  // An index is at the end, and nowhere else.
  ['a-inbound7b', 'a-inbound7b'],
  ['abc7', 'abc7'],
  ['7', undefined],
])('a messageId with an index, %s, is the key %j', (text, key) => {
  expect(messageKeyOf(text)).toBe(key)
})

it.each([
  [`${message}0$ben@example.com`, message],
  [message, message],
  ['$', undefined],
])('what sending returned, %s, is the key %j', (returned, key) => {
  expect(keyOfSent(returned)).toBe(key)
})

it.each([
  [message, true],
  ['x-inbound', true],
  ['x-inbound3', true],
  ['task:sendcloud:1', true],
  ['1447054895514_1.sc-1', true],
  ['1447054895514_1.sx-1', false],
  ['x-inbound-y', false],
  ['qcloudses-30-251200670-date-20220601142439-8jolHvR2XcXC1', false],
])('%s has the shape of a message of SendCloud: %s', (key, owns) => {
  expect(ownsMessage(key)).toBe(owns)
})
