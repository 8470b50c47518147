import { afterEach, describe, expect, it } from '@jest/globals'
import { checkPollApi } from '../../../cli/doctor/poll-api.ts'
import { startSimulatedSes, type SimulatedSes } from '../../../local/simulated-ses/server.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { mailAt } from '../../lib/reconcile/world.ts'

const clock = virtualClock('2026-11-21T08:00:00Z')
const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }
let ses: SimulatedSes

afterEach(() => ses.close())

/** The settings under which the simulated SES answers. */
async function settings(
  more: Readonly<Record<string, string>> = {},
  options: Partial<Parameters<typeof startSimulatedSes>[0]> = {},
): Promise<Record<string, string>> {
  ses = await startSimulatedSes({ port: 0, clock, ...credentials, ...options })
  return {
    SES_ENDPOINT: ses.url,
    TENCENTCLOUD_SECRET_ID: credentials.secretId,
    TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
    ...more,
  }
}

function refusal(code: string, advice: string): object {
  return {
    check: 'poll API',
    verdict: 'failed',
    found: `refuses the settings, asked with the credentials of this shell (${code})`,
    advice: `GetSendEmailStatus for 2026-11-21 at offset 0 failed: ${code}. ${advice}`,
  }
}

describe('the poll API', () => {
  it('is asked once, for the mails of today', async () => {
    const environment = await settings()
    ses.send(mailAt('2026-11-21T06:00:00Z', 'anna'))
    expect(await checkPollApi(environment, 'this shell', clock)).toEqual({
      check: 'poll API',
      verdict: 'passed',
      found: 'accepts the credentials of this shell; ap-guangzhou lists mails of today',
    })
    expect(ses.calls).toMatchObject([
      { action: 'GetSendEmailStatus', requestDate: '2026-11-21', offset: 0, answer: 'ok' },
    ])
  })

  it('may be that of another region where it knows no mail of today', async () => {
    expect(
      await checkPollApi(await settings({ SES_REGION: 'ap-hongkong' }), 'this shell', clock),
    ).toMatchObject({
      verdict: 'passed',
      found:
        'accepts the credentials of this shell; ap-hongkong lists no mail of today: if you sent some, SES_REGION is another',
    })
  })

  it.each([
    [
      'TENCENTCLOUD_SECRET_ID',
      'AuthFailure.SecretIdNotFound',
      'Set TENCENTCLOUD_SECRET_ID to a key that exists and is enabled: of a deployment by `npx ledger parameter put TENCENTCLOUD_SECRET_ID`.',
    ],
    [
      'TENCENTCLOUD_SECRET_KEY',
      'AuthFailure.SignatureFailure',
      'Set TENCENTCLOUD_SECRET_KEY to the key that belongs to TENCENTCLOUD_SECRET_ID: of a deployment by `npx ledger parameter put TENCENTCLOUD_SECRET_KEY`.',
    ],
  ])('names %s where that is wrong', async (name, code, advice) => {
    expect(await checkPollApi(await settings({ [name]: 'another' }), 'this shell', clock)).toEqual(
      refusal(code, advice),
    )
  })

  it('names the region where that is none of SES', async () => {
    expect(await checkPollApi(await settings({ SES_REGION: 'ap-beijing' }), 'this shell', clock)).toEqual(
      refusal(
        'UnsupportedRegion',
        'Set SES_REGION (of a deployment sesRegion in serverless.yml, and deploy) to a region of SES (ap-guangzhou, ap-hongkong, ap-singapore); it is ap-beijing.',
      ),
    )
  })

  it('names the clock where that is too far off', async () => {
    const environment = await settings({}, { checkSkewAgainst: () => Date.now() + 10 * 60_000 })
    expect(await checkPollApi(environment, 'this shell', clock)).toEqual(
      refusal('AuthFailure.SignatureExpire', "Set this machine's clock: it is more than five minutes off."),
    )
  })

  it('is to be asked again where it fails by itself', async () => {
    const environment = await settings()
    ses.failNext(1, { code: 'InternalError' })
    expect(await checkPollApi(environment, 'this shell', clock)).toEqual({
      check: 'poll API',
      verdict: 'failed',
      found: 'does not answer as it should (InternalError)',
      advice:
        'GetSendEmailStatus for 2026-11-21 at offset 0 failed: InternalError. Try again; should it stay so, check SES_ENDPOINT and the way there.',
    })
  })

  it('of the local stack is to be started where nothing answers', async () => {
    const environment = await settings()
    await ses.close()
    expect(await checkPollApi(environment, 'this shell', clock)).toMatchObject({
      found: 'does not answer as it should (NoAnswer)',
      advice: expect.stringMatching(/ECONNREFUSED.* Start the local stack \(npm start\)\.$/),
    })
    const deployed = { ...environment, TABLE_PREFIX: 'delivery-ledger-prod' }
    expect(await checkPollApi(deployed, 'the deployment', clock)).toMatchObject({
      advice: expect.stringMatching(/ Try again; should it stay so, check SES_ENDPOINT and the way there\.$/),
    })
    ses = await startSimulatedSes({ port: 0, clock, ...credentials })
  })

  it("is out of this machine's date where it knows nothing of today", async () => {
    const environment = await settings()
    expect(await checkPollApi(environment, 'this shell', virtualClock('2026-09-01T08:00:00Z'))).toMatchObject(
      {
        verdict: 'failed',
        found: expect.stringMatching(/^reports nothing for today \(.*NotSupportDate\)$/),
        advice: expect.stringMatching(/Check this machine's date\.$/),
      },
    )
  })

  it('is not asked with settings that are wrong', async () => {
    expect(await checkPollApi(await settings({ SES_REGION: '!' }), 'this shell', clock)).toEqual({
      check: 'poll API',
      verdict: 'failed',
      found: 'was not asked: the settings are wrong',
      advice:
        'Settings are missing or wrong: SES_REGION: expected a region such as ap-guangzhou, or several separated by commas',
    })
    expect(ses.calls).toEqual([])
  })

  it.each([
    [
      { TENCENTCLOUD_SECRET_KEY: '' },
      'not checked: there is no TENCENTCLOUD_SECRET_KEY to ask with. SES_POLL=off says that there is no poll',
    ],
    [
      { TENCENTCLOUD_SECRET_ID: '', TENCENTCLOUD_SECRET_KEY: '' },
      'not checked: there is no TENCENTCLOUD_SECRET_ID and no TENCENTCLOUD_SECRET_KEY to ask with. SES_POLL=off says that there is no poll',
    ],
    [{ SES_POLL: 'off' }, 'is off (SES_POLL=off)'],
    [{ SES_POLL: 'off', TENCENTCLOUD_SECRET_KEY: '' }, 'is off (SES_POLL=off)'],
  ])('is not asked with %j', async (more, found) => {
    expect(await checkPollApi(await settings(more), 'this shell', clock)).toEqual({
      check: 'poll API',
      verdict: 'not-checked',
      found,
    })
    expect(ses.calls).toEqual([])
  })
})
