import { describe, expect, it } from '@jest/globals'
import {
  requireRetention,
  warningOf,
  withDeployedSettings,
  withPollCredentials,
} from '../../cli/deployment-settings.ts'
import { emulatedDeployment } from './emulated-deployment.ts'

const deployment = emulatedDeployment()
const names = ['RETENTION_DAYS', 'INBOUND_RETENTION_DAYS']
const prod = { TABLE_PREFIX: 'delivery-ledger-prod' }
const reconcile = 'delivery-ledger-prod-reconcile'

describe('the settings of a command', () => {
  it('are those of the deployment, but for what the shell sets', async () => {
    deployment.functions.functions.set(reconcile, {
      environment: {
        TABLE_PREFIX: 'another',
        RETENTION_DAYS: '90',
        SES_REGION: 'ap-singapore',
        SENDCLOUD_ENDPOINT: '',
        SENDCLOUD_REQUESTS_PER_SECOND: '',
        SES_POLL: 'on',
        SES_REQUESTS_PER_SECOND: '2',
        SENDS_RECORDED: 'on',
        SWEEP_AGES_DAYS: '7,29',
        SES_ENDPOINT: '',
        CORRELATION_HEADER: 'SC-Custom-Order',
        SOMETHING_ELSE: 'x',
      },
    })
    const { environment } = await withDeployedSettings({ ...prod, RETENTION_DAYS: '30' }, 'reconcile')
    expect(environment).toEqual({
      TABLE_PREFIX: 'delivery-ledger-prod',
      RETENTION_DAYS: '30',
      SES_REGION: 'ap-singapore',
      SENDCLOUD_ENDPOINT: '',
      SENDCLOUD_REQUESTS_PER_SECOND: '',
      SES_POLL: 'on',
      SES_REQUESTS_PER_SECOND: '2',
      SENDS_RECORDED: 'on',
      SWEEP_AGES_DAYS: '7,29',
      SYNC_PROVIDER_LISTS: '',
      BLOCKLIST_DAYS: '',
      CORRELATION_HEADER: 'SC-Custom-Order',
      RFC_MESSAGE_ID_INDEX: '',
      SES_ENDPOINT: '',
      INBOUND_RETENTION_DAYS: '',
    })
  })

  it('are asked of nobody for the local stack', async () => {
    deployment.functions.refuseWith = 'AccessDeniedException'
    expect(await withDeployedSettings({ RETENTION_DAYS: '' }, 'ingest')).toEqual({ environment: {} })
  })

  it.each([
    [
      'AccessDeniedException',
      'these AWS credentials may not read them; allow lambda:GetFunctionConfiguration on function:delivery-ledger-prod-ingest',
    ],
    [undefined, 'AWS knows no function delivery-ledger-prod-ingest there'],
    ['TeaPotException', 'TeaPotException: no'],
  ])('are those of the shell where AWS answers %s, and why is shown', async (refusal, why) => {
    deployment.functions.refuseWith = refusal
    const settings = await withDeployedSettings(prod, 'ingest')
    expect(settings).toMatchObject({ environment: prod, unread: { why } })
    expect(warningOf(settings)).toBe(
      `What delivery-ledger-prod was deployed with is not known: ${why}. SES_REGION and the others are as this shell sets them, or as they are by default.\n`,
    )
  })
})

describe('a command that writes', () => {
  it.each([
    {},
    { TABLE_PREFIX: 'delivery-ledger-local' },
    { TABLE_PREFIX: 'delivery-ledger-local', AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000' },
    { TABLE_PREFIX: 'delivery-ledger-prod', RETENTION_DAYS: '400', INBOUND_RETENTION_DAYS: '30' },
  ])('may write into %j', (environment) => {
    expect(() => {
      requireRetention({ environment }, ...names)
    }).not.toThrow()
  })

  it('may not write into a deployment of unknown retention', () => {
    const environment = { TABLE_PREFIX: 'delivery-ledger-prod', RETENTION_DAYS: '' }
    const unread = { because: 'absent', why: 'AWS knows no function x there' } as const
    expect(() => {
      requireRetention({ environment, unread }, ...names)
    }).toThrow(
      'Set RETENTION_DAYS and INBOUND_RETENTION_DAYS to what delivery-ledger-prod was deployed with (400 and 30 unless you changed them): rows that are written take their retention from it. It could not be read: AWS knows no function x there.',
    )
    expect(() => {
      requireRetention({ environment }, 'RETENTION_DAYS')
    }).toThrow('(400 unless you changed it)')
  })
})

describe('the credentials of a poll by hand', () => {
  const put = (setting: string, Value: string) =>
    deployment.store.parameters.set(`/delivery-ledger-prod/${setting}`, {
      Value,
      Type: 'SecureString',
      Version: 1,
    })

  it("are the deployment's own", async () => {
    put('TENCENTCLOUD_SECRET_ID', 'AKID')
    put('TENCENTCLOUD_SECRET_KEY', 'key')
    expect(await withPollCredentials(prod)).toEqual({
      ...prod,
      TENCENTCLOUD_SECRET_ID: 'AKID',
      TENCENTCLOUD_SECRET_KEY: 'key',
    })
  })

  it("are the shell's where it sets them", async () => {
    const set = { ...prod, TENCENTCLOUD_SECRET_ID: 'mine', TENCENTCLOUD_SECRET_KEY: 'mine, too' }
    put('TENCENTCLOUD_SECRET_ID', 'AKID')
    expect(await withPollCredentials(set)).toEqual(set)
  })

  it('are needed by no poll that is off', async () => {
    const off = { ...prod, SES_POLL: 'off' }
    expect(await withPollCredentials(off)).toEqual(off)
  })

  it('say how they are put where the deployment has none', async () => {
    put('TENCENTCLOUD_SECRET_ID', 'AKID')
    await expect(withPollCredentials(prod)).rejects.toThrow(
      "delivery-ledger-prod has no TENCENTCLOUD_SECRET_KEY: `npx ledger parameter put TENCENTCLOUD_SECRET_KEY`. Who sends with SendCloud alone needs none of it: `sesPoll: 'off'` in serverless.yml and a deploy say so (SES_POLL=off for one command).",
    )
  })

  it('are whole, or none', async () => {
    await expect(withPollCredentials({ ...prod, TENCENTCLOUD_SECRET_ID: 'mine' })).rejects.toThrow(
      "TENCENTCLOUD_SECRET_KEY: not set here, though others of the poll's credentials are. Set all of them, or none: then the deployment's own are taken.",
    )
  })

  it('say what is to be allowed where they may not be read', async () => {
    deployment.store.refuseWith = 'AccessDeniedException'
    await expect(withPollCredentials(prod)).rejects.toThrow(
      "The poll's credentials are not set here, and the deployment's could not be read: these AWS credentials may not read them; allow ssm:GetParameters on arn:aws:ssm:<region>:<account>:parameter/delivery-ledger-prod/TENCENTCLOUD_*, and kms:Decrypt where a key of your own encrypts them.",
    )
  })
})
