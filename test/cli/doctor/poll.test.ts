import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { Check } from '../../../cli/doctor/check.ts'
import { checkPoll } from '../../../cli/doctor/poll.ts'
import { startSimulatedSes, type SimulatedSes } from '../../../local/simulated-ses/server.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { emulatedDeployment } from '../emulated-deployment.ts'

const deployment = emulatedDeployment()
const clock = virtualClock('2026-11-21T08:00:00Z')
const credentials = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }
const prod = { TABLE_PREFIX: 'delivery-ledger-prod', AWS_REGION: 'ap-southeast-1' }
const ofShell = {
  TENCENTCLOUD_SECRET_ID: credentials.secretId,
  TENCENTCLOUD_SECRET_KEY: credentials.secretKey,
}
let ses: SimulatedSes

beforeEach(async () => {
  ses = await startSimulatedSes({ port: 0, clock, ...credentials })
  deploy({})
})
afterEach(() => ses.close())

/** Deploys the reconcile function, whose poll asks the simulated SES. */
function deploy(environment: Readonly<Record<string, string>>): void {
  deployment.functions.functions.set('delivery-ledger-prod-reconcile', {
    environment: { SES_ENDPOINT: ses.url, SES_REGION: 'ap-singapore', SES_POLL: 'on', ...environment },
  })
}

function put(setting: string, Value: string): void {
  const name = `/delivery-ledger-prod/${setting}`
  deployment.store.parameters.set(name, { Value, Type: 'SecureString', Version: 1 })
}

function putCredentials(): void {
  put('TENCENTCLOUD_SECRET_ID', credentials.secretId)
  put('TENCENTCLOUD_SECRET_KEY', credentials.secretKey)
}

async function checked(environment: Readonly<Record<string, string>> = {}): Promise<Record<string, Check>> {
  const checks = await checkPoll({ ...prod, ...environment }, clock)
  return Object.fromEntries(checks.map((check) => [check.check, check]))
}

describe("a deployment's poll", () => {
  it('is asked as it was deployed, and with its own credentials', async () => {
    putCredentials()
    expect(await checked({ SES_REGION: 'ap-guangzhou', TENCENTCLOUD_SECRET_ID: 'of somebody else' })).toEqual(
      {
        settings: {
          check: 'settings',
          verdict: 'passed',
          found:
            'are read from delivery-ledger-prod-reconcile: SES_REGION is ap-singapore, and not ap-guangzhou as here',
        },
        parameters: { check: 'parameters', verdict: 'passed', found: "hold the poll's credentials" },
        'poll API': {
          check: 'poll API',
          verdict: 'passed',
          found:
            'accepts the credentials of the deployment; ap-singapore lists no mail of today: if you sent some, SES_REGION is another',
        },
        'block list': {
          check: 'block list',
          verdict: 'passed',
          found: 'may be read: ListBlackEmailAddress, ListCustomBlacklist',
        },
        'bounce list': {
          check: 'bounce list',
          verdict: 'not-checked',
          found: 'not checked: see emailStatus',
        },
        emailStatus: {
          check: 'emailStatus',
          verdict: 'not-checked',
          found:
            'is not set up: lost callbacks of SendCloud are not found. Who sends with it puts SENDCLOUD_API_USER and SENDCLOUD_API_KEY as parameters',
        },
      },
    )
  })

  it('names the permissions that the lists of the provider lack, unless they are not to be read', async () => {
    putCredentials()
    ses.failWhen(({ action }) => action.startsWith('List'), { code: 'UnauthorizedOperation' })
    expect((await checked())['block list']).toEqual({
      check: 'block list',
      verdict: 'failed',
      found: 'cannot be read into ours',
      advice:
        "ListBlackEmailAddress for 2026-11-21 2026-11-21 offset 0 failed: UnauthorizedOperation. Allow ses:ListBlackEmailAddress to the account of TENCENTCLOUD_SECRET_ID. ListCustomBlacklist for offset 0 failed: UnauthorizedOperation. Allow ses:ListCustomBlacklist to the account of TENCENTCLOUD_SECRET_ID. Or say by syncProviderLists: 'off' in serverless.yml (SYNC_PROVIDER_LISTS) that it is not to be.",
    })
    deploy({ SYNC_PROVIDER_LISTS: 'off' })
    expect((await checked())['block list']).toMatchObject({
      verdict: 'not-checked',
      found: 'is not read (SYNC_PROVIDER_LISTS=off)',
    })
  })

  it('says whose keys are refused, and how to put others', async () => {
    put('TENCENTCLOUD_SECRET_ID', 'AKIDanother')
    put('TENCENTCLOUD_SECRET_KEY', credentials.secretKey)
    expect((await checked(ofShell))['poll API']).toMatchObject({
      verdict: 'failed',
      found:
        'refuses the settings, asked with the credentials of the deployment (AuthFailure.SecretIdNotFound)',
      advice: expect.stringContaining('`npx ledger parameter put TENCENTCLOUD_SECRET_ID`'),
    })
  })

  it('fails where the deployment has no credentials, though this shell has some', async () => {
    const { parameters, 'poll API': api } = await checked(ofShell)
    expect(parameters).toEqual({
      check: 'parameters',
      verdict: 'failed',
      found: 'the deployment has no TENCENTCLOUD_SECRET_ID and no TENCENTCLOUD_SECRET_KEY',
      advice:
        "Run `npx ledger parameter put TENCENTCLOUD_SECRET_ID` and `npx ledger parameter put TENCENTCLOUD_SECRET_KEY`. Who sends with SendCloud alone needs none of it: `sesPoll: 'off'` in serverless.yml and a deploy say so (SES_POLL=off for one command).",
    })
    expect(api).toMatchObject({
      verdict: 'passed',
      found: expect.stringMatching(
        /^accepts the credentials of this shell, which may not be those of the deployment; ap-singapore/,
      ),
    })
  })

  it('has nobody to ask for where there are no credentials at all', async () => {
    put('TENCENTCLOUD_SECRET_ID', credentials.secretId)
    expect(await checked()).toMatchObject({
      parameters: { verdict: 'failed', found: 'the deployment has no TENCENTCLOUD_SECRET_KEY' },
      'poll API': { verdict: 'not-checked' },
    })
    expect(ses.calls).toEqual([])
  })

  it('needs no credentials where it is off', async () => {
    deploy({ SES_POLL: 'off' })
    const checks = await checked({ SES_POLL: 'on' })
    expect(checks['poll API']).toMatchObject({ verdict: 'not-checked', found: 'is off (SES_POLL=off)' })
    expect(checks.parameters).toBeUndefined()
  })
})

describe('parameters', () => {
  it('that may not be read are not missing', async () => {
    deployment.store.refuseWith = 'AccessDeniedException'
    expect((await checked()).parameters).toEqual({
      check: 'parameters',
      verdict: 'not-checked',
      found:
        'not checked: these AWS credentials may not read them; allow ssm:GetParameters on arn:aws:ssm:<region>:<account>:parameter/delivery-ledger-prod/TENCENTCLOUD_*, and kms:Decrypt where a key of your own encrypts them',
    })
  })

  it.each([
    ['ThrottledOutException', /^cannot be read: ThrottledOutException: /],
    ['TimeoutError', /^cannot be read: there was no answer in time$/],
    ['AbortError', /^cannot be read: there was no answer in time$/],
  ])('that cannot be read for another reason say for which: %s', async (refusal, found) => {
    deployment.store.refuseWith = refusal
    expect((await checked()).parameters).toMatchObject({
      verdict: 'failed',
      found: expect.stringMatching(found),
    })
  })
})

describe('the deployed settings', () => {
  it('that may not be read give way to those of this shell', async () => {
    deployment.functions.refuseWith = 'AccessDeniedException'
    putCredentials()
    const { settings, 'poll API': api } = await checked({ SES_ENDPOINT: ses.url, SES_REGION: 'ap-hongkong' })
    expect(settings).toEqual({
      check: 'settings',
      verdict: 'not-checked',
      found:
        'not checked: these AWS credentials may not read them; allow lambda:GetFunctionConfiguration on function:delivery-ledger-prod-reconcile. What follows is looked at with the settings of this shell',
    })
    expect(api).toMatchObject({
      verdict: 'passed',
      found: expect.stringContaining('of the deployment; ap-hongkong'),
    })
  })

  it('of a function that is not there are a failure', async () => {
    deployment.functions.functions.clear()
    expect((await checked({ SES_ENDPOINT: ses.url })).settings).toEqual({
      check: 'settings',
      verdict: 'failed',
      found: 'AWS knows no function delivery-ledger-prod-reconcile there',
      advice:
        'Check TABLE_PREFIX and AWS_REGION, or deploy: `npx serverless deploy --stage prod --region ap-southeast-1`.',
    })
  })
})
