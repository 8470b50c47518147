declare module 'dynamodb-admin' {
  import type { RequestListener } from 'node:http'
  import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'

  /** An Express application, whose own types are not installed. Source: dynamodb-admin 5.3.3. */
  export function createServer(options: { dynamoDbClient: DynamoDBClient }): RequestListener
}
