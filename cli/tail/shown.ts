import { maskedAddress } from '../../lib/core/address.ts'
import type { Delivery } from '../../lib/core/delivery.ts'
import { rejectionIn, type Fact } from '../../lib/core/fact.ts'
import { formatInstant, parseInstant } from '../../lib/core/instant.ts'
import { replyClassOf } from '../../lib/core/stored-verdict.ts'
import { printedLine } from '../../lib/core/text.ts'
import { withoutAddresses } from '../../lib/runtime/log.ts'
import { inWords } from '../../local/event-log.ts'
import { filled } from '../columns.ts'
import type { LocalTimes } from '../local-time.ts'
import type { Entry, RecordedEvent } from './entry.ts'

/** How entries are shown. */
interface Showing {
  readonly areAddressesShown: boolean
  readonly times: LocalTimes
}

/** An event, and the rows that have it: of one or, where the log does not say which, several recipients; none where it is not known. */
export interface ShownEntry {
  readonly entry: Entry
  readonly rows: readonly Delivery[]
}

const whatWidth = 'soft-bounced, full'.length
const providerWidth = 'tencent-ses'.length
const maxTextLength = 60
const maxFieldLength = 200

/** An entry as one line for a person, and as a value for JSON. */
interface EntryWriter {
  line(shown: ShownEntry): string
  value(shown: ShownEntry): object
}

export function entryWriter({ areAddressesShown, times }: Showing): EntryWriter {
  const address = areAddressesShown ? (text: string) => text : maskedAddress
  // A server's reply often repeats whom it refuses.
  const words = areAddressesShown ? (text: string) => text : withoutAddresses
  return {
    line: ({ entry, rows }) => {
      const cells = cellsOf(entry, rows, { address, words })
      return [times.time(entry.atMs), ...cells.filter((cell) => cell !== '')].join('  ').trimEnd()
    },
    value: ({ entry, rows }) => valueOf(entry, rows, { address, words }),
  }
}

interface Covering {
  readonly address: (text: string) => string
  readonly words: (text: string) => string
}

function cellsOf(entry: Entry, rows: readonly Delivery[], covering: Covering): readonly string[] {
  switch (entry.type) {
    case 'event': {
      const { what, reply } = detailsOf(entry, rows, covering)
      return [
        ...headOf(what, entry.provider),
        recipientCell(rows, covering) ?? entry.message ?? '(no MessageId)',
        cut(subjectOf(rows, covering), maxTextLength),
        cut(reply, maxTextLength),
      ]
    }
    case 'more':
      return [...headOf('…', entry.provider), `${entry.events} more events of this request`]
    case 'request':
      return [...headOf(String(entry.status), entry.provider), cut(entry.why, maxFieldLength)]
    case 'other': {
      const fields = Object.entries(entry.fields).map(([name, value]) =>
        cut(`${name} ${inWords(value)}`, maxFieldLength),
      )
      return [filled(cut(entry.event, maxFieldLength), whatWidth), ...fields]
    }
  }
}

function headOf(what: string, provider: string): readonly string[] {
  return [filled(what, whatWidth), filled(cut(provider, maxTextLength), providerWidth)]
}

function recipientCell([first, ...others]: readonly Delivery[], { address }: Covering): string | undefined {
  if (!first) return undefined
  const shown = printedLine(address(first.recipient))
  return others.length === 0 ? shown : `${shown} or ${others.length} more`
}

/** Or the template, where no subject is known. */
function subjectOf([row]: readonly Delivery[], { words }: Covering): string {
  return words(row?.columns.get('subject') ?? row?.columns.get('template') ?? '')
}

interface EventDetails {
  /** `bounced, gone` */
  readonly what: string
  readonly replyClass?: string | undefined
  readonly reply: string
}

function detailsOf(event: RecordedEvent, [row]: readonly Delivery[], { words }: Covering): EventDetails {
  const status = event.kind === 'bounced' && event.class === 'soft' ? 'soft-bounced' : event.kind
  const fact = row && rejectionOf(event, row)
  if (!row || !fact) return { what: status, reply: '' }
  const { reply, detail } = rejectionIn(fact)
  const spoken = words(reply === '' ? detail : reply)
  if (event.kind !== 'bounced') return { what: status, reply: spoken }
  const replyClass = replyClassOf(row, fact)
  return { what: `${status}, ${replyClass}`, replyClass, reply: spoken }
}

/** The fact of a bounce or a deferral: others carry no reply. */
function rejectionOf({ kind, occurredAt = '' }: RecordedEvent, { facts }: Delivery): Fact | undefined {
  const ofKind = kind === 'bounced' || kind === 'deferred' ? (facts.get(kind) ?? []) : []
  return ofKind.find(({ occurredAtMs }) => occurredAtMs === parseInstant(occurredAt)) ?? ofKind.at(-1)
}

function valueOf(entry: Entry, rows: readonly Delivery[], covering: Covering): object {
  const { atMs, ...rest } = entry
  const at = formatInstant(atMs)
  if (rest.type === 'other') return { at, type: rest.type, event: rest.event, ...rest.fields }
  if (rest.type !== 'event') return { at, ...rest }
  const { replyClass, reply } = detailsOf(rest, rows, covering)
  const { columns } = rows[0] ?? {}
  return {
    at,
    ...rest,
    among: undefined,
    bounceClass: rest.class,
    class: replyClass,
    recipients: rows.map(({ recipient }) => covering.address(recipient)),
    subject: wordsIn(columns?.get('subject'), covering),
    template: wordsIn(columns?.get('template'), covering),
    reply: reply === '' ? undefined : reply,
  }
}

function wordsIn(text: string | undefined, { words }: Covering): string | undefined {
  return text === undefined ? undefined : words(text)
}

function cut(text: string, length: number): string {
  const line = printedLine(text.slice(0, 10 * length))
  return line.length <= length ? line : `${line.slice(0, length - 1).toWellFormed()}…`
}
