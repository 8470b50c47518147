import { randomUUID } from 'node:crypto'
import type { Context } from 'aws-lambda'

/** What the Lambda runtime hands a function beside the event. Node.js 24 functions have no callback style. */
export function lambdaContext(remainingMs: () => number): Context {
  const context: Omit<Context, 'done' | 'fail' | 'succeed'> = {
    awsRequestId: randomUUID(),
    callbackWaitsForEmptyEventLoop: false,
    functionName: 'local',
    functionVersion: '$LATEST',
    getRemainingTimeInMillis: remainingMs,
    invokedFunctionArn: 'arn:aws:lambda:local:000000000000:function:local',
    logGroupName: '/aws/lambda/local',
    logStreamName: 'local',
    memoryLimitInMB: '512',
  }
  return context as Context
}
