import * as v from 'valibot'
import { bareAddress } from '../../core/address.ts'
import type { PolledDelivery, PolledOutcome } from '../../core/polled-delivery.ts'
import { bounceClassOfReply } from '../../core/bounce-class.ts'
import { oneLine } from '../../core/text.ts'
import type { ReadRow } from '../../reconcile/ports.ts'
import { address, identifier, readRow, text, unixSecond, wholeNumber, type Row } from '../row.ts'
import { describeSendStatus, noRecord } from './send-status.ts'

/** What a row calls a complaint: today, and in the older, misspelt documentation. */
const complaintFields = ['UserComplained', 'UserComplainted']

const keyFields: readonly string[] = ['MessageId', 'ToEmailAddress']

const flag = v.pipe(
  v.union([v.boolean(), v.number(), v.pipe(v.string(), v.trim(), v.toLowerCase())]),
  v.transform((value) => flags.get(value)),
  v.boolean(),
)

const flags: ReadonlyMap<unknown, boolean> = new Map<unknown, boolean>([
  [true, true],
  [1, true],
  ['1', true],
  ['true', true],
  [false, false],
  [0, false],
  ['0', false],
  ['false', false],
])

const deliverStatuses: readonly unknown[] = [0, 1, 2, 3, 8]

/**
 * Reads a row: what it reports, and the names of the fields that could not be read. Anything may be missing, null or empty;
 * only a row that names no message or no address reports nothing. Source: data type SendEmailStatus, API version 2020-10-02.
 */
export function readStatusRow(provider: string, value: unknown): ReadRow {
  return readRow(value, (row) => {
    const sendStatus = row.read('SendStatus', wholeNumber) ?? (row.odd.length > 0 ? 'odd' : 0)
    const delivery = deliveryOf(provider, row, sendStatus)
    // A row about the query itself is about no mail.
    if (sendStatus === noRecord) row.unmark(keyFields)
    return delivery
  })
}

type SendStatus = number | 'odd'

/** `undefined` where the row names no message or no address. */
function deliveryOf(provider: string, row: Row, sendStatus: SendStatus): PolledDelivery | undefined {
  const message = row.read('MessageId', identifier)
  const addressed = row.read('ToEmailAddress', address)
  const from = bareAddress(oneLine(row.read('FromEmailAddress', text) ?? ''))
  const sentAtMs = row.read('RequestTime', unixSecond)
  const outcome = outcomeOf(row, sendStatus, sentAtMs)
  const engagement = engagementOf(row)
  if (message === undefined || addressed === undefined) {
    if (message === undefined) row.mark('MessageId')
    if (addressed === undefined) row.mark('ToEmailAddress')
    return undefined
  }
  return {
    provider,
    ...addressed,
    message,
    ...(from !== '' && { columns: { from } }),
    ...(sentAtMs !== undefined && { sentAtMs }),
    ...(outcome && { outcome }),
    engagement,
  }
}

/** `undefined` where neither status says what became of the mail. */
function outcomeOf(
  row: Row,
  sendStatus: SendStatus,
  requestedAtMs: number | undefined,
): PolledOutcome | undefined {
  const message = oneLine(row.read('DeliverMessage', text) ?? '')
  const delivered = at(row.read('DeliverTime', unixSecond))
  const requested = at(requestedAtMs)
  if (sendStatus === noRecord) return undefined
  if (sendStatus !== 0 && sendStatus !== 'odd') {
    const detail = oneLine(`${describeSendStatus(sendStatus)} ${message}`)
    return { kind: 'dropped', ...requested, code: `SendStatus ${String(sendStatus)}`, detail }
  }
  const status = deliverStatusOf(row)
  if (status === 0) return { kind: 'requested', ...requested, detail: message }
  if (status !== 'odd') return outcomeOfStatus(status, delivered, message)
  // It was sent, whatever became of it then.
  return sendStatus === 0 ? { kind: 'requested', ...requested, detail: '' } : undefined
}

function outcomeOfStatus(
  status: 1 | 2 | 3 | 8,
  delivered: { occurredAtMs: number } | undefined,
  message: string,
): PolledOutcome {
  const reply = message === '' ? {} : { reply: message }
  switch (status) {
    case 1:
      return { kind: 'delivered', ...delivered, detail: message }
    case 2:
      return { kind: 'dropped', ...delivered, detail: message }
    case 3:
      return {
        kind: 'bounced',
        ...delivered,
        bounceClass: bounceClassOfReply(message),
        ...reply,
        detail: '',
      }
    case 8:
      return { kind: 'deferred', ...delivered, ...reply, detail: '' }
  }
}

/** Unlike other fields it may not be missing: nothing means "none". */
function deliverStatusOf(row: Row): 0 | 1 | 2 | 3 | 8 | 'odd' {
  const value = row.read('DeliverStatus', wholeNumber)
  if (isDeliverStatus(value)) return value
  row.mark('DeliverStatus')
  return 'odd'
}

function isDeliverStatus(value: number | undefined): value is 0 | 1 | 2 | 3 | 8 {
  return deliverStatuses.includes(value)
}

function engagementOf(row: Row): PolledDelivery['engagement'] {
  const isReported = (...names: readonly string[]) =>
    names.map((name) => row.read(name, flag)).some((is) => is === true)
  return [
    ...(isReported('UserOpened') ? (['opened'] as const) : []),
    ...(isReported('UserClicked') ? (['clicked'] as const) : []),
    ...(isReported(...complaintFields) ? (['complained'] as const) : []),
    ...(isReported('UserUnsubscribed') ? (['unsubscribed'] as const) : []),
  ]
}

function at(occurredAtMs: number | undefined): { occurredAtMs: number } | undefined {
  return occurredAtMs === undefined ? undefined : { occurredAtMs }
}
