import { SSMClient } from '@aws-sdk/client-ssm'

/** A client whose every call ends. The environment says of which account and region, and where the store is. */
export function parameterStoreClient(): SSMClient {
  return new SSMClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 5_000, throwOnRequestTimeout: true },
  })
}
