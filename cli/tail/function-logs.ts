import { CloudWatchLogsClient, FilterLogEventsCommand } from '@aws-sdk/client-cloudwatch-logs'

/** A line that a function wrote into its log. */
export interface LogLine {
  /** The same however often the line is read. */
  readonly id: string
  readonly atMs: number
  readonly text: string
}

interface LogPage {
  readonly lines: readonly LogLine[]
  /** Where the list goes on, even after a page without lines; absent after the last. */
  readonly next?: string
}

/** The logs of functions as CloudWatch Logs has them. */
export interface FunctionLogs {
  /** The lines of a log group since an instant, page by page, the oldest first. */
  readonly page: (
    from: { readonly group: string; readonly sinceMs: number; readonly next?: string | undefined },
    signal: AbortSignal,
  ) => Promise<LogPage>
  readonly close: () => void
}

/** How often a request is tried that CloudWatch throttles (5 a second are allowed), at growing distances. */
const maxAttempts = 6
const requestTimeoutMs = 10_000

/**
 * A client whose every call ends. Account, region and endpoint are those of the environment. Source: Amazon CloudWatch Logs
 * API reference, FilterLogEvents (read 2026-11-27).
 */
export function functionLogs(endpoint?: string): FunctionLogs {
  const client = new CloudWatchLogsClient({
    ...(endpoint !== undefined && { endpoint }),
    maxAttempts,
    requestHandler: {
      connectionTimeout: 2_000,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  })
  return {
    async page({ group, sinceMs, next }, signal) {
      const command = new FilterLogEventsCommand({
        logGroupName: group,
        startTime: sinceMs,
        ...(next !== undefined && { nextToken: next }),
      })
      const { events = [], nextToken } = await client.send(command, { abortSignal: signal })
      return {
        lines: events.flatMap(({ eventId, timestamp, message }) =>
          eventId === undefined || timestamp === undefined || message === undefined
            ? []
            : [{ id: eventId, atMs: timestamp, text: message }],
        ),
        ...(nextToken !== undefined && { next: nextToken }),
      }
    },
    close() {
      client.destroy()
    },
  }
}
