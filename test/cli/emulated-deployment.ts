import { afterAll, beforeAll, beforeEach } from '@jest/globals'
import { startEmulatedFunctions, type EmulatedFunctions } from '../emulated-functions.ts'
import { startParameterStore, type EmulatedParameterStore } from '../emulated-parameter-store.ts'

/** What AWS reports about a deployment besides its tables. */
interface EmulatedDeployment {
  readonly functions: EmulatedFunctions
  readonly store: EmulatedParameterStore
  /** The variables under which a command finds both. */
  readonly endpoints: Readonly<Record<string, string>>
}

/** Lends one to the tests of a file, empty before each; this process finds it, too. */
export function emulatedDeployment(): EmulatedDeployment {
  const before = { ...process.env }
  let functions: EmulatedFunctions
  let store: EmulatedParameterStore
  // One for all: the AWS SDK keeps the endpoint that it first read.
  beforeAll(async () => {
    functions = await startEmulatedFunctions()
    store = await startParameterStore()
    Object.assign(process.env, endpointsOf(functions, store))
  })
  beforeEach(() => {
    functions.functions.clear()
    functions.refuseWith = undefined
    store.parameters.clear()
    store.refuseWith = undefined
  })
  afterAll(async () => {
    process.env = before
    await functions.stop()
    await store.stop()
  })
  return {
    get functions() {
      return functions
    },
    get store() {
      return store
    },
    get endpoints() {
      return endpointsOf(functions, store)
    },
  }
}

function endpointsOf(functions: EmulatedFunctions, store: EmulatedParameterStore): Record<string, string> {
  return {
    AWS_ENDPOINT_URL_LAMBDA: functions.endpoint,
    AWS_ENDPOINT_URL_SSM: store.url,
    AWS_REGION: 'ap-southeast-1',
    AWS_ACCESS_KEY_ID: 'emulated',
    AWS_SECRET_ACCESS_KEY: 'emulated',
    AWS_PROFILE: '',
  }
}
