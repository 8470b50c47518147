import * as v from 'valibot'
import { parseInstant } from '../../lib/core/instant.ts'
import { eventKinds } from '../../lib/core/event.ts'
import { shownFields } from '../../local/event-log.ts'
import type { LogLine } from './function-logs.ts'

/** One thing that came in. */
export type Entry = { readonly atMs: number } & (
  | (RecordedEvent & { readonly type: 'event'; readonly among: SameEvents })
  /** Further events of one request, which its line does not name. */
  | { readonly type: 'more'; readonly provider: string; readonly events: number }
  /** A request that was refused, was kept, or reported nothing. */
  | {
      readonly type: 'request'
      readonly provider: string
      readonly status: number
      readonly why: string
    }
  /** Anything else that a function logs, such as a run of reconcile. */
  | { readonly type: 'other'; readonly event: string; readonly fields: Readonly<Record<string, unknown>> }
)

/** Events of one request that its line does not distinguish: of one message to several recipients. */
interface SameEvents {
  readonly place: number
  readonly of: number
}

/** An event as the ingest function logs it (`lib/ingest/logged-events.ts`). */
export type RecordedEvent = v.InferOutput<typeof recordedEvent>

const recordedEvent = v.object({
  kind: v.picklist([...eventKinds, 'inbound mail']),
  class: v.optional(v.picklist(['hard', 'soft', 'undetermined'])),
  provider: v.string(),
  message: v.optional(v.string()),
  occurredAt: v.optional(
    v.pipe(
      v.string(),
      v.check((text) => parseInstant(text) !== undefined),
    ),
  ),
})

const loggedLine = v.pipe(
  v.looseObject({ event: v.string() }),
  // The line's own instant is as good.
  v.transform((line) => ({ ...line, at: undefined })),
)

const callbackLine = v.object({
  event: v.literal('callback'),
  provider: v.optional(v.string(), ''),
  status: v.number(),
  recorded: v.optional(v.number(), 0),
  mails: v.optional(v.array(v.unknown()), []),
  probe: v.optional(v.string()),
  problem: v.optional(v.string()),
  quarantined: v.optional(v.string()),
  quarantine: v.optional(v.string()),
  problems: v.optional(v.array(v.string()), []),
})

type CallbackLine = v.InferOutput<typeof callbackLine>

/** What a line says came in; nothing where it is of Lambda's own, or for CloudWatch alone. */
export function entriesOf({ atMs, text }: LogLine): readonly Entry[] {
  const line = v.safeParse(loggedLine, parsed(text))
  if (!line.success) return failureIn(text).map((event) => ({ atMs, type: 'other', event, fields: {} }))
  const callback = v.safeParse(callbackLine, line.output)
  if (callback.success) return entriesOfRequest(atMs, callback.output)
  const { event, ...fields } = line.output
  const shown = event === 'metrics' ? undefined : shownFields(fields)
  return shown ? [{ atMs, type: 'other', event, fields: shown }] : []
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Lambda's own lines are plain text; of them a person wants to see what failed. */
function failureIn(text: string): readonly string[] {
  return /\bERROR\b|Task timed out/.test(text) ? [text] : []
}

function entriesOfRequest(atMs: number, line: CallbackLine): readonly Entry[] {
  const { provider, status, recorded } = line
  const named = line.mails.flatMap((mail) => {
    const event = v.safeParse(recordedEvent, mail)
    return event.success ? [event.output] : []
  })
  const same = Map.groupBy(named, (event) => JSON.stringify(event))
  const events = named.map((event) => {
    const all = same.get(JSON.stringify(event)) ?? []
    return { atMs, type: 'event' as const, ...event, among: { place: all.indexOf(event), of: all.length } }
  })
  const unnamed = recorded - events.length
  const why = whyOf(line)
  return [
    ...events,
    ...(unnamed > 0 ? [{ atMs, type: 'more' as const, provider, events: unnamed }] : []),
    ...(why === '' ? [] : [{ atMs, type: 'request' as const, provider, status, why }]),
  ]
}

/** What is to be said of a request beside its events; empty where nothing is. */
function whyOf(line: CallbackLine): string {
  const { status, probe, problem, quarantined, quarantine, problems } = line
  const said = [
    ...(probe === undefined
      ? []
      : [probe === 'unsigned' ? 'a probe, without a signature' : `a probe (${probe})`]),
    ...(problem === undefined ? [] : [problem]),
    ...problems,
    ...(quarantined === undefined ? [] : [`kept in quarantine as ${quarantined}`]),
    ...(quarantine === undefined
      ? []
      : [quarantine === 'day full' ? 'not kept: the day is full' : 'not kept']),
  ]
  if (said.length > 0) return said.join('; ')
  return status === 200 ? '' : (usualReasons.get(status) ?? `answered ${status}`)
}

/** Why a request without any word on it was refused. */
const usualReasons: ReadonlyMap<number, string> = new Map([
  [401, 'the token in the path is not accepted'],
  [404, 'no such path'],
  [405, 'callbacks are sent by POST'],
  [413, 'too large'],
  [503, 'it could not be written; the sender is asked to try again'],
])
