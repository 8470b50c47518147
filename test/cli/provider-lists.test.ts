import { PassThrough } from 'node:stream'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { registerSuppressions } from '../../cli/suppressions.ts'
import { systemClock } from '../../lib/runtime/clock.ts'
import { suppressionReader } from '../../lib/table/suppression-reader.ts'
import { suppressionWriter } from '../../lib/table/suppression-writer.ts'
import { startSimulatedSendCloud, type SimulatedSendCloud } from '../../local/simulated-sendcloud/server.ts'
import { startSimulatedSes, type SimulatedSes } from '../../local/simulated-ses/server.ts'
import { embeddedTables } from '../embedded-tables.ts'
import { mailAt } from '../lib/reconcile/world.ts'
import { messageAt } from '../local/simulated-sendcloud/sample-mail.ts'
import { captured, ledgerWith } from './captured.ts'
import { emulatedDeployment } from './emulated-deployment.ts'

const engine = embeddedTables()
const deployment = emulatedDeployment()
const environmentBefore = { ...process.env }
const now = jest.spyOn(systemClock, 'now')
const sleep = jest.spyOn(systemClock, 'sleep')
const at = (instant: string) => Date.parse(instant)
let nowMs: number
let ledger: string
let list: ReturnType<typeof suppressionWriter> & ReturnType<typeof suppressionReader>
let ses: SimulatedSes
let sendCloud: SimulatedSendCloud

beforeAll(() => {
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_DYNAMODB: engine.endpoint,
    AWS_REGION: 'local',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_PROFILE: '',
    TENCENTCLOUD_SECRET_ID: 'AKIDsimulated',
    TENCENTCLOUD_SECRET_KEY: 'simulated-secret-key',
    SENDCLOUD_API_USER: 'example_trigger',
    SENDCLOUD_API_KEY: 'a key',
  })
})
beforeEach(async () => {
  nowMs = at('2026-11-21T08:00:00Z')
  now.mockImplementation(() => nowMs)
  sleep.mockImplementation((ms) => {
    nowMs += ms
    return Promise.resolve()
  })
  const tables = await engine.freshTables()
  ledger = tables.prefix
  const to = { client: engine.client, table: tables.suppressions }
  list = { ...suppressionWriter(to), ...suppressionReader(to) }
  const [secretId, secretKey] = ['AKIDsimulated', 'simulated-secret-key']
  ses = await startSimulatedSes({ port: 0, clock: systemClock, secretId, secretKey })
  const signIn = { apiUsers: ['example_trigger'], apiKey: 'a key' }
  sendCloud = await startSimulatedSendCloud({ port: 0, clock: systemClock, ...signIn })
  Object.assign(process.env, { TABLE_PREFIX: ledger, SES_POLL: '', SENDCLOUD_API_USER: 'example_trigger' })
  deployment.functions.functions.set(`${ledger}-reconcile`, {
    environment: { SES_ENDPOINT: ses.url, SENDCLOUD_ENDPOINT: sendCloud.url, RETENTION_DAYS: '400' },
  })
  const bounced = { kind: 'bounced', atMs: at('2026-11-20T08:00:00Z'), bounceType: 'hard_bounce' } as const
  ses.send(mailAt('2026-11-20T07:00:00Z', 'gone', { timeline: [{ ...bounced, reason: '550 no such user' }] }))
  sendCloud.send(messageAt(at('2026-11-20T07:00:00Z'), 'gone', [bounced]))
})
afterEach(async () => {
  process.exitCode = undefined
  await ses.close()
  await sendCloud.close()
})
afterAll(() => {
  process.env = environmentBefore
  now.mockRestore()
  sleep.mockRestore()
})

/** What `ledger suppressions …` prints, on a terminal with an answer, or without one. */
async function ledgerSays(words: readonly string[], answer?: string) {
  const before = Object.getOwnPropertyDescriptor(process, 'stdin')!
  const value = Object.assign(new PassThrough(), { isTTY: answer !== undefined })
  value.end(answer)
  Object.defineProperty(process, 'stdin', { value, configurable: true })
  let error = ''
  try {
    const program = await ledgerWith(registerSuppressions)
    const said = await captured(async () => {
      await program.parseAsync(['suppressions', ...words], { from: 'user' }).catch((failure: unknown) => {
        error = failure instanceof Error ? failure.message : ''
      })
    })
    return { ...said, error, exitCode: process.exitCode }
  } finally {
    Object.defineProperty(process, 'stdin', before)
  }
}

const deletions = () => [
  ...ses.calls.map(({ action }) => action).filter((action) => action.startsWith('Delete')),
  ...sendCloud.calls.map(({ action }) => action).filter((action) => action.endsWith('/delete')),
]
const everyDeletion = [
  'DeleteBlackList',
  'DeleteCustomBlackList',
  'bounce/delete',
  'unsubscribe/delete',
  'complaint/delete',
]

describe('ledger suppressions remove --at-provider', () => {
  const remove = (words: readonly string[], answer?: string) =>
    ledgerSays(['remove', 'Gone@example.com', '--at-provider', ...words], answer)
  const plan = () =>
    'This takes gone@example.com off\n' +
    "  tencent-ses  DeleteBlackList        Tencent's blocklist, which bars an address for all its customers\n" +
    "  tencent-ses  DeleteCustomBlackList  the account's own blocklist at Tencent\n" +
    "  sendcloud    bounce/delete          SendCloud's list of bounces\n" +
    "  sendcloud    unsubscribe/delete     SendCloud's list of unsubscriptions\n" +
    "  sendcloud    complaint/delete       SendCloud's list of complaints\n" +
    `and then off the list of ${ledger}.\n`

  it('says what it will do, does it at each provider, and then here', async () => {
    await ledgerSays(['sync'])
    const { stdout, error } = await remove(['--yes'])
    expect(stdout).toBe(
      plan() +
        '  tencent-ses  DeleteBlackList        removed\n' +
        '  tencent-ses  DeleteCustomBlackList  was not on it\n' +
        '  sendcloud    bounce/delete          removed\n' +
        '  sendcloud    unsubscribe/delete     was not on it\n' +
        '  sendcloud    complaint/delete       was not on it\n' +
        `gone@example.com is off the list of ${ledger}. Whatever was known up to ${new Date(nowMs).toISOString()} no longer counts; anything newer that speaks against it brings it back, and so does \`ledger suppressions add\`.\n`,
    )
    expect(error).toBe('')
    const removed = await list.ofRecipient('gone@example.com')
    expect(removed?.removals).toHaveLength(1)
    const { stdout: found } = await ledgerSays(['sync'])
    expect(found).toBe('')
    expect(await list.ofRecipient('gone@example.com')).toEqual(removed)
  })

  it.each([
    ['y\n', everyDeletion],
    ['\n', []],
    ['no\n', []],
  ])('asks on a terminal, where %j is the answer', async (answer, expected) => {
    const { stderr, stdout, exitCode } = await remove([], answer)
    expect(stderr).toContain('Go on? (y/N) ')
    expect(deletions()).toEqual(expected)
    expect(stdout).toContain(expected.length > 0 ? 'was never on the list' : 'Nothing was changed.\n')
    expect(exitCode).toBe(expected.length > 0 ? undefined : 1)
  })

  it('does nothing where there is no terminal to ask on', async () => {
    const { stdout, error } = await remove([])
    expect(stdout).toBe(plan())
    expect(error).toBe(
      'Nothing was changed: there is no terminal to ask on. Say by --yes that it is meant, or look by --dry-run.',
    )
    expect(deletions()).toEqual([])
  })

  it('only says by --dry-run on which lists the address is', async () => {
    ses.failWhen(({ action }) => action === 'ListCustomBlacklist', { code: 'UnauthorizedOperation' })
    const { stdout } = await remove(['--dry-run'])
    expect(stdout).toContain(
      '  tencent-ses  DeleteBlackList        is on it since 2026-11-20T08:00:00Z (550 no such user)\n' +
        '  tencent-ses  DeleteCustomBlackList  cannot be read: ListCustomBlacklist for one address failed: UnauthorizedOperation. Allow ses:ListCustomBlacklist to the account of TENCENTCLOUD_SECRET_ID.\n' +
        '  sendcloud    bounce/delete          is on it since 2026-11-20T08:00:00Z until 2027-05-19T08:00:00Z\n' +
        '  sendcloud    unsubscribe/delete     is not on it\n',
    )
    expect(deletions()).toEqual([])
  })

  it('leaves the address on our list where a provider keeps it, and names the missing permission', async () => {
    await ledgerSays(['sync'])
    const known = await list.ofRecipient('gone@example.com')
    ses.failWhen(({ action }) => action === 'DeleteBlackList', { code: 'AuthFailure.UnauthorizedOperation' })
    sendCloud.failNext(1, { httpStatus: 503 })
    const { stdout, error } = await remove(['--yes'])
    expect(stdout).toContain(
      'DeleteBlackList        failed: DeleteBlackList for one address failed: AuthFailure.UnauthorizedOperation. Allow ses:DeleteBlackList to the account of TENCENTCLOUD_SECRET_ID.\n',
    )
    expect(stdout).toContain('  sendcloud    bounce/delete          removed\n')
    expect(error).toBe(
      `The list of ${ledger} is as it was, since a provider may still bar gone@example.com. Run it again once that is mended: what is off stays off.`,
    )
    expect(await list.ofRecipient('gone@example.com')).toEqual(known)
  })

  it('asks those providers alone that are set up', async () => {
    Object.assign(process.env, { SES_POLL: 'off' })
    await remove(['--yes'])
    expect(deletions()).toEqual(['bounce/delete', 'unsubscribe/delete', 'complaint/delete'])
    expect(ses.calls).toEqual([])
  })
})

describe('ledger suppressions sync', () => {
  const tencentLine = '2026-11-20T08:00:00Z[list] blocklist tencent-ses - 550 no such user'
  const sendCloudLine = '2026-11-20T08:00:00Z[list] blocklist sendcloud - until:2027-05-19T08:00:00Z'

  it('adds what our list lacks, once', async () => {
    const { stdout, stderr } = await ledgerSays(['sync'])
    expect(stdout).toBe(
      `gone@example.com  added: ${tencentLine}\n` + `gone@example.com  added: ${sendCloudLine}\n`,
    )
    expect(stderr).toContain('tencent-ses ListBlackEmailAddress: 1 row: 1 added, 0 known.\n')
    expect(stderr).toContain('sendcloud complaint/list: 0 rows: 0 added, 0 known.\n')
    const again = await ledgerSays(['sync', '--from', 'tencent-ses'])
    expect(again.stdout).toBe('')
    expect(again.stderr).toBe(
      'tencent-ses ListBlackEmailAddress: 1 row: 0 added, 1 known.\n' +
        'tencent-ses ListCustomBlacklist: 0 rows: 0 added, 0 known.\n',
    )
  })

  it('reads a year of SendCloud’s lists, ninety days at a time, as far as SendCloud reaches back', async () => {
    sendCloud.failWhen(({ parameters }) => parameters.endDate === '2026-05-25', { code: '40007' })
    const { stderr, exitCode } = await ledgerSays(['sync', '--from', 'sendcloud', '--dry-run'])
    const ranges = sendCloud.calls
      .filter(({ action }) => action === 'bounce/list')
      .map(({ parameters }) => `${parameters.startDate} ${parameters.endDate}`)
    expect(ranges).toEqual(['2026-08-24 2026-11-21', '2026-05-26 2026-08-23', '2026-02-25 2026-05-25'])
    expect(stderr).toContain('sendcloud bounce/list: 1 row: 1 would be added, 0 known.\n')
    expect(exitCode).toBeUndefined()
    expect(await Array.fromAsync(list.all())).toEqual([])
  })

  it('names who is at a provider still, and was taken off ours', async () => {
    await ledgerSays(['sync'])
    await list.remove('gone@example.com', nowMs)
    const { stdout } = await ledgerSays(['sync', '--from', 'tencent-ses'])
    expect(stdout).toBe(
      `gone@example.com  at the provider still (ListBlackEmailAddress, since 2026-11-20T08:00:00Z), and off the list of ${ledger}: the next mail is refused. \`ledger suppressions remove gone@example.com --at-provider\` takes it off there, too.\n`,
    )
    const { stdout: json } = await ledgerSays(['sync', '--from', 'tencent-ses', '--json'])
    expect(JSON.parse(json)).toEqual({
      type: 'still',
      list: 'ListBlackEmailAddress',
      recipient: 'gone@example.com',
      evidence: tencentLine,
    })
  })

  it('goes on with the other lists where one cannot be read, and ends with 1', async () => {
    ses.failWhen(({ action }) => action === 'ListBlackEmailAddress', { code: 'UnauthorizedOperation' })
    const { stdout, stderr, exitCode } = await ledgerSays(['sync'])
    expect(stdout).toBe(`gone@example.com  added: ${sendCloudLine}\n`)
    expect(stderr).toMatch(/ListBlackEmailAddress: 0 rows: .* Allow ses:ListBlackEmailAddress to the account/)
    expect(exitCode).toBe(1)
  })

  it('says which provider is not set up', async () => {
    process.env.SES_POLL = 'off'
    expect((await ledgerSays(['sync', '--from', 'tencent-ses'])).error).toBe(
      '--from tencent-ses: this provider is not set up.',
    )
    process.env.SENDCLOUD_API_USER = ''
    process.env.SENDCLOUD_API_KEY = ''
    expect((await ledgerSays(['sync'])).error).toMatch(/^No provider is set up/)
    process.env.SENDCLOUD_API_KEY = 'a key'
  })
})
