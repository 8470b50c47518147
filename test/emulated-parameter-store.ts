import { createServer, type IncomingHttpHeaders } from 'node:http'
import { text } from 'node:stream/consumers'
import * as v from 'valibot'
import { close, listen, localHost } from '../local/listening-server.ts'

/** As much of AWS Systems Manager as this project uses, over HTTP, for the real client. */
export interface EmulatedParameterStore {
  readonly url: string
  /** By name. */
  readonly parameters: Map<
    string,
    {
      readonly Value: string
      readonly Type: string
      readonly Version: number
      readonly KeyId?: string | undefined
    }
  >
  /** The actions that were asked for, in order. */
  readonly actions: string[]
  /** The same requests as they came. */
  readonly requests: { readonly headers: IncomingHttpHeaders; readonly body: string }[]
  /** What every request is refused with; nothing where it is not. */
  refuseWith: string | undefined
  /** What the next requests are refused with, one each, before that. */
  readonly nextRefusals: string[]
  /** Whether requests are left without an answer. */
  isSilent: boolean
  readonly stop: () => Promise<void>
}

const getInput = v.object({ Names: v.array(v.string()), WithDecryption: v.boolean() })
const putInput = v.object({
  Name: v.string(),
  Value: v.string(),
  Type: v.string(),
  KeyId: v.optional(v.string()),
  Overwrite: v.literal(true),
})

const deleteInput = v.object({ Name: v.string() })

/** What is answered with an error of that name. */
class Refusal extends Error {}

/** Source: AWS Systems Manager API reference, GetParameters, PutParameter and DeleteParameter. */
export async function startParameterStore(): Promise<EmulatedParameterStore> {
  const parameters: EmulatedParameterStore['parameters'] = new Map()
  const actions: string[] = []
  const requests: EmulatedParameterStore['requests'] = []
  const nextRefusals: string[] = []
  const answerTo = (action: string, input: unknown): object => {
    if (action === 'PutParameter') {
      const { Name, Value, Type, KeyId } = v.parse(putInput, input)
      const before = parameters.get(Name)
      if (before && before.Type !== Type) throw new Refusal('HierarchyTypeMismatchException')
      const Version = (before?.Version ?? 0) + 1
      parameters.set(Name, { Value, Type, Version, ...(KeyId !== undefined && { KeyId }) })
      return { Version }
    }
    if (action === 'DeleteParameter') {
      if (!parameters.delete(v.parse(deleteInput, input).Name)) throw new Refusal('ParameterNotFound')
      return {}
    }
    const { Names, WithDecryption } = v.parse(getInput, input)
    const isReadable = (type: string) => WithDecryption || type !== 'SecureString'
    return {
      Parameters: Names.filter((name) => parameters.has(name)).map((Name) => {
        const { Value, Type, Version } = parameters.get(Name)!
        return {
          Name,
          Type,
          Version,
          Value: isReadable(Type) ? Value : 'encrypted',
          LastModifiedDate: 1_795_000_000,
        }
      }),
      InvalidParameters: Names.filter((name) => !parameters.has(name)),
    }
  }
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const action = String(request.headers['x-amz-target']).replace('AmazonSSM.', '')
      actions.push(action)
      requests.push({ headers: request.headers, body })
      if (store.isSilent) return
      response.setHeader('content-type', 'application/x-amz-json-1.1')
      try {
        const refusal = nextRefusals.shift() ?? store.refuseWith
        if (refusal !== undefined) throw new Refusal(refusal)
        response.end(JSON.stringify(answerTo(action, JSON.parse(body))))
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        response.statusCode = statusOf(error.message)
        response.end(JSON.stringify({ __type: error.message }))
      }
    })
  })
  const port = await listen(server, 0, 'the parameter store')
  const store: EmulatedParameterStore = {
    url: `http://${localHost}:${port}`,
    parameters,
    actions,
    requests,
    refuseWith: undefined,
    nextRefusals,
    isSilent: false,
    stop: () => close(server),
  }
  return store
}

function statusOf(refusal: string | undefined): number {
  if (refusal === undefined) return 200
  return refusal === 'InternalServerError' ? 500 : 400
}
