import { afterEach } from '@jest/globals'
import {
  startSimulatedSendCloud,
  type SimulatedSendCloud,
  type SimulatedSendCloudOptions,
} from '../../../local/simulated-sendcloud/server.ts'

/** With what one signs in at a server that a test starts. */
export const credentials = { apiUsers: ['example_trigger'], apiKey: 'simulated-api-key' }

const running: SimulatedSendCloud[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulated) => simulated.close()))
})

/** A server on a free port that is closed when the test is over. */
export async function startForTest(
  options: Pick<SimulatedSendCloudOptions, 'clock'> & Partial<SimulatedSendCloudOptions>,
): Promise<SimulatedSendCloud> {
  const simulated = await startSimulatedSendCloud({ port: 0, ...credentials, ...options })
  running.push(simulated)
  return simulated
}
