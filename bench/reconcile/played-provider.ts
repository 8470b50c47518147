import { minuteMs } from '../../lib/core/instant.ts'
import type { StatusApi } from '../../lib/reconcile/ports.ts'
import type { Clock } from '../../lib/runtime/ports.ts'
import { readStatusRow } from '../../lib/status-apis/ses/status-row.ts'
import { inProcessLists } from '../../local/simulated-sendcloud/in-process-lists.ts'
import { inProcessStatusApi } from '../../local/simulated-ses/in-process-status-api.ts'
import { mailboxWith } from '../../local/simulated-ses/mailbox.ts'
import { provider } from './callback-event.ts'
import { mailOfDay, messagesOfDay, reported, type ReportedMail } from './mail-of-day.ts'
import type { Scenario } from './scenario.ts'

/** With whom mail is sent, and what can be asked about it. */
export interface PlayedProvider {
  /** Sends all mail of a day, and returns it with its callbacks. */
  send(day: number): readonly ReportedMail[]
  /** Takes out all that was sent before the date. */
  forgetBefore(requestDate: string): void
  /** What became of mails. */
  readonly statusApi: StatusApi
  /** What else is listed, by name. */
  readonly otherLists: ReadonlyMap<string, StatusApi>
}

/** How long after sending the provider lists a mail. */
const lagMs = minuteMs

export function playedProvider(scenario: Scenario, clock: Clock): PlayedProvider {
  return scenario.provider === 'sendcloud' ? sendCloud(scenario, clock) : tencentSes(scenario, clock)
}

function tencentSes(scenario: Scenario, clock: Clock): PlayedProvider {
  const mailbox = mailboxWith({ lagMs })
  return {
    send(day) {
      const mails = mailOfDay(scenario, day)
      for (const mail of mails) mailbox.add(mail)
      return reported(scenario, day, mails)
    },
    forgetBefore: (requestDate) => {
      mailbox.forgetBefore(requestDate)
    },
    statusApi: inProcessStatusApi({
      mailbox,
      clock,
      provider,
      readRow: (row) => readStatusRow(provider, row),
    }),
    otherLists: new Map(),
  }
}

function sendCloud(scenario: Scenario, clock: Clock): PlayedProvider {
  const lists = inProcessLists({ clock, lagMs })
  return {
    send(day) {
      const messages = messagesOfDay(scenario, day)
      for (const message of messages) lists.add(message)
      return reported(
        scenario,
        day,
        messages.flatMap(({ deliveries }) => deliveries),
      )
    },
    forgetBefore: (requestDate) => {
      lists.forgetBefore(requestDate)
    },
    statusApi: lists.outcomes,
    otherLists: new Map([
      ['opens', lists.opens],
      ['clicks', lists.clicks],
    ]),
  }
}
