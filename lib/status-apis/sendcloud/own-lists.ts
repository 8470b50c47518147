import * as v from 'valibot'
import { oneLine } from '../../core/text.ts'
import { pageRows } from '../../reconcile/ports.ts'
import type { ListEntry, ProviderList } from '../../suppressions/ports.ts'
import { listPageOf } from '../list-page.ts'
import { address, localSecond, text, wholeNumber, type Row } from '../row.ts'
import { callSendCloud, type SendCloudSettings } from './call.ts'
import { sendCloudProvider } from './fields.ts'
import { listedRows } from './listed-page.ts'

/** "The time span cannot be longer than three months." */
const maxDates = 90

/** What the lists differ in. Of fields that documents name in several ways each is read. */
interface OwnList {
  readonly module: string
  readonly holds: string
  readonly reason: ListEntry['reason']
  readonly times: readonly string[]
  /** Whether an entry ends where it says so: what somebody asked for does not. */
  readonly mayEnd: boolean
  /** Whether each user has a list of his own. */
  readonly isByUser: boolean
}

/** Sources: "退信" (bounce_do), "取消订阅" (unsubscribe_do), "垃圾举报" (spamreported_do), 2016 to today, read 2026-11-27. */
const lists: readonly OwnList[] = [
  {
    module: 'bounce',
    holds: "SendCloud's list of bounces",
    reason: 'blocklist',
    times: ['bounceTime'],
    mayEnd: true,
    isByUser: false,
  },
  {
    module: 'unsubscribe',
    holds: "SendCloud's list of unsubscriptions",
    reason: 'unsubscribe',
    times: ['unsubscribeTime'],
    mayEnd: false,
    isByUser: true,
  },
  {
    module: 'complaint',
    holds: "SendCloud's list of complaints",
    reason: 'complaint',
    times: ['spamReportedTime', 'complaintTime'],
    mayEnd: false,
    isByUser: false,
  },
]

/** The lists by which SendCloud refuses to send. */
export function ownLists(settings: SendCloudSettings): readonly ProviderList[] {
  return lists.map((list) => providerList(list, settings))
}

function providerList(list: OwnList, settings: SendCloudSettings): ProviderList {
  const name = `${list.module}/list`
  const removal = `${list.module}/delete`
  const { apiUsers } = settings
  const page = async (parameters: Readonly<Record<string, string>>, about: string) => {
    const { info } = await callSendCloud(settings, {
      action: name,
      about,
      isLookUp: true,
      parameters: {
        limit: String(pageRows),
        ...(list.isByUser && apiUsers.length > 1 && { apiUserList: apiUsers.join(';') }),
        ...parameters,
      },
    })
    return listPageOf(listedRows(info, name), (row) => entryOf(list, row))
  }
  return {
    provider: sendCloudProvider,
    name,
    removal,
    holds: list.holds,
    maxDates,
    page: ({ from = '', to = '', offset }) =>
      page({ startDate: from, endDate: to, start: String(offset) }, `${from} to ${to} at offset ${offset}`),
    async ofRecipient(recipient) {
      const { entries } = await page({ email: recipient, start: '0' }, 'one address')
      return entries.filter((entry) => entry.recipient === recipient)
    },
    async remove(recipient) {
      // Without an address it would take off everybody.
      if (recipient === '') throw new TypeError('A removal names an address.')
      let removed = 0
      for (const apiUser of list.isByUser ? apiUsers : apiUsers.slice(0, 1)) {
        const { info } = await callSendCloud(
          { ...settings, apiUsers: [apiUser] },
          { action: removal, about: 'one address', isLookUp: true, parameters: { email: recipient } },
        )
        removed += countIn(info)
      }
      return removed > 0 ? 'removed' : 'absent'
    },
  }
}

/** How many were taken off; an answer that does not say took one off. */
function countIn(info: unknown): number {
  const read = v.safeParse(v.object({ count: wholeNumber }), info)
  return read.success ? read.output.count : 1
}

/** `undefined` where the row names no address. Its `domain` is the recipient's: no list names the sender. */
function entryOf({ reason, times, mayEnd }: OwnList, row: Row): ListEntry | undefined {
  const addressed = row.read('email', address) ?? row.read('receiver', address)
  const listedAtMs = times.map((time) => row.read(time, localSecond)).find((read) => read !== undefined)
  const untilMs = mayEnd ? row.read('expireTime', localSecond) : undefined
  const detail = row.read('reason', text) ?? row.read('unsubscribeTypeDesc', text) ?? ''
  return (
    addressed && {
      recipient: addressed.recipient,
      reason,
      ...(listedAtMs !== undefined && { listedAtMs }),
      ...(untilMs !== undefined && { untilMs }),
      detail: oneLine(detail),
    }
  )
}
