import { expect, it } from '@jest/globals'
import { isEvent } from '../../../../lib/providers/sendcloud/signature.ts'

const formType = 'application/x-www-form-urlencoded'
const isOne = (body: string, contentType = formType) => isEvent({ body: Buffer.from(body), contentType })

it.each([
  ['event=deliver&recipient=a%40example.com', true],
  ['event=deliver&emailId=1', true],
  ['event=request&recipientArray=%5B%5D', true],
  ['event=request&emailIds=%5B%5D', true],
  ['event=route&x_mx_rcptto=a%40example.com', true],
  ['event=route&to=a%40example.com', true],
  // By names that differ in case alone, too.
  ['Event=deliver&Recipient=a%40example.com', true],
  ['event=deliver', false],
  ['recipient=a%40example.com', false],
  ['event=deliver&from=a%40example.com', false],
  ['', false],
  ['hello', false],
])('a body %j has an event of a recipient: %s', (body, has) => {
  expect(isOne(body)).toBe(has)
})

it('an event must be text, and a body one that can be read', () => {
  expect(isOne('{"event":"deliver","recipient":"a@example.com"}', 'application/json')).toBe(true)
  expect(isOne('{"event":["deliver"],"recipient":"a@example.com"}', 'application/json')).toBe(false)
  expect(isOne('{"event":"deliver","recipient":', 'application/json')).toBe(false)
})
