import * as v from 'valibot'
import { addDays, dayMs, requestDateOf, requestDateStartMs } from '../../core/instant.ts'
import { oneLine } from '../../core/text.ts'
import { pageRows, StatusApiError } from '../../reconcile/ports.ts'
import type { Clock } from '../../runtime/ports.ts'
import type { ListEntry, ListPage, ProviderList } from '../../suppressions/ports.ts'
import { listPageOf } from '../list-page.ts'
import { address, localSecond, text, type Row } from '../row.ts'
import { statusApiError } from './api-error.ts'
import { sesClient, type SesSettings } from './client.ts'
import { polledProvider } from './get-send-email-status.ts'

/** By Tencent's pages an entry stays for 14 days; how far back one may ask is not documented. */
const keptDays = 30

/** What the account's own list is asked for: what is in effect. Source: ListCustomBlacklist, API version 2020-10-02. */
const inEffect = 1

/** A date of the account's own list, with a time or without: the documents name no format. */
const date = v.pipe(
  v.string(),
  v.trim(),
  v.regex(/^\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?$/),
  v.transform((text) => text.slice(0, 10)),
  v.isoDate(),
)

/** Errors that may say that there is nothing to take off; which one Tencent Cloud chooses is not documented. */
const mayBeAbsent = /^(?:FailedOperation|ResourceNotFound|InvalidParameter)/

type Client = ReturnType<typeof sesClient>

/** What the two lists differ in. */
interface BlockList extends Pick<ProviderList, 'name' | 'removal' | 'holds' | 'maxDates'> {
  readonly rows: (client: Client, asked: Asked) => Promise<unknown>
  readonly entryOf: (row: Row) => ListEntry | undefined
  readonly take: (client: Client, addresses: string[]) => Promise<unknown>
}

interface Asked {
  readonly from: string
  readonly to: string
  readonly offset: number
  readonly recipient?: string
}

/**
 * Tencent's blocklist, on which a hard bounce puts an address for all its customers. Times have no zone: read in UTC+8, as
 * Tencent counts days, an instant is never later than it was, so that it brings back nobody who was taken off since.
 */
const ofTencent: BlockList = {
  name: 'ListBlackEmailAddress',
  removal: 'DeleteBlackList',
  holds: "Tencent's blocklist, which bars an address for all its customers",
  maxDates: keptDays,
  async rows(client, { from, to, offset, recipient }) {
    const { BlackList } = await client.ListBlackEmailAddress({
      StartDate: from,
      EndDate: to,
      Limit: pageRows,
      Offset: offset,
      ...(recipient !== undefined && { EmailAddress: recipient }),
    })
    return BlackList
  },
  entryOf(row) {
    const addressed = row.read('EmailAddress', address)
    const listedAtMs = row.read('BounceTime', localSecond)
    const detail = oneLine(row.read('IspDesc', text) ?? '')
    return (
      addressed && {
        recipient: addressed.recipient,
        reason: 'blocklist',
        ...(listedAtMs !== undefined && { listedAtMs }),
        detail,
      }
    )
  },
  take: (client, addresses) => client.DeleteBlackList({ EmailAddressList: addresses }),
}

/**
 * The account's own list, which has no dates to ask by. An entry ends with its ExpireDate (whether that day still counts is
 * not documented: here it does); one without it is somebody's word, and lasts.
 */
const ofAccount: BlockList = {
  name: 'ListCustomBlacklist',
  removal: 'DeleteCustomBlackList',
  holds: "the account's own blocklist at Tencent",
  async rows(client, { offset, recipient }) {
    const { Data } = await client.ListCustomBlacklist({
      Offset: offset,
      Limit: pageRows,
      Status: inEffect,
      ...(recipient !== undefined && { Email: recipient }),
    })
    return Data
  },
  entryOf(row) {
    const addressed = row.read('Email', address)
    const listedAtMs = row.read('CreateTime', localSecond)
    const lastDate = row.read('ExpireDate', date)
    return (
      addressed && {
        recipient: addressed.recipient,
        // One whose end cannot be read has an end: it must not last.
        reason: lastDate === undefined && !row.odd.includes('ExpireDate') ? 'by-hand' : 'blocklist',
        ...(listedAtMs !== undefined && { listedAtMs }),
        ...(lastDate !== undefined && { untilMs: requestDateStartMs(lastDate) + dayMs }),
        detail: '',
      }
    )
  },
  take: (client, addresses) => client.DeleteCustomBlackList({ Emails: addresses }),
}

/** The lists by which Tencent Cloud refuses to send, through Tencent's own SDK. */
export function blockLists(settings: SesSettings, clock: Pick<Clock, 'now'>): readonly ProviderList[] {
  const client = sesClient(settings)
  return [ofTencent, ofAccount].map((list) => providerList(list, client, { settings, clock }))
}

function providerList(
  list: BlockList,
  client: Client,
  { settings, clock }: { readonly settings: SesSettings; readonly clock: Pick<Clock, 'now'> },
): ProviderList {
  const { name, removal, holds, maxDates } = list
  const errorOf = (error: unknown, action: string, about: string) =>
    statusApiError(error, { action, about, isLookUp: true }, settings)
  const page = async (asked: Asked, about: string): Promise<ListPage> => {
    try {
      return listPageOf(rowsIn(await list.rows(client, asked), name), list.entryOf)
    } catch (error) {
      throw errorOf(error, name, about)
    }
  }
  const ofRecipient = async (recipient: string) => {
    const today = requestDateOf(clock.now())
    const asked = { from: addDays(today, 1 - keptDays), to: today, offset: 0, recipient }
    const { entries } = await page(asked, 'one address')
    return entries.filter((entry) => entry.recipient === recipient)
  }
  return {
    provider: polledProvider,
    name,
    removal,
    holds,
    ...(maxDates !== undefined && { maxDates, keptDays }),
    page: ({ from = '', to = '', offset }) =>
      page({ from, to, offset }, [from, to, `offset ${offset}`].filter((word) => word !== '').join(' ')),
    ofRecipient,
    async remove(recipient) {
      const wasListed = await ofRecipient(recipient).then(
        (entries) => entries.length > 0,
        // Who may only delete is not kept from it.
        () => undefined,
      )
      try {
        await list.take(client, [recipient])
      } catch (error) {
        const problem = errorOf(error, removal, 'one address')
        if (wasListed === false && mayBeAbsent.test(problem.code)) return 'absent'
        throw problem
      }
      return wasListed === false ? 'absent' : 'removed'
    },
  }
}

function rowsIn(rows: unknown, action: string): readonly unknown[] {
  if (rows === undefined || rows === null) return []
  if (Array.isArray(rows)) return rows
  throw new StatusApiError('transient', 'UnreadableAnswer', `${action} answered without a list of rows.`)
}
