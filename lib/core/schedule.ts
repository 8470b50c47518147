import type { Status } from './delivery.ts'
import { dayMs, hourMs, minuteMs, utc8OffsetMs } from './instant.ts'

/**
 * The age from which a mail is worth finding in the provider's list: by then its callback has usually arrived, and the
 * list shows it, which may take about a minute.
 */
export const callbackGraceMs = 5 * minuteMs

/**
 * With a run every five minutes, a mail without callbacks is known before it is 15 minutes old. Earlier look-ups would
 * be spent on mails whose callback is still on its way.
 */
const firstLookMs = 10 * minuteMs

/**
 * When to ask the provider about a delivery that is still pending, as ages since it was sent. A pure function of status
 * and sent time: no look-up needs a record of its own (docs/adr/0004).
 *
 * Silent deliveries are looked up soon, since a lost callback is the likeliest reason. Deferred ones are aligned with
 * usual retry lifetimes: 72 h (several senders), 5 days (RFC 5321 §4.5.4.1). The last look-up is before day 30, when
 * GetSendEmailStatus stops reporting. A soft bounce is a result: if it changes, the sweep of its date finds that
 * (docs/adr/0009).
 */
const silentLooksMs = [firstLookMs, hourMs, 4 * hourMs, 12 * hourMs, 36 * hourMs]
const retryLooksMs = [4 * hourMs, 12 * hourMs, 36 * hourMs]
const retryLifetimeMs = 73 * hourMs
const longestRetryLifetimeMs = 5 * dayMs + hourMs
/** The age at which a delivery is looked up for the last time. */
export const lastLookMs = 29 * dayMs

/** How far back the provider's list reaches. */
export const reachMs = 30 * dayMs

/** The ages at which a pending delivery is looked up, youngest first. */
export function lookAgesMs(status: Status): readonly number[] {
  switch (status) {
    case 'requested':
      return [...silentLooksMs, longestRetryLifetimeMs, lastLookMs]
    case 'deferred':
      return [...retryLooksMs, retryLifetimeMs, longestRetryLifetimeMs, lastLookMs]
    case 'soft-bounced':
    case 'unknown':
    case 'delivered':
    case 'dropped':
    case 'bounced':
      return []
  }
}

/**
 * Whether a look-up of a deferred delivery can be skipped because a callback would report any change. The time between
 * retries about doubles, so a mail last deferred at one age is normally silent for as long again. At the end of a retry
 * lifetime the look-up is made in any case.
 */
export function isHeardOf(lastDeferredAtMs: number, sentAtMs: number, lookAtMs: number): boolean {
  const lookAgeMs = lookAtMs - sentAtMs
  return lookAgeMs < retryLifetimeMs && lastDeferredAtMs - sentAtMs >= lookAgeMs / 2
}

/** The latest look-up due after one instant and not after another; `undefined` if there is none. */
export function dueLookMs(
  status: Status,
  sentAtMs: number,
  window: { afterMs: number; throughMs: number },
): number | undefined {
  return latestIn(
    lookAgesMs(status).map((ageMs) => sentAtMs + ageMs),
    window,
  )
}

/**
 * The same where one request asks about a hundred deliveries: a look-up that comes with others costs nothing. The first is due as
 * soon as callbacks have had their time, and may wait for later mails ({@link isLateTogether}). Further ones fall due
 * at instants that the mails of an hour, or of a part of a day in UTC+8, have in common.
 */
export function dueLookTogetherMs(
  status: Status,
  sentAtMs: number,
  window: { afterMs: number; throughMs: number },
): number | undefined {
  return latestIn(
    lookAgesMs(status).map((ageMs) => togetherMs(sentAtMs, ageMs)),
    window,
  )
}

function togetherMs(sentAtMs: number, ageMs: number): number {
  if (ageMs === firstLookMs) return sentAtMs + callbackGraceMs
  const everyMs = ageMs < 12 * hourMs ? hourMs : ageMs < 36 * hourMs ? 4 * hourMs : 12 * hourMs
  return Math.ceil((sentAtMs + ageMs + utc8OffsetMs) / everyMs) * everyMs - utc8OffsetMs
}

/**
 * Whether a look-up has waited for others as long as it may. With a run every five minutes, one that waits ten minutes from
 * the fifth on is made before its mail is twenty minutes old.
 */
export function isLateTogether(sentAtMs: number, dueAtMs: number, nowMs: number): boolean {
  const isFirst = dueAtMs - sentAtMs < firstLookMs
  return nowMs - dueAtMs >= (isFirst ? 10 : 20) * minuteMs
}

function latestIn(
  looksMs: readonly number[],
  { afterMs, throughMs }: { readonly afterMs: number; readonly throughMs: number },
): number | undefined {
  return looksMs.findLast((lookMs) => lookMs > afterMs && lookMs <= throughMs)
}

/** Whether the provider no longer reports on a message sent then. */
export function isOutOfReach(sentAtMs: number, nowMs: number): boolean {
  return nowMs >= sentAtMs + reachMs
}

/** Whether no sender retries any more, so that a soft bounce is final. */
export function isPastRetries(sentAtMs: number, nowMs: number): boolean {
  return nowMs >= sentAtMs + longestRetryLifetimeMs
}
