import { readAddress } from '../../core/address.ts'
import type { PolledDelivery, PolledEvent } from '../../core/polled-delivery.ts'
import { oneLine } from '../../core/text.ts'
import { agentText } from '../../providers/sendcloud/agent.ts'
import type { ReadRow, StatusApi } from '../../reconcile/ports.ts'
import { address, localSecond, readRow, text, type Row } from '../row.ts'
import type { SendCloudSettings } from './call.ts'
import { emailId, listedDelivery, sendCloudProvider, staleMs } from './fields.ts'
import { listedPage } from './listed-page.ts'

const action = 'openandclick/list'

/** The documents do not say whether one list has both where no type is named: so each is asked for by its number. */
const trackTypes = { opened: '1', clicked: '2' } as const

type Kind = keyof typeof trackTypes

/**
 * SendCloud's list of opens, or of clicks, of the mails of a date, with the instant of each. It has no look-ups.
 * Source: "打开点击" (open_or_click), read 2026-11-21.
 */
export function openAndClick(settings: SendCloudSettings, kind: Kind): StatusApi {
  // By when the mail was sent, so that the list of a date has what happens to its mails later.
  const parameters = { trackType: trackTypes[kind], timeType: '0' }
  return {
    provider: sendCloudProvider,
    name: nameOf(kind),
    lookUpsBy: 'nothing',
    staleMs,
    page: (query) =>
      listedPage(settings, { action, query, parameters }, (value) => readTrackRow(kind, value)),
  }
}

/** Reads a row of one of these lists; `undefined` where that is the name of another list. */
export function readOpenOrClick(row: unknown, list: string): ReadRow | undefined {
  const kind = kinds.find((known) => nameOf(known) === list)
  return kind && readTrackRow(kind, row)
}

const kinds = Object.keys(trackTypes) as readonly Kind[]

function nameOf(kind: Kind): string {
  return `${action} (${kind})`
}

/** Reads a row of openandclick/list: what it reports, and the names of the fields that could not be read. */
export function readTrackRow(kind: Kind, value: unknown): ReadRow {
  return readRow(value, (row) => deliveryOf(kind, row))
}

/** `undefined` where the row names no delivery. */
function deliveryOf(kind: Kind, row: Row): PolledDelivery | undefined {
  const named = row.read('emailId', emailId)
  const addressed = (named && readAddress(named.recipient)) ?? row.read('email', address)
  const sentAtMs = row.read('requestTime', localSecond)
  const event = eventOf(kind, row)
  const listed = listedDelivery(row, { named, addressed, sentAtMs })
  // Without an instant it is known that it happened, and not how often.
  return listed && { ...listed, ...(event ? { engagement: [], events: [event] } : { engagement: [kind] }) }
}

/** `undefined` where the row does not show when it happened. */
function eventOf(kind: Kind, row: Row): PolledEvent | undefined {
  const field = (name: string) => oneLine(row.read(name, text) ?? '')
  const occurredAtMs = row.read('currTime', localSecond)
  const link = field('url')
  const detail = agentText({ browser: field('browser'), system: field('device'), ip: field('ip') })
  if (occurredAtMs === undefined) return undefined
  return { kind, occurredAtMs, ...(kind === 'clicked' && link !== '' && { link }), detail }
}
