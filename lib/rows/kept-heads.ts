import type { InboundHead, KeptHead, QuarantinedHead } from '../erase/ports.ts'
import { listIn, textIn, type Row } from './row.ts'

// Heads of bodies as an erasure looks at them: whatever they hold, and whether or not they have expired.

/** Set on a head whose parts are being removed: without them nobody could say any more whom the body names. */
export const erasing = 'erasing'

function keptHeadIn(row: Row): KeptHead {
  const lastSeenAt = textIn(row, 'lastSeenAt')
  return {
    id: textIn(row, 'id') ?? '',
    parts: Number(row.parts ?? 0),
    isHalfRemoved: erasing in row,
    ...(lastSeenAt !== undefined && { lastSeenAt }),
  }
}

/** The columns of an inbound mail that name its sender and its recipient. */
const people = ['recipient', 'answeredRecipient', 'from', 'mailFrom', 'emailId']

export function inboundHeadIn(row: Row): InboundHead {
  const receivedAtMs = Math.min(...listIn(row, 'receivedAt').map((instant) => Date.parse(instant)))
  return {
    ...keptHeadIn(row),
    people: people.flatMap((column) => textIn(row, column) ?? []),
    ...(Number.isFinite(receivedAtMs) && { receivedAtMs }),
  }
}

export function quarantinedHeadIn(row: Row): QuarantinedHead {
  const { body: kept } = row
  const body = typeof kept === 'string' ? new TextEncoder().encode(kept) : kept
  return {
    ...keptHeadIn(row),
    contentType: textIn(row, 'contentType') ?? '',
    isOpen: !('resolvedAt' in row),
    ...(body instanceof Uint8Array && { body }),
  }
}
