import { dayMs } from '../../lib/core/instant.ts'
import { isCalendarDate, requestDateOf, utc8Text, type SimulatedDelivery } from './mail.ts'
import { refusal, type Refusal } from './refusal.ts'

type Parameters = ReadonlyMap<string, unknown>
type Answer = { readonly content: Readonly<Record<string, unknown>> } | Refusal

/** By Tencent's pages. */
const keptDays = 14
const maxLimit = 100

const actions = [
  'ListBlackEmailAddress',
  'DeleteBlackList',
  'ListCustomBlacklist',
  'DeleteCustomBlackList',
] as const

type ListAction = (typeof actions)[number]

export function isListAction(action: string): action is ListAction {
  return actions.some((known) => known === action)
}

/**
 * Tencent's blocklist, on which each hard bounce puts an address for 14 days, and the account's own. Source: "黑名单相关接口",
 * API version 2020-10-02.
 */
export class BlockLists {
  readonly #deliveries: readonly SimulatedDelivery[]
  /** When an address was taken off Tencent's list. */
  readonly #takenOff = new Map<string, number>()
  readonly #ofAccount = new Map<string, { readonly createdAtMs: number; readonly expireDate: string }>()

  constructor(deliveries: readonly SimulatedDelivery[]) {
    this.#deliveries = deliveries
  }

  block(address: string, expireDate = '', nowMs: number): void {
    this.#ofAccount.set(address, { createdAtMs: nowMs, expireDate })
  }

  answerTo(action: ListAction, parameters: Parameters, nowMs: number): Answer {
    switch (action) {
      case 'ListBlackEmailAddress':
        return this.#listed(parameters, nowMs)
      case 'ListCustomBlacklist':
        return this.#listedByAccount(parameters, nowMs)
      case 'DeleteBlackList':
        return deleted(parameters.get('EmailAddressList'), (address) => {
          this.#takenOff.set(address.toLowerCase(), nowMs)
        })
      case 'DeleteCustomBlackList':
        return deleted(parameters.get('Emails'), (address) => {
          this.#ofAccount.delete(address)
        })
    }
  }

  #listed(parameters: Parameters, nowMs: number): Answer {
    const part = partIn(parameters)
    if ('code' in part) return part
    const [from, to] = [parameters.get('StartDate'), parameters.get('EndDate')]
    if (typeof from !== 'string' || typeof to !== 'string' || !isCalendarDate(from) || !isCalendarDate(to))
      return refusal('InvalidParameterValue.WrongDate', 'StartDate and EndDate must be dates')
    const wanted = parameters.get('EmailAddress')
    const found = this.#bounces(nowMs).filter(({ address, atMs }) => {
      const date = requestDateOf(atMs)
      return date >= from && date <= to && (wanted === undefined || wanted === address)
    })
    const BlackList = part.of(found).map(({ address, atMs, reason }) => ({
      EmailAddress: address,
      BounceTime: localTime(atMs),
      IspDesc: reason,
    }))
    return { content: { BlackList, TotalCount: found.length } }
  }

  /** The last hard bounce of each address. */
  #bounces(nowMs: number): readonly { address: string; atMs: number; reason: string }[] {
    const last = new Map<string, { address: string; atMs: number; reason: string }>()
    for (const { recipient, timeline } of this.#deliveries) {
      for (const { kind, bounceType, atMs, reason = '' } of timeline) {
        const isHard = kind === 'bounced' && bounceType === 'hard_bounce'
        const isKept = atMs <= nowMs && atMs > nowMs - keptDays * dayMs
        const isTaken = atMs <= (this.#takenOff.get(recipient.toLowerCase()) ?? 0)
        if (isHard && isKept && !isTaken) last.set(recipient, { address: recipient, atMs, reason })
      }
    }
    return [...last.values()]
  }

  #listedByAccount(parameters: Parameters, nowMs: number): Answer {
    const part = partIn(parameters)
    if ('code' in part) return part
    const wanted = parameters.get('Email')
    const today = requestDateOf(nowMs)
    const found = [...this.#ofAccount].filter(
      ([address, { expireDate }]) =>
        (wanted === undefined || wanted === address) && (expireDate === '' || expireDate >= today),
    )
    const Data = part.of(found).map(([address, { createdAtMs, expireDate }], index) => ({
      Id: 304_320 + index,
      Email: address,
      CreateTime: localTime(createdAtMs),
      ExpireDate: expireDate,
      Status: 1,
    }))
    return { content: { Data, TotalCount: found.length } }
  }
}

function deleted(addresses: unknown, take: (address: string) => void): Answer {
  if (!Array.isArray(addresses) || addresses.length === 0)
    return refusal('InvalidParameter', 'At least one address')
  for (const address of addresses) take(String(address))
  return { content: {} }
}

function partIn(parameters: Parameters): { of: <T>(rows: readonly T[]) => readonly T[] } | Refusal {
  const [offset, limit] = [parameters.get('Offset'), parameters.get('Limit')]
  if (typeof offset !== 'number' || typeof limit !== 'number')
    return refusal('MissingParameter', 'Offset and Limit')
  if (limit > maxLimit) return refusal('InvalidParameterValue', 'Limit is at most 100')
  return { of: (rows) => rows.slice(offset, offset + limit) }
}

function localTime(atMs: number): string {
  return utc8Text(atMs).slice(0, 19).replace('T', ' ')
}
