import { zipSync } from 'fflate'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { scf } from 'tencentcloud-sdk-nodejs-scf'
import { scfClient } from '../../deploy/tencent/client.ts'
import {
  bringUp,
  obstacles,
  removeFunction,
  standing,
  urlOf,
  variablesOf,
  type Reached,
  type WantedFunction,
} from '../../deploy/tencent/deployment.ts'
import { startSimulatedScf, type SimulatedScf } from './simulated-scf.ts'

// With the SDK's own client, whose signatures the simulation verifies.

const credentials = { secretId: 'an-id', secretKey: 'a-key' }
let simulated: SimulatedScf
let reached: Reached
beforeEach(async () => {
  simulated = await startSimulatedScf(credentials)
  reached = { client: clientWith('a-key'), wait: () => Promise.resolve(), say: () => undefined }
})
afterEach(() => simulated.close())

const clientWith = (secretKey: string) =>
  scfClient(
    scf.v20180416.Client,
    {
      TENCENTCLOUD_SECRET_ID: 'an-id',
      TENCENTCLOUD_SECRET_KEY: secretKey,
      TENCENTCLOUD_SCF_ENDPOINT: simulated.url,
    },
    'ap-guangzhou',
  )

const zipOf = (text: string) =>
  zipSync({ 'index.js': new TextEncoder().encode(text) }, { mtime: '1980-01-01T00:00:00' })
const ingest: WantedFunction = {
  name: 'delivery-ledger-prod-ingest',
  description: 'Takes callbacks in',
  zip: zipOf('one'),
  handler: 'index.main_handler',
  runtime: 'Nodejs20.19',
  memoryMb: 512,
  timeoutSeconds: 10,
  environment: { TABLE_PREFIX: 'delivery-ledger-prod', CORRELATION_HEADER: '' },
  role: '',
  logset: '',
  logTopic: '',
  concurrencyMb: 10_240,
  hasUrl: true,
  cron: undefined,
}
const reconcile: WantedFunction = {
  ...ingest,
  name: 'delivery-ledger-prod-reconcile',
  timeoutSeconds: 840,
  role: 'delivery-ledger',
  concurrencyMb: undefined,
  asynchronous: { retries: 0, maxAgeSeconds: 300 },
  hasUrl: false,
  cron: '0 */5 * * * * *',
}
const both = [ingest, reconcile]

/** As the plugin deploys. */
async function deploy(wanted: readonly WantedFunction[] = both): Promise<(string | undefined)[]> {
  const found = await standing(
    reached,
    wanted.map(({ name }) => name),
  )
  const urls = []
  for (const one of wanted) urls.push(await bringUp(reached, one, found.get(one.name)))
  return urls
}
const actions = () => simulated.calls.map(({ action }) => action)
const stands = (name: string) => simulated.functions.get(`delivery-ledger-prod-${name}`)

function requireDeployed(): void {
  expect(stands('ingest')).toMatchObject({
    status: 'Active',
    environment: { TABLE_PREFIX: 'delivery-ledger-prod' },
    reservedMb: 10_240,
    asynchronous: undefined,
    parameters: { Runtime: 'Nodejs20.19', MemorySize: 512, Timeout: 10, Handler: 'index.main_handler' },
    triggers: [{ Type: 'http', TriggerName: 'url', Enable: 1, Qualifier: '$DEFAULT' }],
  })
  expect(stands('reconcile')).toMatchObject({
    status: 'Active',
    reservedMb: 0,
    asynchronous: { RetryConfig: [{ RetryNum: 0 }], MsgTTL: 300 },
    parameters: { Role: 'delivery-ledger', Timeout: 840 },
    triggers: [{ Type: 'timer', TriggerDesc: '{"cron":"0 */5 * * * * *"}', Enable: 1 }],
  })
}

describe('a deployment', () => {
  it('makes functions, triggers and limits, and answers the URL', async () => {
    expect(await deploy()).toEqual(['https://1250000000-url1.ap-guangzhou.tencentscf.com', undefined])
    requireDeployed()
    expect(simulated.functions.size).toBe(2)
    expect(
      simulated.calls.every(({ answer }) => answer === 'ok' || answer === 'ResourceNotFound.Function'),
    ).toBe(true)
  })

  it('changes code and settings the second time, and keeps URL and triggers', async () => {
    const [url] = await deploy()
    const before = simulated.calls.length
    const changed = { ...ingest, zip: zipOf('two'), memoryMb: 640, environment: { RETENTION_DAYS: '90' } }
    expect(await deploy([changed, reconcile])).toEqual([url, undefined])
    expect(stands('ingest')).toMatchObject({
      environment: { RETENTION_DAYS: '90' },
      parameters: { MemorySize: 640 },
    })
    expect(Buffer.from(stands('ingest')!.zip).equals(zipOf('two'))).toBe(true)
    expect(actions().slice(before)).not.toContain('CreateTrigger')
    expect(actions().slice(before)).not.toContain('UpdateTrigger')
  })

  it('puts a function into a private network with a way out, and takes it out again', async () => {
    const network = { vpcId: 'vpc-1a2b3c4d', subnetId: 'subnet-1a2b3c4d' }
    await deploy([{ ...ingest, network }])
    const inNetwork = {
      VpcConfig: { VpcId: 'vpc-1a2b3c4d', SubnetId: 'subnet-1a2b3c4d' },
      PublicNetConfig: { PublicNetStatus: 'ENABLE', EipConfig: { EipStatus: 'DISABLE' } },
    }
    expect(stands('ingest')?.parameters).toMatchObject(inNetwork)
    await deploy([{ ...ingest, network }])
    expect(stands('ingest')?.parameters).toMatchObject(inNetwork)
    await deploy([ingest])
    expect(stands('ingest')?.parameters).not.toHaveProperty('VpcConfig')
    await deploy([{ ...ingest, network }])
    expect(stands('ingest')?.parameters).toMatchObject(inNetwork)
  })

  it('reserves nothing any more where nothing is wanted', async () => {
    await deploy()
    await deploy([{ ...ingest, concurrencyMb: undefined }])
    expect(stands('ingest')?.reservedMb).toBe(0)
  })

  it('puts triggers right that somebody changed, and keeps the URL', async () => {
    const [url] = await deploy()
    const closed = { AuthType: 'CAM', NetConfig: { EnableExtranet: true, ExtranetUrl: url } }
    simulated.changeTrigger(ingest.name, 'http', { TriggerDesc: JSON.stringify(closed) })
    simulated.changeTrigger(reconcile.name, 'timer', { Enable: 0 })
    expect(await deploy()).toEqual([url, undefined])
    requireDeployed()
    expect(JSON.parse(stands('ingest')!.triggers[0]!.TriggerDesc)).toMatchObject({ AuthType: 'NONE' })
  })

  it('takes a bare cron for what it is', async () => {
    await deploy()
    simulated.changeTrigger(reconcile.name, 'timer', { TriggerDesc: '0 */5 * * * * *' })
    const before = simulated.calls.length
    await deploy()
    expect(actions().slice(before)).not.toContain('UpdateTrigger')
  })

  it('replaces a function whose creation failed', async () => {
    simulated.failCreations(true)
    await expect(deploy()).rejects.toThrow('delivery-ledger-prod-ingest is CreateFailed.')
    simulated.failCreations(false)
    await deploy()
    requireDeployed()
  })

  it('names what stands in the way of another runtime, and is not tried', async () => {
    await deploy()
    const older = { ...ingest, runtime: 'Nodejs18.15' }
    const found = await standing(reached, [ingest.name])
    expect(obstacles([older], found)).toEqual([
      expect.stringContaining('delivery-ledger-prod-ingest runs on Nodejs20.19, and SCF changes no function'),
    ])
    expect(obstacles([ingest], found)).toEqual([])
    expect(variablesOf(found.get(ingest.name))).toEqual({ TABLE_PREFIX: 'delivery-ledger-prod' })
  })

  it('says which call failed, with advice where the credentials are wrong', async () => {
    reached = { ...reached, client: clientWith('another-key') }
    await expect(deploy()).rejects.toThrow(
      /^GetFunction: .*AuthFailure\.SignatureFailure\)\. Are TENCENTCLOUD_SECRET_ID .* \(QcloudSCFFullAccess/,
    )
  })

  it('says which call failed where the connection broke', async () => {
    await deploy()
    simulated.failWhen(({ action }) => action === 'UpdateFunctionConfiguration', 'hang-up')
    await expect(deploy()).rejects.toThrow('UpdateFunctionConfiguration')
  })
})

describe('a deployment that ends at any call', () => {
  const countOfCalls = async (run: () => Promise<unknown>) => {
    const before = simulated.calls.length
    await run()
    return simulated.calls.length - before
  }

  it.each([
    ['first', 'before it is done', false],
    ['first', 'after it, with its answer lost', true],
    ['second', 'before it is done', false],
    ['second', 'after it, with its answer lost', true],
  ])('is brought to its end by the next, in a %s deploy, %s', async (which, _, isDone) => {
    const isFirst = which === 'first'
    const renewed = { ...ingest, zip: zipOf('two') }
    if (!isFirst) await deploy()
    const calls = await countOfCalls(() => deploy([renewed, reconcile]))
    expect(calls).toBe(isFirst ? 16 : 19)
    for (let at = 1; at <= calls; at += 1) {
      for (const { name } of both) await removeFunction(reached, name)
      if (!isFirst) await deploy()
      const number = simulated.calls.length + at
      const heal = isDone
        ? undefined
        : simulated.failWhen((call) => call.number === number, { code: 'InternalError' })
      if (isDone) simulated.loseAnswers((call) => call.number === number)
      await expect(deploy([renewed, reconcile])).rejects.toThrow()
      heal?.()
      simulated.loseAnswers(undefined)
      await deploy([renewed, reconcile])
      requireDeployed()
      expect(Buffer.from(stands('ingest')!.zip).equals(zipOf('two'))).toBe(true)
    }
  })
})

describe('a removal', () => {
  it('removes the functions with their triggers, and once more nothing', async () => {
    await deploy()
    expect(await urlOf(reached.client, ingest.name)).toMatch(/tencentscf\.com$/)
    expect(await removeFunction(reached, ingest.name)).toBe(true)
    expect(await removeFunction(reached, ingest.name)).toBe(false)
    expect([...simulated.functions.keys()]).toEqual([reconcile.name])
  })
})
