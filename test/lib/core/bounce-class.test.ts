import { describe, expect, it } from '@jest/globals'
import type { BounceClass } from '../../../lib/core/event.ts'
import { bounceClassOfReply } from '../../../lib/core/bounce-class.ts'

describe('the class that a reply reports', () => {
  it.each<[string, BounceClass]>([
    ['451 try again later', 'soft'],
    ['452 4.2.2 mailbox full', 'soft'],
    ['421', 'soft'],
    ['450-4.2.1 over quota', 'soft'],
    ['4.7.0 greylisted', 'soft'],
    ['4.2.100 odd', 'soft'],
    ['  451 try again later', 'soft'],
    ['551 5.1.1 recipient is not exist', 'undetermined'],
    ['552 5.2.2 mailbox full', 'soft'],
    ['552 Quota exceeded', 'soft'],
    ['mailbox is full', 'soft'],
    ['552 5.3.4 message too large', 'undetermined'],
    ['550 4.2.1 contradicts itself', 'undetermined'],
    ['4510 is no reply code', 'undetermined'],
    ['45 is no reply code', 'undetermined'],
    ['4.2.1000 is no status code', 'undetermined'],
    ['4.1000.2 is no status code', 'undetermined'],
    ['4.2 is no status code', 'undetermined'],
    ['4 attempts failed', 'undetermined'],
    ['host said: 451 try again later', 'undetermined'],
    ['', 'undetermined'],
  ])('%j is %s', (reply, expected) => {
    expect(bounceClassOfReply(reply)).toBe(expected)
  })
})
