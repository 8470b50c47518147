import { ses } from 'tencentcloud-sdk-nodejs-ses'
import { afterEach } from '@jest/globals'
import { startSimulatedSes } from '../../../local/simulated-ses/server.ts'
import type { SimulatedSes, SimulatedSesOptions } from '../../../local/simulated-ses/server.ts'

type Client = InstanceType<typeof ses.v20201002.Client>
interface ClientParts {
  secretId?: string
  secretKey?: string
  token?: string
  region?: string
}

const goodCredential = { secretId: 'AKIDsimulated', secretKey: 'simulated-secret-key' }

const running: SimulatedSes[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulated) => simulated.close()))
})

/** A server on a free port that is closed when the test is over. */
export async function startForTest(
  options: Pick<SimulatedSesOptions, 'clock'> & Partial<SimulatedSesOptions>,
): Promise<SimulatedSes> {
  const simulated = await startSimulatedSes({ port: 0, ...goodCredential, ...options })
  running.push(simulated)
  return simulated
}

/** Tencent's own client, with a good credential by default. */
export function clientOf({ url }: { url: string }, parts: ClientParts = {}): Client {
  const { region = 'ap-guangzhou', ...credential } = parts
  return new ses.v20201002.Client({
    credential: { ...goodCredential, ...credential },
    region,
    profile: { httpProfile: { endpoint: url.replace('http://', ''), protocol: 'http://', reqTimeout: 5 } },
  })
}

/** The code of Tencent's error, or the message where the SDK's error has none. */
export async function refusalOf(call: Promise<unknown>): Promise<string> {
  try {
    await call
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return 'code' in error && typeof error.code === 'string' ? error.code : error.message
  }
  throw new Error('the call was answered')
}
