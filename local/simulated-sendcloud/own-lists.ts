import { dayMs, requestDateOf } from '../../lib/core/instant.ts'
import { readListQuery } from './list-query.ts'
import type { SendCloudEntry, SendCloudMessage } from './mail.ts'
import { refusal, type Refusal } from './refusal.ts'
import { localTime } from './status-row.ts'

/** "The time span cannot be longer than three months." */
const mostDays = 92
/** How long a bounce stays on its list: longer than anybody's setting, so that it matters. */
const bounceDays = 180

interface Listed {
  readonly address: string
  readonly apiUser: string
  readonly atMs: number
  readonly entry: SendCloudEntry
}

interface OwnList {
  readonly holds: (entry: SendCloudEntry) => boolean
  readonly rowOf: (listed: Listed) => Readonly<Record<string, unknown>>
}

/** Sources: "退信" (bounce_do), "取消订阅" (unsubscribe_do), "垃圾举报" (spamreported_do). */
const lists: ReadonlyMap<string, OwnList> = new Map<string, OwnList>([
  [
    'bounce',
    {
      holds: ({ kind, bounceType }) => kind === 'bounced' && bounceType === 'hard_bounce',
      rowOf: ({ address, atMs, entry }) => ({
        email: address,
        reason: entry.cause ?? '',
        domain: address.split('@')[1],
        bounceTime: localTime(atMs),
        expireTime: localTime(atMs + bounceDays * dayMs),
      }),
    },
  ],
  [
    'unsubscribe',
    {
      holds: ({ kind }) => kind === 'unsubscribed',
      rowOf: ({ address, apiUser, atMs }) => ({
        email: address,
        domain: address.split('@')[1],
        labelId: 0,
        apiUser,
        unsubscribeTime: localTime(atMs),
      }),
    },
  ],
  [
    'complaint',
    {
      holds: ({ kind }) => kind === 'complained',
      rowOf: ({ address, atMs }) => ({
        receiver: address,
        reason: '',
        spamReportedTime: localTime(atMs),
        domain: address.split('@')[1],
      }),
    },
  ],
])

/** `bounce/list`, `bounce/delete` and the like. */
export function isListAction(action: string): boolean {
  const [module = '', call] = action.split('/')
  return lists.has(module) && (call === 'list' || call === 'delete')
}

/** The lists by which SendCloud refuses to send: what happened put an address there. */
export class OwnLists {
  readonly #messages: readonly SendCloudMessage[]
  /** When an address was taken off a list. */
  readonly #takenOff = new Map<string, number>()

  constructor(messages: readonly SendCloudMessage[]) {
    this.#messages = messages
  }

  /** The `info` of the answer. */
  answerTo(action: string, parameters: ReadonlyMap<string, string>, nowMs: number): object | Refusal {
    const [module = '', call] = action.split('/')
    const email = parameters.get('email')
    const on = this.#entriesOf(module, nowMs)
    if (call === 'delete') {
      // The real one takes off everybody of a range of dates where no address is named.
      if (email === undefined || email === '') return refusal(40011)
      this.#takenOff.set(`${module} ${email.toLowerCase()}`, nowMs)
      return { count: on.filter(({ address }) => address === email).length }
    }
    const today = requestDateOf(nowMs)
    // With an address the dates do not count.
    const dates = email === undefined ? {} : { startDate: today, endDate: today }
    const asked = new Map([...parameters, ...Object.entries(dates)])
    const query = readListQuery(asked, { mostDays, nowMs })
    if ('statusCode' in query) return query
    const found = on.filter(
      ({ address, apiUser, atMs }) =>
        query.apiUsers.includes(apiUser) &&
        (email === undefined ? query.dates.includes(requestDateOf(atMs)) : address === email),
    )
    const dataList = found.slice(query.start, query.start + query.limit)
    const rowOf = lists.get(module)?.rowOf
    return { dataList: dataList.map((listed) => rowOf?.(listed)), count: found.length }
  }

  #entriesOf(module: string, nowMs: number): readonly Listed[] {
    const holds = lists.get(module)?.holds ?? (() => false)
    return this.#messages.flatMap(({ apiUser, deliveries }) =>
      deliveries.flatMap(({ recipient, timeline }) =>
        timeline
          .filter((entry) => holds(entry) && entry.atMs <= nowMs)
          .filter(({ atMs }) => atMs > (this.#takenOff.get(`${module} ${recipient.toLowerCase()}`) ?? 0))
          .slice(-1)
          .map((entry) => ({ address: recipient, apiUser, atMs: entry.atMs, entry })),
      ),
    )
  }
}
