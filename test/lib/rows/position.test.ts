import { describe, expect, it } from '@jest/globals'
import { positionOf } from '../../../lib/rows/position.ts'

const like = { 'after recipient': '', 'after message': '' }
const expected =
  'Reading cannot go on from this position: expected {"after message": string, "after recipient": string}, found '
const whatToDo = '. Go on from a position that this table gave, or begin anew (a command: with --restart).'

describe('a position', () => {
  it('is what a page gave, in any order', () => {
    expect(positionOf('{"after message":"m","after recipient":"a@example.com"}', like)).toEqual({
      'after recipient': 'a@example.com',
      'after message': 'm',
    })
  })

  it.each([
    ['{"after recipient":"a@example.com"}', '{"after recipient": string}'],
    [
      '{"after recipient":"a@example.com","after message":"m","of":1}',
      '{"after message": string, "after recipient": string, "of": number}',
    ],
    [
      '{"after recipient":"a@example.com","after message":null}',
      '{"after message": null, "after recipient": string}',
    ],
    [
      '{"recipient":{"S":"a@example.com"},"message":{"S":"m"}}',
      '{"message": {"S": string}, "recipient": {"S": string}}',
    ],
    ['{}', '{}'],
    ['"a@example.com"', 'string'],
    ['a@example.com', 'what is no JSON'],
    ['', 'what is no JSON'],
  ])('of another table is refused, without its values: %j', (position, found) => {
    expect(() => positionOf(position, like)).toThrow(new Error(`${expected}${found}${whatToDo}`))
  })
})
