import { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/**
 * A client whose every call ends: three tries, each within the time given. Endpoint, region and credentials come from
 * the environment as the AWS SDK itself defines it (`AWS_ENDPOINT_URL_DYNAMODB` among others).
 */
export function dynamoDbClient(requestTimeoutMs: number): DynamoDBClient {
  return new DynamoDBClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 500, requestTimeout: requestTimeoutMs, throwOnRequestTimeout: true },
  })
}
