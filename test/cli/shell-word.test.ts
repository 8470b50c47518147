import { execFileSync } from 'node:child_process'
import { describe, expect, it } from '@jest/globals'
import { shellWord } from '../../cli/shell-word.ts'

describe('an address in a command that is offered', () => {
  it('is as it is where a shell takes it so', () => {
    expect(shellWord('first.last+tag_1@sub-domain.example.com')).toBe(
      'first.last+tag_1@sub-domain.example.com',
    )
  })

  it.each([
    'a&id&b@example.com',
    '`id`@example.com',
    '$HOME@example.com',
    "o'brien@example.com",
    'a|b@example.com',
  ])('is one word of a shell: %s', (address) => {
    expect(shellWord(address)).not.toBe(address)
    expect(execFileSync('sh', ['-c', `printf %s ${shellWord(address)}`], { encoding: 'utf8' })).toBe(address)
  })
})
