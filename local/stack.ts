import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createHandler as createIngest } from '../functions/ingest.ts'
import { createHandler as createQuery } from '../functions/query.ts'
import { createHandler as createReconcile } from '../functions/reconcile.ts'
import { tokenDigest } from '../lib/ingest/token-digest.ts'
import type { DeliveryKey } from '../lib/core/delivery.ts'
import { minuteMs } from '../lib/core/instant.ts'
import { reconcileJob, sendCloudJobs } from '../lib/wiring/poll.ts'
import { listJobs } from '../lib/wiring/provider-lists.ts'
import type { RunFigures } from '../lib/reconcile/ports.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'
import type { Runtime } from '../lib/runtime/runtime.ts'
import { tableNames } from '../lib/table/names.ts'
import { startDynamoDbEmulator } from './dynamodb-emulator.ts'
import { startFunctionUrlServer } from './function-url-server.ts'
import { lambdaContext } from './lambda-context.ts'
import { namedCallbacks } from './named-callbacks.ts'
import type { LocalSettings } from './settings.ts'
import { simulatedSendCloudCredentials, simulatedSesCredentials } from './local-environment.ts'
import { startSimulatedLogs } from './simulated-logs.ts'
import { startSimulatedSendCloud, type SimulatedSendCloud } from './simulated-sendcloud/server.ts'
import { startSimulatedSes, type SimulatedSes } from './simulated-ses/server.ts'
import { createTables } from './tables.ts'

/** A whole deployment inside this process. */
export interface LocalStack {
  readonly callbackUrls: { readonly tencentSes: string; readonly sendCloud: string; readonly sent: string }
  /** With what a callback of SendCloud has to be signed. */
  readonly sendCloudAppKey: string
  readonly dynamoDbEndpoint: string
  /** Where back-ends ask, and their token. */
  readonly queryApi: { readonly url: string; readonly token: string }
  /** Where the log of the functions is read, as from CloudWatch Logs. */
  readonly logsUrl: string
  /** Absent where SES_ENDPOINT names another one. */
  readonly simulatedSes: SimulatedSes | undefined
  /** Absent where SENDCLOUD_ENDPOINT names another one. */
  readonly simulatedSendCloud: SimulatedSendCloud | undefined
  readonly dynamoDb: DynamoDBClient
  readonly tablePrefix: string
  /** Runs the reconcile function once, as its schedule does. */
  reconcile(): Promise<RunFigures>
  /** Stops everything, last started first. */
  stop(): Promise<void>
}

const reconcileTimeoutMs = 5 * minuteMs
const reconcileContext = () => lambdaContext(() => reconcileTimeoutMs)

/** Starts emulator, tables, simulated SES and SendCloud, log, ingest and query functions; what fails takes the rest down with it. */
export async function startLocalStack(
  settings: LocalSettings,
  on: { clock: Clock; log: Log; onSends?: (deliveries: readonly DeliveryKey[]) => void },
): Promise<LocalStack> {
  const stops: (() => Promise<void>)[] = []
  const stop = async () => {
    for (const stopOne of stops.splice(0).reverse()) await stopOne()
  }
  try {
    const emulator = await startDynamoDbEmulator(settings.dynamoDbPort, settings.dataDir)
    stops.push(emulator.stop)
    await createTables(emulator.client, settings.tablePrefix, settings.functionEnvironment)

    const simulatedSes = settings.isSesSimulated ? await startSes(settings, on.clock) : undefined
    if (simulatedSes) {
      stops.push(() => simulatedSes.close())
      for (const job of [reconcileJob, listJobs.tencentSes])
        await forgetCheckpoint(emulator.client, settings.tablePrefix, job)
    }
    const simulatedSendCloud = await startSendCloud(settings, on.clock, emulator.client)
    if (simulatedSendCloud) stops.push(() => simulatedSendCloud.close())

    const environment = {
      ...settings.functionEnvironment,
      CALLBACK_TOKEN_SHA256: tokenDigest(settings.callbackToken),
      QUERY_TOKEN_SHA256: tokenDigest(settings.queryToken),
      ...(simulatedSes && { SES_ENDPOINT: simulatedSes.url }),
      ...(simulatedSendCloud && { SENDCLOUD_ENDPOINT: simulatedSendCloud.url }),
    }
    const { clock, log } = on
    const logs = await startSimulatedLogs({ port: settings.logsPort, clock })
    stops.push(logs.stop)
    const runtimeOf = (name: 'ingest' | 'reconcile' | 'query', shown: Log): Runtime => ({
      clock,
      log: toBoth(logs.logOf(`/aws/lambda/${settings.tablePrefix}-${name}`), shown),
      dynamoDb: () => emulator.client,
    })
    const tables = tableNames(settings.tablePrefix)
    const named = namedCallbacks({ client: emulator.client, tables, log, onSends: on.onSends })
    const ingest = await startFunctionUrlServer(
      named.around(createIngest(environment, runtimeOf('ingest', named.log))),
      settings.port,
    )
    stops.push(ingest.stop)
    const answers = createQuery(environment, runtimeOf('query', log))
    const query = await startFunctionUrlServer(answers, settings.queryPort, 'the query API (QUERY_PORT)')
    stops.push(query.stop)
    const reconcile = createReconcile(environment, runtimeOf('reconcile', log))

    return {
      callbackUrls: callbackUrlsAt(ingest.url, settings),
      sendCloudAppKey: settings.sendCloudAppKey,
      dynamoDbEndpoint: emulator.endpoint,
      queryApi: { url: query.url, token: settings.queryToken },
      logsUrl: logs.url,
      simulatedSes,
      simulatedSendCloud,
      dynamoDb: emulator.client,
      tablePrefix: settings.tablePrefix,
      reconcile: () => reconcile({}, reconcileContext()),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function callbackUrlsAt(url: string, { callbackToken }: LocalSettings): LocalStack['callbackUrls'] {
  const of = (provider: string) => `${url}/${provider}/${callbackToken}`
  return { tencentSes: of('tencent-ses'), sendCloud: of('sendcloud'), sent: of('sent') }
}

function toBoth(one: Log, other: Log): Log {
  return (event, fields) => {
    one(event, fields)
    other(event, fields)
  }
}

/** A new simulated SES knows nothing of the list that an earlier one had, so there is nothing to go on from. */
async function forgetCheckpoint(client: DynamoDBClient, tablePrefix: string, job: string): Promise<void> {
  const TableName = tableNames(tablePrefix).reconciliation
  await client.send(new DeleteItemCommand({ TableName, Key: { job: { S: job } } }))
}

async function startSendCloud(
  settings: LocalSettings,
  clock: Clock,
  client: DynamoDBClient,
): Promise<SimulatedSendCloud | undefined> {
  if (!settings.isSendCloudSimulated) return undefined
  for (const job of [...Object.values(sendCloudJobs), listJobs.sendCloud]) {
    await forgetCheckpoint(client, settings.tablePrefix, job)
  }
  const { apiUser, apiKey } = simulatedSendCloudCredentials
  return startSimulatedSendCloud({ port: settings.sendCloudPort, clock, apiUsers: [apiUser], apiKey })
}

function startSes(settings: LocalSettings, clock: Clock): Promise<SimulatedSes> {
  return startSimulatedSes({ port: settings.sesPort, clock, ...simulatedSesCredentials })
}
