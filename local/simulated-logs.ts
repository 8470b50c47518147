import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'
import * as v from 'valibot'
import { jsonLog } from '../lib/runtime/log.ts'
import type { Clock, Log } from '../lib/runtime/ports.ts'
import { close, listen, localHost } from './listening-server.ts'

/** As much of CloudWatch Logs as `ledger tail` reads, over HTTP, for the real client. */
interface SimulatedLogs {
  readonly url: string
  /** The log of a function, which makes its group; the latest lines are kept, as they stand in the cloud. */
  readonly logOf: (group: string) => Log
  readonly stop: () => Promise<void>
}

/** A log group holds its latest lines, in memory: between half of this and all of it. */
const maxCharacters = 5_000_000

interface LogEvent {
  readonly eventId: string
  readonly logStreamName: string
  readonly timestamp: number
  readonly ingestionTime: number
  readonly message: string
}

const request = v.object({
  logGroupName: v.string(),
  startTime: v.optional(v.number(), 0),
  nextToken: v.optional(v.pipe(v.string(), v.regex(/^\d{1,15}$/), v.transform(Number)), '0'),
})

/**
 * Source: Amazon CloudWatch Logs API reference, FilterLogEvents.
 * @param pageLines - lines on a page of the answer, at most. Default: as in the cloud, whose pages also hold 1 MB at most.
 */
export async function startSimulatedLogs({
  port,
  clock,
  pageLines = 10_000,
}: {
  readonly port: number
  readonly clock: Clock
  readonly pageLines?: number
}): Promise<SimulatedLogs> {
  const groups = new Map<string, LogEvent[]>()
  let lines = 0
  const server = createServer((message, response) => {
    answer(message, response).catch(() => {
      refuse(response, 'InvalidParameterException')
    })
  })
  const answer = async (message: IncomingMessage, response: ServerResponse) => {
    if (message.headers['x-amz-target'] !== 'Logs_20140328.FilterLogEvents') {
      refuse(response, 'UnknownOperationException')
      return
    }
    const { logGroupName, startTime, nextToken } = v.parse(request, await json(message))
    const group = groups.get(logGroupName)
    if (!group) {
      refuse(response, 'ResourceNotFoundException')
      return
    }
    const rest = group.filter(
      ({ timestamp, eventId }) => timestamp >= startTime && Number(eventId) > nextToken,
    )
    const events = rest.slice(0, pageLines)
    const more = rest.length > events.length ? { nextToken: events.at(-1)?.eventId } : {}
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' })
    response.end(JSON.stringify({ events, searchedLogStreams: [], ...more }))
  }
  const url = `http://${localHost}:${await listen(server, port, 'the log of the functions (LOGS_PORT)')}`
  return {
    url,
    logOf(group) {
      const kept: LogEvent[] = []
      let characters = 0
      groups.set(group, kept)
      return jsonLog((message) => {
        const timestamp = clock.now()
        lines += 1
        kept.push({
          eventId: String(lines),
          logStreamName: 'local',
          timestamp,
          ingestionTime: timestamp,
          message,
        })
        characters += message.length
        if (characters <= maxCharacters) return
        let dropped = 0
        while (characters > maxCharacters / 2) {
          characters -= kept[dropped]?.message.length ?? characters
          dropped += 1
        }
        kept.splice(0, dropped)
      }, clock.now)
    },
    stop: () => close(server),
  }
}

function refuse(response: ServerResponse, type: string): void {
  response.writeHead(400, { 'content-type': 'application/x-amz-json-1.1' })
  response.end(JSON.stringify({ __type: type, message: type }))
}
