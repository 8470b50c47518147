import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals'
import type { SuppressionEvidence } from '../../../lib/core/suppression.ts'
import { isSuppressed, suppressionOf } from '../../../lib/client/is-suppressed.ts'
import { suppressionWriter } from '../../../lib/table/suppression-writer.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { sampleMessage } from '../../events.ts'
import { projectRoot } from '../../running-command.ts'

const execute = promisify(execFile)
const engine = embeddedTables()
const at = (time: string) => Date.parse(time)
const environmentBefore = { ...process.env }
let environment: Record<string, string>

const bounced = {
  reason: 'hard-bounce',
  occurredAtMs: at('2026-11-21T08:00:03Z'),
  source: 'callback',
  provider: 'tencent-ses',
  message: sampleMessage,
  judgement: { class: 'gone', rule: 'mailbox-not-there' },
  detail: '551 5.1.1 recipient is not exist',
} as const
const unclear = {
  ...bounced,
  judgement: { class: 'unknown', rule: 'no-rule' },
  isUnclear: true,
  detail: '550 denied',
} as const
const blocklisted = {
  reason: 'blocklist',
  occurredAtMs: at('2026-11-21T08:00:00Z'),
  source: 'poll',
  provider: 'tencent-ses',
  message: sampleMessage,
  detail: '1007 the address is on the blocklist',
} as const
const unsubscribed = {
  reason: 'unsubscribe',
  occurredAtMs: at('2026-11-21T09:00:00Z'),
  source: 'callback',
  provider: 'sendcloud',
  message: 'task:77',
  detail: '',
} as const
const byHand = {
  reason: 'by-hand',
  occurredAtMs: at('2026-11-22T10:00:00.250Z'),
  source: 'operator',
  detail: 'asked on the telephone',
} as const

/** Everything that is known, by whom it is about. */
const known: Readonly<Record<string, readonly Omit<SuppressionEvidence, 'recipient'>[]>> = {
  'gone@example.com': [bounced],
  'back@example.com': [bounced],
  'nobody@example.com': [
    {
      ...bounced,
      provider: 'sendcloud',
      judgement: { class: 'gone', rule: 'sub-stat-406' },
      detail: '406 address does not exist',
    },
  ],
  'silent@example.com': [{ ...bounced, detail: '' }],
  'blocked@example.com': [blocklisted],
  'blocked-and-asked@example.com': [blocklisted, byHand],
  'left@example.com': [{ ...unsubscribed, fromDomain: 'news.example.com' }],
  'left-both@example.com': [
    { ...unsubscribed, fromDomain: 'news.example.com' },
    { ...unsubscribed, fromDomain: 'shop.example.com', occurredAtMs: at('2026-11-21T10:00:00Z') },
  ],
  'left-somewhere@example.com': [unsubscribed],
  'left-and-angry@example.com': [unsubscribed, { ...unsubscribed, reason: 'complaint', message: 'task:78' }],
  'asked@example.com': [byHand],
  'twice@example.com': ['2026-11-01', '2026-11-02'].map((day, index) => ({
    ...unclear,
    occurredAtMs: at(`${day}T08:00:00Z`),
    message: `m${index}`,
  })),
  'thrice@example.com': ['2026-11-01', '2026-11-02', '2026-11-03'].map((day, index) => ({
    ...unclear,
    occurredAtMs: at(`${day}T08:00:00Z`),
    message: `m${index}`,
  })),
}

beforeAll(async () => {
  const tables = await engine.freshTables()
  environment = {
    ...engine.environmentOf(tables),
    // A profile would take the place of the keys.
    AWS_PROFILE: '',
  }
  // The environment is read at the first call, not when the module is imported.
  Object.assign(process.env, environment)
  const list = suppressionWriter({ client: engine.client, table: tables.suppressions })
  for (const [recipient, evidence] of Object.entries(known)) {
    for (const one of evidence) await list.suppress({ recipient, ...one })
  }
  const many = ['05', '06', '07'].map((day, index) => ({
    ...unclear,
    recipient: 'often@example.com',
    occurredAtMs: at(`2026-11-${day}T08:00:00Z`),
    message: `m${index}`,
  }))
  const full = { client: engine.client, table: tables.suppressions, limits: { unclearBounces: 1 } }
  for (const one of many) await suppressionWriter(full).suppress(one)
  await list.remove('back@example.com', at('2026-11-22T00:00:00Z'))
})
afterAll(() => {
  process.env = environmentBefore
})

describe('isSuppressed', () => {
  it.each([
    'gone@example.com',
    ' Gone@Example.COM ',
    'Somebody <gone@example.com>',
    '"Body, Some" <GONE@example.com>',
    '"gone"@example.com.',
    'gone@ｅｘａｍｐｌｅ。ｃｏｍ',
  ])("is true of '%s', who is on the list", async (recipient) => {
    expect(await isSuppressed(recipient)).toBe(true)
  })

  it('is false of an address of which nothing is known, and of one that was taken off the list', async () => {
    expect(await isSuppressed('somebody@example.com')).toBe(false)
    expect(await isSuppressed('back@example.com')).toBe(false)
  })

  it('is true from the third unclear bounce on', async () => {
    expect(await isSuppressed('twice@example.com')).toBe(false)
    expect(await isSuppressed('thrice@example.com')).toBe(true)
    expect(await isSuppressed('often@example.com')).toBe(true)
  })

  it.each([
    ['left@example.com', undefined, true],
    ['left@example.com', 'news.example.com', true],
    ['left@example.com', ' News.Example.COM. ', true],
    ['left@example.com', 'shop.example.com', false],
    ['left@example.com', 'example.com', false],
    ['left-both@example.com', 'shop.example.com', true],
    ['left-both@example.com', 'mail.example.com', false],
    ['left-somewhere@example.com', 'shop.example.com', true],
    ['left-and-angry@example.com', 'shop.example.com', true],
    ['gone@example.com', 'shop.example.com', true],
    ['asked@example.com', 'shop.example.com', true],
  ])('of %s for mail from %s is %s', async (recipient, fromDomain, expected) => {
    expect(await isSuppressed(recipient, { fromDomain })).toBe(expected)
  })

  it.each([
    ['left@example.com', ['unsubscribe'], false],
    ['left@example.com', ['complaint'], true],
    ['left@example.com', [], true],
    ['left-and-angry@example.com', ['unsubscribe'], true],
    ['left-and-angry@example.com', ['complaint', 'unsubscribe'], false],
    ['gone@example.com', ['unsubscribe'], true],
    ['gone@example.com', ['hard-bounce'], false],
    ['thrice@example.com', ['hard-bounce'], false],
    ['asked@example.com', ['by-hand'], false],
  ] as const)('of %s is, except for %j, %s', async (recipient, except, expected) => {
    expect(await isSuppressed(recipient, { except })).toBe(expected)
  })

  it('takes both at once', async () => {
    const receipt = { fromDomain: 'news.example.com', except: ['unsubscribe'] } as const
    expect(await isSuppressed('left@example.com', receipt)).toBe(false)
    expect(await isSuppressed('left-and-angry@example.com', receipt)).toBe(true)
  })

  it.each(['', 'gone', 'gone@example.com, back@example.com', 'gone@', 'go\u200bne@example.com'])(
    "refuses '%s', which is not one address, without repeating it",
    async (text) => {
      const refused = await isSuppressed(text).catch((error: unknown) => error)
      expect(refused).toBeInstanceOf(TypeError)
      expect((refused as Error).message).toBe(
        "isSuppressed: expected one email address, such as 'a@example.com' or 'Name <a@example.com>'; the argument is not one.",
      )
    },
  )

  it.each([
    [{ fromDomain: 'news@example.com' }, "expected fromDomain to be a domain, such as 'shop.example.com'."],
    [{ fromDomain: '' }, "expected fromDomain to be a domain, such as 'shop.example.com'."],
    [{ fromDomain: 7 }, "expected fromDomain to be a domain, such as 'shop.example.com'."],
    [
      { except: ['unsubscribed'] },
      'expected except to be a list of hard-bounce, complaint, unsubscribe, blocklist, by-hand.',
    ],
    [
      { except: 'unsubscribe' },
      'expected except to be a list of hard-bounce, complaint, unsubscribe, blocklist, by-hand.',
    ],
  ])('refuses %j rather than guess', async (sending, problem) => {
    for (const [name, ask] of Object.entries({ isSuppressed, suppressionOf })) {
      await expect(ask('gone@example.com', sending as never)).rejects.toThrow(
        new TypeError(`${name}: ${problem}`),
      )
    }
  })
})

describe('suppressionOf', () => {
  it('is nothing where nothing speaks against the address', async () => {
    expect(await suppressionOf('somebody@example.com')).toBeUndefined()
    expect(await suppressionOf('back@example.com')).toBeUndefined()
    expect(await suppressionOf('left@example.com', { fromDomain: 'shop.example.com' })).toBeUndefined()
    expect(await suppressionOf('gone@example.com', { except: ['hard-bounce'] })).toBeUndefined()
  })

  it('says of a hard bounce what the receiving server said', async () => {
    expect(await suppressionOf('Somebody <Gone@example.com>')).toEqual({
      reason: 'hard-bounce',
      since: new Date('2026-11-21T08:00:03Z'),
      provider: 'tencent-ses',
      message: sampleMessage,
      reply: '551 5.1.1 recipient is not exist',
    })
  })

  it.each([
    ["where the provider's number alone says it", 'nobody@example.com', 'sendcloud'],
    ['where nothing was said', 'silent@example.com', 'tencent-ses'],
  ])('has no reply %s', async (_, recipient, provider) => {
    expect(await suppressionOf(recipient)).toEqual({
      reason: 'hard-bounce',
      since: new Date('2026-11-21T08:00:03Z'),
      provider,
      message: sampleMessage,
    })
  })

  it('names the unclear bounce that made them enough', async () => {
    expect(await suppressionOf('thrice@example.com')).toEqual({
      reason: 'hard-bounce',
      since: new Date('2026-11-03T08:00:00Z'),
      provider: 'tencent-ses',
      message: 'm2',
      reply: '550 denied',
    })
  })

  it('names no message or words where there are more unclear bounces than the row holds', async () => {
    expect(await suppressionOf('often@example.com')).toEqual({
      reason: 'hard-bounce',
      since: new Date('2026-11-07T00:00:00Z'),
    })
  })

  it('names the domain from whose mail somebody unsubscribed, where it is known', async () => {
    const news = {
      reason: 'unsubscribe',
      since: new Date('2026-11-21T09:00:00Z'),
      provider: 'sendcloud',
      message: 'task:77',
    }
    expect(await suppressionOf('left-somewhere@example.com')).toEqual(news)
    expect(await suppressionOf('left@example.com')).toEqual({ ...news, fromDomain: 'news.example.com' })
    expect(await suppressionOf('left-both@example.com', { fromDomain: 'shop.example.com' })).toEqual({
      ...news,
      since: new Date('2026-11-21T10:00:00Z'),
      fromDomain: 'shop.example.com',
    })
  })

  it('names no provider or message where an operator put the address there', async () => {
    expect(await suppressionOf('asked@example.com')).toEqual({
      reason: 'by-hand',
      since: new Date('2026-11-22T10:00:00.250Z'),
    })
  })

  it('refuses what is not one address', async () => {
    await expect(suppressionOf('gone')).rejects.toThrow(/^suppressionOf: expected one email address/)
  })
})

describe("a provider's own list", () => {
  const now = jest.spyOn(Date, 'now')
  afterAll(() => {
    now.mockRestore()
  })

  it('counts for 14 days after the last that was heard of it', async () => {
    now.mockReturnValue(at('2026-12-05T07:59:59.999Z'))
    expect(await isSuppressed('blocked@example.com')).toBe(true)
    expect(await suppressionOf('blocked@example.com')).toEqual({
      reason: 'blocklist',
      since: new Date('2026-11-21T08:00:00Z'),
      until: new Date('2026-12-05T08:00:00Z'),
      provider: 'tencent-ses',
      message: sampleMessage,
    })
    now.mockReturnValue(at('2026-12-05T08:00:00Z'))
    expect(await isSuppressed('blocked@example.com')).toBe(false)
    expect(await suppressionOf('blocked@example.com')).toBeUndefined()
  })

  it('gives way to a reason that lasts, though it is the earlier one', async () => {
    now.mockReturnValue(at('2026-11-23T00:00:00Z'))
    expect(await suppressionOf('blocked-and-asked@example.com')).toMatchObject({ reason: 'by-hand' })
    expect(await suppressionOf('blocked-and-asked@example.com', { except: ['by-hand'] })).toMatchObject({
      reason: 'blocklist',
    })
  })
})

describe('isSuppressed in an application that is bundled into one file', () => {
  let folder: string
  let bundle: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'delivery-ledger-'))
    bundle = join(folder, 'is-suppressed.mjs')
    await execute(join(projectRoot, 'node_modules/.bin/esbuild'), [
      join(projectRoot, 'lib/client/is-suppressed.ts'),
      `--outfile=${bundle}`,
      '--bundle',
      '--platform=node',
      '--format=esm',
      '--main-fields=module,main',
    ])
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** Asks in a Node of its own, with nothing in its environment but what is given. */
  async function asked(
    recipient: string,
    settings: Record<string, string>,
    now = '2026-11-27T00:00:00Z',
  ): Promise<string> {
    const script = `
      import { isSuppressed } from ${JSON.stringify(pathToFileURL(bundle).href)}
      Date.now = () => ${at(now)}
      console.log(await isSuppressed(process.argv[1]).catch((error) => error.name))`
    const { stdout } = await execute(
      process.execPath,
      ['--no-deprecation', '--input-type=module', '--eval', script, recipient],
      { env: { ...environment, ...settings } },
    )
    return stdout.trim()
  }

  it('answers from the list, and lets the process end', async () => {
    expect(await asked('Somebody <gone@example.com>', {})).toBe('true')
    expect(await asked('back@example.com', {})).toBe('false')
  })

  it.each([
    [{}, '2026-12-05T07:59:59Z', 'true'],
    [{}, '2026-12-05T08:00:00Z', 'false'],
    [{ BLOCKLIST_DAYS: '3' }, '2026-11-24T07:59:59Z', 'true'],
    [{ BLOCKLIST_DAYS: '3' }, '2026-11-24T08:00:00Z', 'false'],
    [{ BLOCKLIST_DAYS: '0' }, '2026-11-21T08:00:00Z', 'false'],
    [{ BLOCKLIST_DAYS: '3650' }, '2036-11-18T00:00:00Z', 'true'],
    [{ BLOCKLIST_DAYS: 'never' }, '2026-11-24T08:00:00Z', 'ConfigError'],
    [{ BLOCKLIST_DAYS: '3651' }, '2026-11-24T08:00:00Z', 'ConfigError'],
  ])(
    "holds evidence of a provider's own list as long as %j says: at %s is %s",
    async (settings, now, answer) => {
      expect(await asked('blocked@example.com', settings, now)).toBe(answer)
    },
  )

  it('throws where the list is out of reach', async () => {
    expect(await asked('gone@example.com', { TABLE_PREFIX: 'nobodys' })).toBe('ResourceNotFoundException')
    expect(await asked('gone@example.com', { TABLE_PREFIX: 'a prefix' })).toBe('ConfigError')
    const nobodyThere = { AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1' }
    expect(await asked('gone@example.com', nobodyThere)).toMatch(/Error$/)
  })
})
