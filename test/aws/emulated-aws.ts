import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import * as v from 'valibot'
import { copyProject } from '../project-copy.ts'
import { projectRoot } from '../running-command.ts'
import { startTied, untilReady } from './tied-process.ts'
import { pythonTools } from './tools.ts'

const execute = promisify(execFile)

/** serverless.yml's own. */
const region = 'ap-southeast-1'
const credentials = { accessKeyId: 'emulated', secretAccessKey: 'emulated' }

/** The variables with which any AWS SDK and `serverless` talk to the emulated AWS. They name nothing that exists. */
const awsEnvironment = {
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: credentials.accessKeyId,
  AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
  AWS_SESSION_TOKEN: 'emulated',
  AWS_EC2_METADATA_DISABLED: 'true',
}

/** An AWS on this machine (moto), and a copy of the project to deploy to it. */
export interface EmulatedAws {
  /** With what a function finds its tables there. */
  readonly environment: Readonly<Record<string, string>>
  readonly dynamoDb: DynamoDBClient
  /** What `serverless` prints for a command line. Rejects where it fails. */
  readonly serverless: (command: string, settings?: Readonly<Record<string, string>>) => Promise<string>
  /** Puts parameters of the stage prod, as an operator does. */
  readonly putParameters: (values: Readonly<Record<string, string>>) => Promise<void>
  /** The zip of a function that was packaged last, byte for byte. */
  readonly packaged: (name: string) => Promise<Uint8Array>
  /** The template of the tables that was deployed last. */
  readonly dataTemplate: () => Promise<Template>
  /** Makes a stack of a template, without `serverless`. */
  readonly putStack: (name: string, template: object) => Promise<void>
  readonly stackStatus: (stack: string) => Promise<string | undefined>
  readonly functions: () => Promise<readonly DeployedFunction[]>
  /** A dashboard as CloudWatch would show it. Rejects where that is no JSON. */
  readonly dashboard: (name: string) => Promise<unknown>
  readonly stop: () => Promise<void>
}

const template = v.object({
  Resources: v.record(
    v.string(),
    v.object({ Type: v.string(), Properties: v.optional(v.record(v.string(), v.unknown())) }),
  ),
})

type Template = v.InferOutput<typeof template>

const deployedFunction = v.object({
  FunctionName: v.string(),
  Handler: v.string(),
  Runtime: v.string(),
  MemorySize: v.number(),
  Timeout: v.number(),
  CodeSha256: v.string(),
  Environment: v.object({ Variables: v.record(v.string(), v.string()) }),
})

export type DeployedFunction = v.InferOutput<typeof deployedFunction>

export async function startEmulatedAws(): Promise<EmulatedAws> {
  const { motoServer } = await pythonTools()
  const root = await mkdtemp(join(tmpdir(), 'delivery-ledger-aws-'))
  const [project, home] = [join(root, 'project'), join(root, 'home')]
  await mkdir(home)
  await copyProject(project)
  // In the folder, since it writes a file wherever it is when it looks through a template.
  const moto = startTied([...motoServer, '--host', '127.0.0.1', '--port', '0'], { cwd: home })
  const endpoint = await untilReady(moto, 'moto', () =>
    Promise.resolve(/Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(moto.output())?.[1]),
  )
  const dynamoDb = new DynamoDBClient({ endpoint, region, credentials })
  const call = (service: string, path: string, body?: string) => callAws(endpoint, service, path, body)
  return {
    environment: {
      ...awsEnvironment,
      AWS_ENDPOINT_URL_DYNAMODB: endpoint,
      AWS_ENDPOINT_URL_SSM: endpoint,
    },
    dynamoDb,
    async serverless(command, settings = {}) {
      // A home of its own: nobody's profile, nobody's credentials.
      const env = { PATH: process.env.PATH, HOME: home, TMPDIR: home, ...awsEnvironment }
      const options = { cwd: project, env: { ...env, AWS_ENDPOINT_URL: endpoint, ...settings } }
      const program = join(projectRoot, 'node_modules/.bin/serverless')
      const { stdout, stderr } = await execute(program, command.split(' '), options)
      return stdout + stderr
    },
    async putParameters(values) {
      const env = { PATH: process.env.PATH, ...awsEnvironment, AWS_ENDPOINT_URL_SSM: endpoint }
      for (const [name, value] of Object.entries(values)) {
        const command = ['cli/main.ts', 'parameter', 'put', name]
        const put = execute(process.execPath, command, {
          cwd: projectRoot,
          env: { ...env, TABLE_PREFIX: 'delivery-ledger-prod' },
        })
        put.child.stdin?.end(value)
        await put
      }
    },
    packaged: (name) => readFile(join(project, `.serverless/${name}.zip`)),
    async dataTemplate() {
      const file = join(project, '.serverless/cloudformation-template-data-stack.json')
      return v.parse(template, JSON.parse(await readFile(file, 'utf8')))
    },
    async putStack(name, made) {
      const body = { Action: 'CreateStack', Version: '2010-05-15', StackName: name }
      const TemplateBody = JSON.stringify(made)
      await call('cloudformation', '/', String(new URLSearchParams({ ...body, TemplateBody })))
    },
    async stackStatus(stack) {
      const query = `Action=DescribeStacks&Version=2010-05-15&StackName=${stack}`
      return /<StackStatus>(\w+)</.exec(await call('cloudformation', '/', query))?.[1]
    },
    async functions() {
      const reported: unknown = JSON.parse(await call('lambda', '/2015-03-31/functions/'))
      return v.parse(v.object({ Functions: v.array(deployedFunction) }), reported).Functions
    },
    async dashboard(name) {
      const query = `Action=GetDashboard&Version=2010-08-01&DashboardName=${name}`
      const answer = await call('monitoring', '/', query)
      const body = /<DashboardBody>([^]*)<\/DashboardBody>/.exec(answer)?.[1] ?? answer
      return JSON.parse(body.replaceAll('&quot;', '"').replaceAll('&amp;', '&')) as unknown
    },
    async stop() {
      dynamoDb.destroy()
      await moto.stop()
      await rm(root, { recursive: true })
    },
  }
}

/** Calls an API for which the project has no client. moto wants the service's name and looks at no signature. */
async function callAws(endpoint: string, service: string, path: string, body?: string): Promise<string> {
  const scope = `${credentials.accessKeyId}/20261121/${region}/${service}/aws4_request`
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`
  const response = await fetch(endpoint + path, {
    headers: { authorization },
    // A form by its type, which AWS calls a query.
    ...(body !== undefined && { method: 'POST', body: new URLSearchParams(body) }),
  })
  return response.text()
}
