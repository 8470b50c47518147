import { beforeAll, describe, expect, it } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import * as v from 'valibot'
import { createHandler } from '../../../functions/query.ts'
import openApi from '../../../lib/query/openapi.json' with { type: 'json' }
import type { FunctionUrlHandler } from '../../../lib/runtime/http/function-url.ts'
import { lambdaContext } from '../../../local/lambda-context.ts'
import { virtualClock } from '../../../local/virtual-clock.ts'
import { embeddedTables } from '../../embedded-tables.ts'
import { noDeadline } from '../../no-deadline.ts'
import { queryNow, queryToken, queryWorld, sharedMessage } from '../../query-world.ts'

// The document, what the function answers, and the document's own examples, each held against the others.

const engine = embeddedTables()
let handler: FunctionUrlHandler
let unreachable: FunctionUrlHandler

beforeAll(async () => {
  const { environment } = await queryWorld(engine)
  const runtime = {
    clock: virtualClock(queryNow),
    log: () => undefined,
    dynamoDb: () => engine.clientAs('query'),
  }
  handler = createHandler(environment, { ...runtime, deadline: noDeadline })
  unreachable = createHandler(environment, { ...runtime, deadline: () => AbortSignal.abort() })
})

/** Each example, by where it stands, and the request that it answers. */
const requests: Readonly<Record<string, Parameters<typeof ask>>> = {
  'GET /suppressions/{address} 200 bounced': ['/suppressions/anna@example.com'],
  'GET /suppressions/{address} 200 unsubscribed': ['/suppressions/cara@example.com'],
  'GET /suppressions/{address} 200 listed': ['/suppressions/dora@example.com'],
  'GET /suppressions/{address} 200 unknown': ['/suppressions/nobody@example.com'],
  'GET /deliveries 200 ofRecipient': ['/deliveries', 'recipient=ben@example.com&limit=1'],
  'GET /deliveries 200 ofEmailId': ['/deliveries', `emailId=${sharedMessage}1$cara@example.com`],
  'GET /deliveries 200 none': ['/deliveries', 'messageId=no-such-message'],
  'BadRequest limit': ['/deliveries', 'recipient=ben@example.com&limit=soon'],
  'Unauthorized wrong': ['/deliveries', '', { token: 'another' }],
  'MethodNotAllowed post': ['/deliveries', '', { method: 'POST' }],
  'TooLong long': ['/deliveries', 'm'.repeat(7_990)],
  'Unavailable table': ['/suppressions/anna@example.com', '', { isUnreachable: true }],
}

interface How {
  readonly token?: string
  readonly method?: string
  readonly isUnreachable?: boolean
}

async function ask(rawPath: string, rawQueryString = '', how: How = {}) {
  const { token = queryToken, method = 'GET', isUnreachable = false } = how
  const answer = await (isUnreachable ? unreachable : handler)(
    {
      rawPath,
      rawQueryString,
      headers: { authorization: `Bearer ${token}` },
      requestContext: { http: { method } },
    },
    lambdaContext(() => 10_000),
  )
  return { status: answer.statusCode, headers: answer.headers, body: JSON.parse(answer.body) as unknown }
}

const content = v.record(
  v.string(),
  v.object({
    schema: v.unknown(),
    examples: v.optional(v.record(v.string(), v.object({ value: v.unknown() })), {}),
  }),
)
const response = v.object({
  headers: v.optional(v.record(v.string(), v.unknown()), {}),
  content: v.optional(content, {}),
})
const operation = v.object({
  parameters: v.optional(v.array(v.object({ in: v.string(), name: v.string() })), []),
  responses: v.record(v.string(), v.union([response, v.object({ $ref: v.string() })])),
})
const paths = Object.entries(v.parse(v.record(v.string(), v.object({ get: operation })), openApi.paths))
const shared = Object.entries(v.parse(v.record(v.string(), response), openApi.components.responses))

/** Every example, by where it stands. */
function examplesIn(where: string, { content: of }: v.InferOutput<typeof response>) {
  return Object.entries(of).flatMap(([type, { schema, examples }]) =>
    Object.entries(examples).map(([name, { value }]) => ({ name: `${where} ${name}`, type, schema, value })),
  )
}

const examples = [
  ...paths.flatMap(([path, { get }]) =>
    Object.entries(get.responses).flatMap(([status, of]) =>
      'content' in of ? examplesIn(`GET ${path} ${status}`, of) : [],
    ),
  ),
  ...shared.flatMap(([name, of]) => examplesIn(name, of)),
]

/** As it is, and closed: so that nothing is answered that the document does not name. */
function closed(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(closed)
  if (typeof part !== 'object' || part === null) return part
  const inside = Object.fromEntries(Object.entries(part).map(([name, of]) => [name, closed(of)]))
  return 'required' in inside && 'properties' in inside ? { ...inside, additionalProperties: false } : inside
}

const ajv = new Ajv2020({ strict: false, validateFormats: false }).addSchema(
  { components: closed(openApi.components) },
  'document',
)
/** What is wrong with a value, by a schema that the document refers to. */
function problemsWith(value: unknown, schema: unknown): unknown {
  const { $ref } = v.parse(v.object({ $ref: v.string() }), schema)
  ajv.validate({ $ref: `document${$ref}` }, value)
  return ajv.errors
}

describe('lib/query/openapi.json', () => {
  it('is a document of OpenAPI 3.1', async () => {
    const validator = new Validator()
    expect(await validator.validate(structuredClone(openApi))).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  it('has an example for every request of this test, and no other', () => {
    expect(examples.map(({ name }) => name).sort()).toEqual(Object.keys(requests).sort())
  })

  it.each(examples)('shows what the function answers: $name', async ({ name, type, schema, value }) => {
    const { headers, body } = await ask(...requests[name]!)
    expect(body).toEqual(value)
    expect(headers['content-type']).toBe(type)
    expect(problemsWith(body, schema)).toBeNull()
  })

  it.each(Object.keys(requests))('names the headers of an answer: %s', async (name) => {
    const { headers } = await ask(...requests[name]!)
    const [where = ''] = name.split(' ')
    const of = new Map(shared).get(where)?.headers ?? { 'Cache-Control': {} }
    const own = Object.keys(headers).filter((header) => header !== 'content-type')
    const expected = [...new Set(['cache-control', ...Object.keys(of).map((header) => header.toLowerCase())])]
    expect(own.sort()).toEqual(expected.sort())
  })

  it.each([
    ['/suppressions/{address}', '/suppressions/a@example.com', 'one of fromDomain, except'],
    ['/deliveries', '/deliveries', 'one of recipient, messageId, emailId, limit'],
    ['/openapi.json', '/openapi.json', 'no parameter'],
  ])('names the parameters that the function knows: %s', async (path, url, expected) => {
    expect((await ask(url, 'another=1')).body).toMatchObject({ errors: [{ expected }] })
    const named = new Map(paths)
      .get(path)!
      .get.parameters.filter(({ in: where }) => where === 'query')
      .map(({ name }) => name)
    expect(named.length === 0 ? 'no parameter' : `one of ${named.join(', ')}`).toBe(expected)
  })

  it('finds every mail of the tests as it describes one', async () => {
    for (const recipient of ['anna', 'ben', 'cara']) {
      const { body } = await ask('/deliveries', `recipient=${recipient}@example.com`)
      expect(problemsWith(body, { $ref: '#/components/schemas/Deliveries' })).toBeNull()
    }
  })
})
