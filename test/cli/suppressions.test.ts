import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { CommandError } from '../../cli/command-error.ts'
import { registerSuppressions } from '../../cli/suppressions.ts'
import { systemClock } from '../../lib/clock.ts'
import type { SuppressionEvidence } from '../../lib/core/suppression.ts'
import { suppressionReader } from '../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { sampleMessage } from '../events.ts'
import { printedBy } from './printed-by.ts'

const engine = embeddedTables()
const at = (time: string) => Date.parse(time)
const environmentBefore = { ...process.env }
const now = jest.spyOn(systemClock, 'now')
let list: ReturnType<typeof suppressionWriter> & ReturnType<typeof suppressionReader>
let ledger: string

const hardBounce: SuppressionEvidence = {
  recipient: 'gone@example.com',
  reason: 'hard-bounce',
  occurredAtMs: at('2026-11-21T08:00:03Z'),
  source: 'callback',
  provider: 'tencent-ses',
  message: sampleMessage,
  detail: '551 5.1.1 recipient is not exist',
}
const hardBounceLine = `2026-11-21T08:00:03Z hard-bounce tencent-ses ${sampleMessage} 551 5.1.1 recipient is not exist`
const complaint: SuppressionEvidence = {
  ...hardBounce,
  recipient: 'angry@example.com',
  reason: 'complaint',
  occurredAtMs: at('2026-11-20T08:00:00Z'),
  detail: '',
}

beforeAll(() => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_PROFILE: '',
  })
})
beforeEach(async () => {
  const tables = await engine.freshTables()
  ledger = tables.prefix
  process.env.TABLE_PREFIX = tables.prefix
  const to = { client: engine.client, table: tables.suppressions }
  list = { ...suppressionWriter(to), ...suppressionReader(to) }
  now.mockReturnValue(at('2026-11-23T10:00:00.250Z'))
})
afterAll(() => {
  process.env = environmentBefore
  now.mockRestore()
})

/** What `ledger suppressions …` prints. */
function printed(...words: readonly string[]): Promise<string> {
  return printedBy(registerSuppressions, 'suppressions', ...words)
}

describe('ledger suppressions list', () => {
  beforeEach(async () => {
    for (const one of [hardBounce, complaint, { ...hardBounce, recipient: 'back@example.com' }]) {
      await list.suppress(one)
    }
    await list.remove('back@example.com', at('2026-11-22T00:00:00Z'))
  })

  it('prints who is on the list and why, by address', async () => {
    expect(await printed('list')).toBe(
      'angry@example.com  complaint    2026-11-20T08:00:00Z\n' +
        'gone@example.com   hard-bounce  2026-11-21T08:00:03Z\n',
    )
  })

  it('prints those who were taken off it, too, where asked', async () => {
    expect(await printed('list', '--all')).toBe(
      'angry@example.com  complaint    2026-11-20T08:00:00Z\n' +
        'back@example.com   hard-bounce  2026-11-21T08:00:03Z  off the list since 2026-11-22T00:00:00.000Z\n' +
        'gone@example.com   hard-bounce  2026-11-21T08:00:03Z\n',
    )
  })

  it('prints those of one reason', async () => {
    expect(await printed('list', '--reason', 'complaint')).toMatch(/^angry@\S+ +complaint +\S+\n$/)
    expect(await printed('list', '--reason', 'unsubscribe')).toBe(
      `The list of ${ledger} holds no such address.\n`,
    )
    await expect(printed('list', '--reason', 'whim')).rejects.toThrow(
      /Allowed choices are hard-bounce, complaint,/,
    )
  })

  it('prints JSON for programs', async () => {
    expect(JSON.parse(await printed('list', '--all', '--json'))).toEqual([
      {
        recipient: 'angry@example.com',
        isSuppressed: true,
        reason: 'complaint',
        since: '2026-11-20T08:00:00Z',
        provider: 'tencent-ses',
        message: sampleMessage,
        evidence: [`2026-11-20T08:00:00Z complaint tencent-ses ${sampleMessage}`],
        removals: [],
      },
      {
        recipient: 'back@example.com',
        isSuppressed: false,
        evidence: [hardBounceLine],
        removals: ['2026-11-22T00:00:00.000Z'],
      },
      expect.objectContaining({ recipient: 'gone@example.com' }),
    ])
    expect(JSON.parse(await printed('list', '--reason', 'unsubscribe', '--json'))).toEqual([])
  })
})

describe('ledger suppressions show', () => {
  it('prints why an address is on the list and all that happened, in order of time', async () => {
    await list.suppress(hardBounce)
    await list.remove('gone@example.com', at('2026-11-22T00:00:00Z'))
    const unsubscribed = {
      reason: 'unsubscribe',
      provider: 'sendcloud',
      message: 'task:77',
      detail: '',
    } as const
    await list.suppress({ ...hardBounce, ...unsubscribed, occurredAtMs: at('2026-11-22T07:00:00Z') })
    expect(await printed('show', 'Somebody <Gone@example.com>')).toBe(
      [
        'gone@example.com  on the list',
        '  reason    unsubscribe',
        '  since     2026-11-22T07:00:00Z',
        '  provider  sendcloud',
        '  message   task:77',
        '',
        `  ${hardBounceLine}`,
        '  2026-11-22T00:00:00.000Z taken off the list',
        '  2026-11-22T07:00:00Z unsubscribe sendcloud task:77',
        '',
      ].join('\n'),
    )
    expect(JSON.parse(await printed('show', 'gone@example.com', '--json'))).toMatchObject({
      isSuppressed: true,
      reason: 'unsubscribe',
      removals: ['2026-11-22T00:00:00.000Z'],
    })
  })

  it('prints that an address is off the list', async () => {
    await list.suppress(hardBounce)
    await list.remove('gone@example.com', at('2026-11-22T00:00:00Z'))
    expect(await printed('show', 'gone@example.com')).toMatch(
      /^gone@example\.com {2}off the list\n\n {2}2026-11-21/,
    )
  })

  it('says so of an address that is not known, and of what is none', async () => {
    const unknown = new CommandError(`This recipient was never on the list, as far as ${ledger} knows.`)
    await expect(printed('show', 'somebody@example.com')).rejects.toThrow(unknown)
    await expect(printed('show', 'somebody')).rejects.toThrow('Expected one email address')
  })
})

describe('ledger suppressions add', () => {
  const line = '2026-11-23T10:00:00.250Z[operator] by-hand asked on the telephone'

  it('puts an address on the list by hand', async () => {
    expect(await printed('add', 'Some@Example.com', '--note', 'asked on\nthe telephone')).toBe(
      `some@example.com is on the list of ${ledger}: ${line}\n`,
    )
    expect(await list.ofRecipient('some@example.com')).toMatchObject({ isSuppressed: true, evidence: [line] })
  })

  it('says where it was there already', async () => {
    await list.suppress(hardBounce)
    expect(await printed('add', 'gone@example.com')).toBe(
      `gone@example.com is on the list of ${ledger}, as it was already: ${hardBounceLine}\n`,
    )
    expect((await list.ofRecipient('gone@example.com'))?.evidence).toHaveLength(2)
  })

  it('says so where the clock of this machine is behind a removal', async () => {
    await list.suppress(hardBounce)
    await list.remove('gone@example.com', at('2026-11-24T00:00:00Z'))
    await expect(printed('add', 'gone@example.com')).rejects.toThrow(
      /taken off the list at 2026-11-24T00:00:00\.000Z, later than this machine's clock/,
    )
  })
})

describe('ledger suppressions remove', () => {
  it('takes an address off the list and says what brings it back', async () => {
    await list.suppress(hardBounce)
    expect(await printed('remove', 'gone@example.com')).toBe(
      `gone@example.com is off the list of ${ledger}. Whatever was told up to 2026-11-23T10:00:00.250Z no longer counts; anything newer that speaks against it brings it back, and so does \`ledger suppressions add\`.\n`,
    )
    expect((await list.ofRecipient('gone@example.com'))?.isSuppressed).toBe(false)
    expect(await printed('remove', 'gone@example.com')).toContain(
      `is off the list of ${ledger}, as it was already. `,
    )
  })

  it('says so of an address that was never on the list', async () => {
    await expect(printed('remove', 'somebody@example.com')).rejects.toThrow(/was never on the list/)
    expect(await Array.fromAsync(list.all())).toEqual([])
  })

  it('says so where evidence is later than the clock of this machine', async () => {
    await list.suppress({ ...hardBounce, occurredAtMs: at('2026-11-24T00:00:00Z') })
    await expect(printed('remove', 'gone@example.com')).rejects.toThrow(
      "It stays on the list: there is evidence of 2026-11-24T00:00:00Z, later than this machine's clock says it is.",
    )
    expect((await list.ofRecipient('gone@example.com'))?.isSuppressed).toBe(true)
  })
})
