import * as v from 'valibot'
import { readAddress } from '../../core/address.ts'
import type { PolledDelivery, PolledEvent } from '../../core/polled-delivery.ts'
import { oneLine } from '../../core/text.ts'
import type { ReadRow, StatusApi } from '../../reconcile/ports.ts'
import { pageRows } from '../../reconcile/ports.ts'
import { address, Row, text } from '../row.ts'
import { callSendCloud, type SendCloudSettings } from './call.ts'
import { emailId, localSecond, sendCloudProvider, staleMs } from './fields.ts'
import { listedPage } from './listed-page.ts'

const action = 'openandclick/list'

/** The documents do not say whether one list has both where no type is named: so each is asked for by its number. */
const trackTypes = { opened: '1', clicked: '2' } as const

/**
 * SendCloud's list of opens, or of clicks, of the mails of a date, with the instant of each. It has no look-ups.
 * Source: "打开点击" (open_or_click), read 2026-11-21.
 */
export function openAndClick(settings: SendCloudSettings, kind: 'opened' | 'clicked'): StatusApi {
  return {
    provider: sendCloudProvider,
    name: `${action} (${kind})`,
    lookUpsBy: 'nothing',
    staleMs,
    async page({ requestDate, offset }) {
      const { info, answeredAtMs } = await callSendCloud(settings, {
        action,
        about: `${requestDate} at offset ${offset}`,
        isLookUp: false,
        parameters: {
          startDate: requestDate,
          endDate: requestDate,
          trackType: trackTypes[kind],
          // By when the mail was sent, so that the list of a date has what happens to its mails later.
          timeType: '0',
          start: String(offset),
          limit: String(pageRows),
        },
      })
      const page = listedPage(action, info, (row) => readRow(kind, row))
      return { ...page, ...(answeredAtMs !== undefined && { answeredAtMs }) }
    },
  }
}

function readRow(kind: 'opened' | 'clicked', value: unknown): ReadRow {
  if (typeof value !== 'object' || value === null) return { unreadable: { fields: 'row', row: value } }
  const row = new Row(new Map(Object.entries(value)))
  const delivery = deliveryOf(kind, row)
  if (row.odd.length === 0) return delivery ? { delivery } : {}
  const sentAt = delivery?.sentAtMs === undefined ? {} : { sentAtMs: delivery.sentAtMs }
  return { ...(delivery && { delivery }), unreadable: { fields: row.odd.join(' '), row: value, ...sentAt } }
}

/** `undefined` where the row names no delivery. */
function deliveryOf(kind: 'opened' | 'clicked', row: Row): PolledDelivery | undefined {
  const named = row.read('emailId', emailId)
  const addressed = (named && readAddress(named.recipient)) ?? row.read('email', address)
  const sentAtMs = row.read('requestTime', localSecond)
  const happenedAtMs = row.read('currTime', localSecond)
  const account = oneLine(row.read('apiUser', text) ?? '')
  const event = eventOf(kind, row, happenedAtMs)
  if (!named || !addressed) {
    row.mark('emailId')
    return undefined
  }
  return {
    provider: sendCloudProvider,
    ...addressed,
    message: named.message,
    emailId: oneLine(row.read('emailId', v.string()) ?? ''),
    ...(account !== '' && { columns: { account } }),
    ...(sentAtMs !== undefined && { sentAtMs }),
    // Without an instant it is known that it happened, and not how often.
    engagement: event ? [] : [kind],
    ...(event && { events: [event] }),
  }
}

function eventOf(
  kind: 'opened' | 'clicked',
  row: Row,
  occurredAtMs: number | undefined,
): PolledEvent | undefined {
  const [link = '', browser, device, ip] = ['url', 'browser', 'device', 'ip'].map((name) =>
    oneLine(row.read(name, text) ?? ''),
  )
  if (occurredAtMs === undefined) return undefined
  const agent = [browser, device && `on ${device}`]
    .filter((part) => part !== undefined && part !== '')
    .join(' ')
  return {
    kind,
    occurredAtMs,
    ...(kind === 'clicked' && link !== '' && { link }),
    detail: [agent, ip && `from ${ip}`].filter((part) => part !== undefined && part !== '').join(', '),
  }
}
