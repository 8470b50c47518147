import * as v from 'valibot'
import { bareAddress, readAddress, type Addressed } from '../core/address.ts'
import { toSecond, unixInstantMs } from '../core/instant.ts'
import { identifierIn } from '../core/message.ts'
import type { PolledDelivery, PolledOutcome } from '../core/polled-delivery.ts'
import { bounceClassOfReply } from '../core/smtp-reply.ts'
import { oneLine } from '../core/text.ts'
import { describeSendStatus } from './send-status.ts'

/**
 * One row of GetSendEmailStatus. Anything but the key and the two statuses may be missing or null.
 * Source: data type SendEmailStatus, API version 2020-10-02.
 */
const statusRow = v.object({
  MessageId: v.pipe(v.string(), v.transform(identifierIn), v.string()),
  ToEmailAddress: v.pipe(
    v.string(),
    v.transform(readAddress),
    v.custom<Addressed>((read) => read !== undefined),
  ),
  FromEmailAddress: v.nullish(v.string(), ''),
  SendStatus: v.nullish(v.pipe(v.number(), v.safeInteger()), 0),
  DeliverStatus: v.optional(v.unknown()),
  DeliverMessage: v.nullish(v.string(), ''),
  RequestTime: v.nullish(v.number(), 0),
  DeliverTime: v.nullish(v.number(), 0),
  UserOpened: v.nullish(v.boolean(), false),
  UserClicked: v.nullish(v.boolean(), false),
  UserUnsubscribed: v.nullish(v.boolean(), false),
  UserComplained: v.nullish(v.boolean(), false),
  UserComplainted: v.nullish(v.boolean(), false), // the older, misspelt name
})

const deliverStatus = v.picklist([0, 1, 2, 3, 8])

type StatusRow = v.InferOutput<typeof statusRow>

/** The row as a polled delivery, or the names of the fields that could not be read. */
export function polledDeliveryOf(provider: string, row: unknown): PolledDelivery | { unreadable: string } {
  const parsed = v.safeParse(statusRow, row)
  if (!parsed.success) {
    const fields = parsed.issues.map((issue) => v.getDotPath(issue) ?? 'row')
    return { unreadable: [...new Set(fields)].join(' ') }
  }
  const told = parsed.output
  const outcome = outcomeOf(told)
  if (!outcome) return { unreadable: 'DeliverStatus' }
  const from = bareAddress(oneLine(told.FromEmailAddress))
  const sentAtMs = instantMs(told.RequestTime)
  return {
    provider,
    ...told.ToEmailAddress,
    message: told.MessageId,
    ...(from !== '' && { from }),
    ...(sentAtMs !== undefined && { sentAtMs }),
    outcome,
    engagement: engagementOf(told),
  }
}

/** `undefined` where neither status says what became of the mail. */
function outcomeOf(told: StatusRow): PolledOutcome | undefined {
  const message = oneLine(told.DeliverMessage)
  if (told.SendStatus !== 0) {
    return {
      kind: 'dropped',
      ...at(told.RequestTime),
      code: `SendStatus ${String(told.SendStatus)}`,
      detail: oneLine(`${describeSendStatus(told.SendStatus)} ${message}`),
    }
  }
  const status = v.safeParse(deliverStatus, told.DeliverStatus)
  if (!status.success) return undefined
  switch (status.output) {
    case 0:
      return { kind: 'requested', ...at(told.RequestTime), detail: message }
    case 1:
      return { kind: 'delivered', ...at(told.DeliverTime), detail: message }
    case 2:
      return { kind: 'dropped', ...at(told.DeliverTime), detail: message }
    case 3:
      return {
        kind: 'bounced',
        ...at(told.DeliverTime),
        bounceClass: bounceClassOfReply(message),
        reply: message,
        detail: '',
      }
    case 8:
      return { kind: 'deferred', ...at(told.DeliverTime), reply: message, detail: '' }
  }
}

function engagementOf(told: StatusRow): PolledDelivery['engagement'] {
  return [
    ...(told.UserOpened ? (['opened'] as const) : []),
    ...(told.UserClicked ? (['clicked'] as const) : []),
    ...(told.UserComplained || told.UserComplainted ? (['complained'] as const) : []),
    ...(told.UserUnsubscribed ? (['unsubscribed'] as const) : []),
  ]
}

function at(unixSeconds: number): { occurredAtMs: number } | undefined {
  const occurredAtMs = instantMs(unixSeconds)
  return occurredAtMs === undefined ? undefined : { occurredAtMs }
}

// 0 stands for "none".
function instantMs(told: number): number | undefined {
  const instant = unixInstantMs(told)
  return instant === undefined ? undefined : toSecond(instant)
}
