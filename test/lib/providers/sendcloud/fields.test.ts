import { describe, expect, it } from '@jest/globals'
import { documentedName, listOf, normalizedFields } from '../../../../lib/providers/sendcloud/fields.ts'

describe('a field', () => {
  it.each([
    ['sub_stat', 'substat'],
    ['subStat', 'substat'],
    ['mail_list_task_id', 'maillistTaskId'],
    ['recipientArray[]', 'recipientArray'],
    ['recipientArray[0]', 'recipientArray'],
    // Brackets in the middle are part of a name.
    ['recipientArray[0]x', 'recipientArray[0]x'],
    ['my_own', 'my_own'],
  ])('%s is documented as %s', (name, documented) => {
    expect(documentedName(name)).toBe(documented)
  })

  it.each<[string, readonly (readonly [string, unknown])[], unknown]>([
    ['once is its value', [['substat', '406']], '406'],
    [
      'twice, the same in both spellings',
      [
        ['substat', '406'],
        ['sub_stat', 406],
      ],
      '406',
    ],
    [
      'twice, with two values',
      [
        ['substat', '406'],
        ['sub_stat', '407'],
      ],
      ['406', '407'],
    ],
    [
      'three times, of which two are equal',
      [
        ['substat', '406'],
        ['sub_stat', '406'],
        ['subStat', '407'],
      ],
      ['406', '407'],
    ],
    [
      'as lists, is one list',
      [
        ['substat', ['1', '2']],
        ['sub_stat', ['2', '3']],
      ],
      ['1', '2', '3'],
    ],
    ['that is empty does not apply', [['substat', '']], undefined],
    ['that is null does not apply', [['substat', null]], undefined],
    ['counted from one, which is 0, does not apply', [['substat', 0]], undefined],
    ['counted from one, which is -1, does not apply', [['substat', '-1']], undefined],
    ['counted from one, which is 1, applies', [['substat', '1']], '1'],
  ])('%s', (_what, fields, value) => {
    expect(normalizedFields(new Map(fields)).get('substat')).toEqual(value)
  })

  it.each([
    ['timestamp', '0', '0'],
    ['message', '-1', '-1'],
    ['SC-Custom-Order', '', ''],
    ['sc-custom-order', null, null],
  ])('%s with %j applies', (name, value, kept) => {
    expect(normalizedFields(new Map([[name, value]])).get(name)).toEqual(kept)
  })
})

describe('a list', () => {
  it.each<[unknown, readonly unknown[]]>([
    [undefined, []],
    ['a@example.com', ['a@example.com']],
    [' a@example.com ', ['a@example.com']],
    [
      ['a@example.com', 'b@example.com'],
      ['a@example.com', 'b@example.com'],
    ],
    // A repeated field, each of which is a list.
    [
      ['["a@example.com"]', ' [b@example.com]', 'c'],
      ['a@example.com', 'b@example.com', 'c'],
    ],
    ['["a@example.com","b@example.com"]', ['a@example.com', 'b@example.com']],
    ["['a@example.com', u'b@example.com']", ['a@example.com', 'b@example.com']],
    ['[a@example.com, b@example.com]', ['a@example.com', 'b@example.com']],
    ['a@example.com;b@example.com', ['a@example.com', 'b@example.com']],
    [
      String.raw`"Lee, \"Ann\"; x" <ann@example.com>, ben@example.com`,
      [String.raw`"Lee, \"Ann\"; x" <ann@example.com>`, 'ben@example.com'],
    ],
    // A quote that does not end quotes nothing.
    ['a", b; c', ['a"', 'b', 'c']],
    // A bracket at one end alone is none.
    ['a@example.com, b]c', ['a@example.com', 'b]c']],
    ["'a, b'", ['a, b']],
    // It seems to be Python's, and is not.
    ["'a', b", [["'a', b"]]],
    [42, [42]],
    [null, [null]],
  ])('%j has %j', (value, entries) => {
    expect(listOf(value)).toEqual(entries)
  })
})
