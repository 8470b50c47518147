import { SSMClient } from '@aws-sdk/client-ssm'

/** A client whose every call ends. Account, region and endpoint are those of the environment. */
export function parameterStoreClient(): SSMClient {
  return new SSMClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  })
}
