import { CloudWatchClient, DescribeAlarmsCommand } from '@aws-sdk/client-cloudwatch'
import { oneLine } from '../../lib/core/text.ts'

/** An alarm that is on. */
interface Alarm {
  readonly name: string
  readonly sinceMs?: number
  /** What it watches, as deploy/alarms.yml describes it. */
  readonly description: string
}

const requestTimeoutMs = 3_000

/** One answer holds as many; a deployment has fewer. */
const mostAlarms = 100

/** What the names of its alarms begin with, as deploy/alarms.yml has them: `prod-` alone would also find those of a stage `prod-eu`. */
const ownAlarm = /^(?:callbacks|quarantine|reconcile|pending|bounce|complaint)-/

/** The alarms of a deployment that are on, or why they are not known. Needs cloudwatch:DescribeAlarms. */
export async function alarmsOf(
  tablePrefix: string,
): Promise<{ readonly alarms: readonly Alarm[] } | { readonly why: string }> {
  const client = new CloudWatchClient({
    maxAttempts: 2,
    requestHandler: {
      connectionTimeout: 1_000,
      requestTimeout: requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  })
  try {
    const { MetricAlarms = [] } = await client.send(
      new DescribeAlarmsCommand({
        AlarmNamePrefix: `${tablePrefix}-`,
        StateValue: 'ALARM',
        MaxRecords: mostAlarms,
      }),
    )
    return {
      alarms: MetricAlarms.filter(({ AlarmName = '' }) => isOwnAlarm(AlarmName, tablePrefix)).map(
        ({ AlarmName = '', AlarmDescription = '', StateUpdatedTimestamp }) => ({
          name: AlarmName.slice(tablePrefix.length + 1),
          description: AlarmDescription,
          ...(StateUpdatedTimestamp && { sinceMs: StateUpdatedTimestamp.getTime() }),
        }),
      ),
    }
  } catch (error) {
    const { name, message } = error instanceof Error ? error : { name: 'fault', message: '' }
    const allow = name.startsWith('AccessDenied') ? 'allow cloudwatch:DescribeAlarms' : message
    return { why: oneLine(`${name}: ${allow}`) }
  } finally {
    client.destroy()
  }
}

export function isOwnAlarm(name: string, tablePrefix: string): boolean {
  return name.startsWith(`${tablePrefix}-`) && ownAlarm.test(name.slice(tablePrefix.length + 1))
}
