import { describe, expect, it } from '@jest/globals'
import { UnreadableRowError } from '../../../lib/rows/row.ts'
import { tombstoneIn } from '../../../lib/rows/tombstone-row.ts'

describe('a tombstone', () => {
  it('that cannot be read is reported with its place and its fault, and without its address', () => {
    const read = () => tombstoneIn('anna@example.com', { expiresAt: 1_798_272_000 }, 'the table tombstones')
    expect(read).toThrow(UnreadableRowError)
    expect(read).toThrow(/^A tombstone in the table tombstones cannot be read \(erasedAt: .+\)\./)
    expect(read).not.toThrow(/anna/)
    const misplaced = () =>
      tombstoneIn(
        'anna@example.com',
        { erasedAt: 'anna@example.com', expiresAt: 'anna@example.com' },
        'a table',
      )
    expect(misplaced).toThrow(UnreadableRowError)
    expect(misplaced).not.toThrow(/anna/)
  })
})
