import { createServer } from 'node:http'
import { close, listen } from '../../../local/listening-server.ts'

/**
 * A DynamoDB that refuses every operation with one error, such as `AccessDeniedException`, but for those that are named:
 * they answer for any table.
 */
export async function startRefusingDynamoDb(
  error: string,
  but: Readonly<Record<string, (table: string, index?: string) => object>> = {},
): Promise<{ readonly endpoint: string; readonly stop: () => Promise<void> }> {
  const server = createServer((request, response) => {
    void (async () => {
      const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).toString()
      const operation = String(request.headers['x-amz-target']).replace(/.*\./, '')
      const { TableName, IndexName } = JSON.parse(body) as { TableName: string; IndexName?: string }
      const answer = but[operation]?.(TableName, IndexName) ?? { __type: `com.amazon.coral.service#${error}` }
      response.writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' })
      response.end(JSON.stringify(answer))
    })()
  })
  const port = await listen(server, 0, 'the test')
  return { endpoint: `http://127.0.0.1:${port}`, stop: () => close(server) }
}
