import { request as requestByHttp } from 'node:http'
import { request as requestByHttps } from 'node:https'
import { text } from 'node:stream/consumers'
import { authorizationOf } from './sigv4.ts'

// The bound of how small and fast ingest can get: one UpdateItem like ours for one Tencent event, without any package. It
// looks at no token, checks nothing, tries nothing again and keeps nothing that it cannot read.

interface Callback {
  readonly email: string
  readonly bulkId: string
  readonly timestamp: number
  readonly sentTimestamp: number
  readonly username: string
  readonly subject: string
}

// ts-unused-exports:disable-next-line
export async function handler(event: { readonly body: string }): Promise<object> {
  const status = await post('UpdateItem', updateOf(JSON.parse(event.body) as Callback))
  return status === 200
    ? { statusCode: 200, headers: { 'content-type': 'application/json' }, body: '{"recorded":1}' }
    : { statusCode: 503 }
}

function updateOf({ email, bulkId, timestamp, sentTimestamp, username, subject }: Callback): object {
  const at = (seconds: number) => `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`
  const columns = { provider: 'tencent-ses', messageId: bulkId, account: username, subject }
  const once = Object.keys(columns).map((column) => `${column} = if_not_exists(${column}, :${column})`)
  const sets = [...once, '#status = :status', 'statusRank = :rank', 'expiresAt = :expiresAt'].join(', ')
  return {
    TableName: `${process.env.TABLE_PREFIX ?? ''}-deliveries`,
    Key: { recipient: { S: email.toLowerCase() }, message: { S: bulkId } },
    UpdateExpression: `SET ${sets} ADD requested :requested, delivered :delivered REMOVE pending`,
    ConditionExpression:
      '(attribute_not_exists(statusRank) OR statusRank < :rank) AND (attribute_not_exists(delivered) OR size(delivered) < :room)',
    ExpressionAttributeNames: { '#status': 'status' },
    ExpressionAttributeValues: {
      ...Object.fromEntries(Object.entries(columns).map(([column, value]) => [`:${column}`, { S: value }])),
      ':status': { S: 'delivered' },
      ':rank': { N: '50' },
      ':room': { N: '50' },
      ':requested': { SS: [at(sentTimestamp)] },
      ':delivered': { SS: [at(timestamp)] },
      ':expiresAt': { N: String(timestamp + 400 * 86_400) },
    },
  }
}

/** Answers DynamoDB's status. */
async function post(operation: string, input: object): Promise<number | undefined> {
  const {
    AWS_REGION = '',
    AWS_ACCESS_KEY_ID = '',
    AWS_SECRET_ACCESS_KEY = '',
    AWS_SESSION_TOKEN,
  } = process.env
  const { AWS_ENDPOINT_URL_DYNAMODB: url = `https://dynamodb.${AWS_REGION}.amazonaws.com` } = process.env
  const { host, protocol } = new URL(url)
  const body = JSON.stringify(input)
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    host,
    'x-amz-date': new Date().toISOString().replace(/[-:]|\.\d+/g, ''),
    ...(AWS_SESSION_TOKEN !== undefined && { 'x-amz-security-token': AWS_SESSION_TOKEN }),
    'x-amz-target': `DynamoDB_20120810.${operation}`,
  }
  const credentials = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY }
  const authorization = authorizationOf({ headers, body }, credentials, AWS_REGION, 'dynamodb')
  const request = protocol === 'https:' ? requestByHttps : requestByHttp
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', headers: { ...headers, authorization } }, (response) => {
      text(response).then(() => {
        resolve(response.statusCode)
      }, reject)
    })
      .once('error', reject)
      .end(body)
  })
}
