import { describe, expect, it } from '@jest/globals'
import { filled, inColumns, widthOf } from '../../cli/columns.ts'

describe('columns', () => {
  it('are as wide as a terminal shows them', () => {
    expect(
      inColumns([
        ['用户@例子.公司', 'bounced'],
        ['a@example.com', 'delivered'],
      ]),
    ).toEqual(['用户@例子.公司  bounced', 'a@example.com   delivered'])
  })

  it('have figures to the right, and no blanks at the end', () => {
    expect(
      inColumns(
        [
          ['date', 'mails', 'note'],
          ['2026-11-21', '7', ''],
        ],
        new Set([1]),
      ),
    ).toEqual(['date        mails  note', '2026-11-21      7'])
  })

  it('may be of nothing', () => {
    expect([widthOf([]), filled('', 2), inColumns([])]).toEqual([0, '  ', []])
  })
})
