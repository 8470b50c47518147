import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { readFile } from 'node:fs/promises'
import { startSimulatedScf, type SimulatedScf } from './simulated-scf.ts'
import { deployer, tencentProject, type TencentProject } from './tencent-project.ts'

// The `serverless` command itself, as a user runs it, against a simulated SCF.

const digest = '0'.repeat(64)
const shell = {
  CALLBACK_TOKEN_SHA256: digest,
  AWS_ACCESS_KEY_ID: 'a-key-id',
  AWS_SECRET_ACCESS_KEY: 'a-secret-key',
}
const settings = 'prod:\n  runRole: delivery-ledger\n  awsRegion: ap-east-1\n  retentionDays: 90\n'

let simulated: SimulatedScf
let project: TencentProject
beforeAll(async () => {
  simulated = await startSimulatedScf(deployer)
  project = await tencentProject(simulated.url)
})
afterAll(async () => {
  await project.remove()
  await simulated.close()
})
const stands = (name: string) => simulated.functions.get(`delivery-ledger-prod-${name}`)

describe('serverless, with serverless.tencent.yml,', () => {
  beforeEach(() => project.write('settings.tencent.yml', settings))

  it('deploys, deploys again, shows the callback URLs, and removes', async () => {
    const first = await project.serverless('deploy --stage prod', {
      ...shell,
      SENDCLOUD_APP_KEY: 'an-app-key',
    })
    const url = 'https://1250000000-url1.ap-guangzhou.tencentscf.com'
    const urls = [
      'callback URLs:',
      `  ${url}/tencent-ses/<token>`,
      `  ${url}/sendcloud/<token>`,
      `  ${url}/sent/<token>`,
    ].join('\n')
    expect(first).toContain(urls)
    expect(stands('ingest')).toMatchObject({
      reservedMb: 10_240,
      parameters: { Runtime: 'Nodejs20.19', Role: 'delivery-ledger', AutoCreateClsTopic: 'TRUE' },
      environment: {
        TABLE_PREFIX: 'delivery-ledger-prod',
        RETENTION_DAYS: '90',
        CALLBACK_TOKEN_SHA256: digest,
        SENDCLOUD_APP_KEY: 'an-app-key',
        AWS_REGION: 'ap-east-1',
        AWS_SECRET_ACCESS_KEY: 'a-secret-key',
      },
    })
    expect(stands('reconcile')).toMatchObject({
      environment: { SES_POLL: 'on', SES_REGION: 'ap-guangzhou' },
      asynchronous: { RetryConfig: [{ RetryNum: 0 }], MsgTTL: 300 },
      triggers: [{ Type: 'timer', TriggerDesc: '{"cron":"0 */5 * * * * *"}' }],
    })
    expect(stands('reconcile')?.environment).not.toHaveProperty('SENDCLOUD_APP_KEY')
    expect(first).not.toContain('an-app-key')
    expect(first).not.toContain('a-secret-key')

    // Secrets that the shell does not set stay; an empty one goes.
    const second = await project.serverless('deploy --stage prod', { SENDCLOUD_APP_KEY: '' })
    expect(second).toContain(urls)
    expect(stands('ingest')?.environment).toMatchObject({ CALLBACK_TOKEN_SHA256: digest })
    expect(stands('ingest')?.environment).not.toHaveProperty('SENDCLOUD_APP_KEY')

    expect(await project.serverless('info --stage prod')).toContain(urls)
    expect(await project.serverless('remove --stage prod')).toContain('The tables stay.')
    expect(simulated.functions.size).toBe(0)
    await expect(project.serverless('info --stage prod')).rejects.toThrow(
      'There is no function delivery-ledger-prod-ingest',
    )
  })
})

describe('serverless, with rows in PostgreSQL,', () => {
  const url = 'postgres://user:a-password@10.0.0.5:5432/ledger'

  it('deploys into a private network, and then to CloudBase, with an hourly timer', async () => {
    await project.write(
      'settings.tencent.yml',
      'prod:\n  runRole: delivery-ledger\n  vpcId: vpc-1a2b3c4d\n  subnetId: subnet-1a2b3c4d\n',
    )
    const said = await project.serverless('deploy --stage prod', {
      CALLBACK_TOKEN_SHA256: digest,
      DATABASE_URL: url,
    })
    expect(said).not.toContain('a-password')
    for (const name of ['ingest', 'reconcile']) {
      expect(stands(name)).toMatchObject({
        parameters: { VpcConfig: { VpcId: 'vpc-1a2b3c4d', SubnetId: 'subnet-1a2b3c4d' } },
        environment: { DATABASE_URL: url },
      })
    }
    expect(stands('reconcile')?.triggers).toMatchObject([{ TriggerDesc: '{"cron":"0 */5 * * * * *"}' }])

    await project.write(
      'settings.tencent.yml',
      'prod:\n  runRole: delivery-ledger\n  cloudbaseEnvId: my-env-1a2b3c\n',
    )
    await expect(project.serverless('deploy --stage prod')).rejects.toThrow(
      'DATABASE_URL and cloudbaseEnvId: expected one of them.',
    )
    await project.serverless('deploy --stage prod', { DATABASE_URL: '' })
    for (const name of ['ingest', 'reconcile']) {
      expect(stands(name)?.environment).toMatchObject({ CLOUDBASE_ENV_ID: 'my-env-1a2b3c' })
      expect(stands(name)?.environment).not.toHaveProperty('DATABASE_URL')
      expect(stands(name)?.parameters).not.toHaveProperty('VpcConfig')
    }
    expect(stands('reconcile')?.triggers).toMatchObject([{ TriggerDesc: '{"cron":"0 0 * * * * *"}' }])
    await project.serverless('remove --stage prod')
  })
})

describe('serverless refuses, before it makes anything,', () => {
  afterEach(() => {
    expect(simulated.functions.size).toBe(0)
  })

  it.each([
    [
      'a first deploy without a token',
      settings,
      { CALLBACK_TOKEN_SHA256: '' },
      '',
      'CALLBACK_TOKEN_SHA256 is not set.',
    ],
    [
      'a shell without credentials',
      settings,
      { TENCENTCLOUD_SECRET_KEY: '' },
      '',
      'This shell has no credentials',
    ],
    [
      'a poll without a run role',
      'prod:\n  awsRegion: ap-east-1\n',
      {},
      '',
      'runRole: expected the name of a CAM role',
    ],
    ['no store', 'prod:\n  runRole: r\n', {}, '', 'There is no store.'],
    [
      'two stores',
      'prod:\n  runRole: r\n  cloudbaseEnvId: my-env-1a2b3c\n',
      { DATABASE_URL: 'postgres://h/d' },
      '',
      'DATABASE_URL and cloudbaseEnvId: expected one of them.',
    ],
    [
      'a network without a subnet',
      'prod:\n  runRole: r\n',
      { DATABASE_URL: 'postgres://h/d' },
      ' --param=vpcId=vpc-1a2b3c4d',
      'subnetId: expected the id of a subnet',
    ],
    [
      'a setting that there is not',
      'prod:\n  retentionDay: 9\n',
      {},
      '',
      'settings.tencent.yml, under prod: there is no setting retentionDay',
    ],
    [
      'a wrong cron',
      settings,
      {},
      ' --param=schedule=rate(5)',
      'schedule: expected a cron of seven fields, or nothing',
    ],
    ['a wrong value', settings, {}, ' --param=retentionDays=x', 'retentionDays: expected a number of days'],
    [
      'another runtime',
      settings,
      {},
      ' --param=runtime=Nodejs16.13',
      'runtime: expected Nodejs20.19 or Nodejs18.15',
    ],
    [
      'more than the environment holds',
      settings,
      { SENDCLOUD_API_KEY: 'x'.repeat(4_096) },
      '',
      'The environment of reconcile has',
    ],
  ])('%s', async (_, text, ofShell, options, expected) => {
    await project.write('settings.tencent.yml', text)
    await expect(
      project.serverless(`deploy --stage prod${options}`, { ...shell, ...ofShell }),
    ).rejects.toThrow(expected)
  })
})

it('the example of settings can be deployed as it stands', async () => {
  const example = await readFile(new URL('../../settings.tencent.example.yml', import.meta.url), 'utf8')
  await project.write('settings.tencent.yml', example)
  const ofShell = {
    CALLBACK_TOKEN_SHA256: digest,
    DATABASE_URL: 'postgres://user:password@host:5432/database',
  }
  expect(await project.serverless('deploy --stage prod', ofShell)).toContain('callback URLs:')
  await project.serverless('remove --stage prod')
})
