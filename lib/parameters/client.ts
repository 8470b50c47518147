import { SSMClient } from '@aws-sdk/client-ssm'

/** A client whose every call ends: two tries, each within the time given. The environment says of which account and region. */
export function parameterStoreClient(requestTimeoutMs: number): SSMClient {
  return new SSMClient({
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 500, requestTimeout: requestTimeoutMs, throwOnRequestTimeout: true },
  })
}
