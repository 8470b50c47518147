import * as v from 'valibot'
import { readAddress } from '../../core/address.ts'
import type { PolledDelivery, PolledOutcome } from '../../core/polled-delivery.ts'
import { oneLine } from '../../core/text.ts'
import {
  describeSubStatus,
  isKnownDescription,
  isNotSent,
  meaningOf,
} from '../../providers/sendcloud/sub-status.ts'
import type { ReadRow } from '../../reconcile/ports.ts'
import { address, localSecond, readRow, text, type Row } from '../row.ts'
import { emailId, listedDelivery } from './fields.ts'

/** 401 to 409, 503 to 509; others may be added. */
const subStatus = v.pipe(text, v.trim(), v.regex(/^\d{1,4}$/))

const statusNames = ['delivered', 'invalid', 'soft-bounced', 'requested'] as const

/**
 * What a status begins with. Sources: "投递回应" of 2016 (`投递成功`) and of today (`送达`, `无效邮件-…`, `软退信-…`, `请求中`),
 * the English edition, and the numbers by which one can ask for them.
 */
const statuses: readonly (readonly [RegExp, (typeof statusNames)[number]])[] = [
  [/^(?:投递成功|送达|deliver|1$)/i, 'delivered'],
  [/^(?:无效邮件|invalid|4$)/i, 'invalid'],
  [/^(?:软退信|soft[ _-]?bounce|5$)/i, 'soft-bounced'],
  [/^(?:请求中|请求|request|sending|18$)/i, 'requested'],
]

const status = v.pipe(
  text,
  v.trim(),
  v.transform((value) => statuses.find(([beginning]) => beginning.test(value))?.[1]),
  v.picklist(statusNames),
)

/**
 * Reads a row of data/emailStatus: what it reports, and the names of the fields that could not be read. Anything may be missing,
 * null or empty; only a row that names no delivery reports nothing. Source: "投递回应", read 2026-11-21.
 */
export function readStatusRow(value: unknown): ReadRow {
  return readRow(value, deliveryOf)
}

/** `undefined` where the row names no message or no address. */
function deliveryOf(row: Row): PolledDelivery | undefined {
  const named = row.read('emailId', emailId)
  const ofRow = row.read('recipients', address)
  const sentAtMs = row.read('requestTime', localSecond)
  const outcome = outcomeOf(row, sentAtMs)
  const addressed = (named && readAddress(named.recipient)) ?? ofRow
  const listed = listedDelivery(row, { named, addressed, sentAtMs })
  return listed && { ...listed, outcome, engagement: [] }
}

/** A row whose status cannot be read still shows that the mail was accepted. */
function outcomeOf(row: Row, requestedAtMs: number | undefined): PolledOutcome {
  const changed = at(row.read('modifiedTime', localSecond))
  const reply = oneLine(row.read('sendLog', text) ?? '')
  const code = row.read('subStatus', subStatus)
  const description = oneLine(row.read('subStatusDesc', text) ?? '')
  const known = row.read('status', status)
  // Unlike other fields it may not be missing.
  if (known === undefined) row.mark('status')
  switch (known) {
    case 'delivered':
      return { kind: 'delivered', ...changed, detail: reply }
    case 'invalid':
      return code !== undefined && isNotSent(code)
        ? {
            kind: 'dropped',
            ...changed,
            code: `subStat ${code}`,
            detail: describeSubStatus(code, description),
          }
        : bounced('hard', { changed, code, reply, description })
    case 'soft-bounced':
      return bounced('soft', { changed, code, reply, description })
    case 'requested':
    case undefined:
      return { kind: 'requested', ...at(requestedAtMs), detail: '' }
  }
}

/** The same words as those of a callback: the server's reply, and SendCloud's own number for the cause. */
function bounced(
  bounceClass: 'hard' | 'soft',
  row: {
    readonly changed: { occurredAtMs?: number }
    readonly code: string | undefined
    readonly reply: string
    readonly description: string
  },
): PolledOutcome {
  const { changed, code, reply, description } = row
  const words = oneLine([reply, isKnownDescription(code, description) ? '' : description].join(' '))
  return {
    kind: 'bounced',
    ...changed,
    bounceClass,
    ...(code !== undefined && { code: `subStat ${code}` }),
    ...(words !== '' && { reply: words }),
    detail: code === undefined ? '' : meaningOf(code),
  }
}

function at(occurredAtMs: number | undefined): { occurredAtMs?: number } {
  return occurredAtMs === undefined ? {} : { occurredAtMs }
}
