import {
  GetFunctionConfigurationCommand,
  GetFunctionUrlConfigCommand,
  LambdaClient,
  ResourceNotFoundException,
} from '@aws-sdk/client-lambda'
import type { Environment } from '../lib/runtime/config.ts'

/** The functions as AWS Lambda has them. */
export interface DeployedFunctions {
  /** The settings of a deployed function; `undefined` if it does not exist. */
  environmentOf(name: string): Promise<Environment | undefined>
  /** The public URL of a function; `undefined` if it has none, or does not exist. */
  urlOf(name: string): Promise<URL | undefined>
  close(): void
}

/** A client whose every call ends. Account and region are those of the environment. */
// Imported by cli/deployment-settings.ts when it is needed, which the check for unused exports does not see.
// ts-unused-exports:disable-next-line
export function deployedFunctions(requestTimeoutMs: number): DeployedFunctions {
  const client = new LambdaClient({
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: 1_000,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  })
  return {
    environmentOf: (FunctionName) =>
      unlessAbsent(async () => {
        const command = new GetFunctionConfigurationCommand({ FunctionName })
        const { Environment: { Variables = {}, Error: fault } = {} } = await client.send(command)
        // So it is where the key of its variables may not be used.
        if (fault) throw new Error(fault.Message ?? fault.ErrorCode ?? 'its variables cannot be read')
        return Variables
      }),
    urlOf: (FunctionName) =>
      unlessAbsent(async () => {
        const { FunctionUrl = '' } = await client.send(new GetFunctionUrlConfigCommand({ FunctionName }))
        return new URL(FunctionUrl)
      }),
    close() {
      client.destroy()
    },
  }
}

async function unlessAbsent<T>(look: () => Promise<T>): Promise<T | undefined> {
  try {
    return await look()
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined
    throw error
  }
}
