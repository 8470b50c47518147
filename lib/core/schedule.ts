import type { Status } from './delivery.ts'
import { dayMs, hourMs, minuteMs } from './instant.ts'

/**
 * The age from which a mail is worth finding in the provider's list: by then its callback has usually come, and its row
 * shows there, which may take about a minute.
 */
export const callbackGraceMs = 5 * minuteMs

/**
 * A mail of which nothing was heard is known before it is a quarter of an hour old, with a run every five minutes. Sooner would cost
 * looks at mails of which another callback tells meanwhile.
 */
const firstLookMs = 10 * minuteMs

/**
 * When to ask the provider about a delivery that is still pending, as ages since it was sent. A pure function of
 * status and sent time: that a delivery was looked at needs no record of its own (docs/adr/0004).
 *
 * Silent deliveries are looked at soon, since a lost callback is the likeliest reason. Deferred ones are aligned with
 * usual retry lifetimes: 72 h (several senders), 5 days (RFC 5321 §4.5.4.1). The last look comes before day 30, when
 * GetSendEmailStatus stops to tell. A soft bounce is a result: should it change, the sweep of its date tells
 * (docs/adr/0009).
 */
const silentLooksMs = [firstLookMs, hourMs, 4 * hourMs, 12 * hourMs, 36 * hourMs]
const retryLooksMs = [4 * hourMs, 12 * hourMs, 36 * hourMs]
const retryLifetimeMs = 73 * hourMs
const longestRetryLifetimeMs = 5 * dayMs + hourMs
const lastLookMs = 29 * dayMs

/** How far back the provider's list reaches. */
export const reachMs = 30 * dayMs

/** The ages at which a pending delivery is looked at, youngest first. */
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
 * Whether a look at a deferred delivery could tell nothing that a callback would not tell by itself. Retries grow apart
 * about twofold, so a mail that was put off last at one age is silent for as long again without anything being amiss. Where
 * a retry lifetime is over the look is taken in any case.
 */
export function isHeardOf(lastDeferredAtMs: number, sentAtMs: number, lookAtMs: number): boolean {
  const lookAgeMs = lookAtMs - sentAtMs
  return lookAgeMs < retryLifetimeMs && lastDeferredAtMs - sentAtMs >= lookAgeMs / 2
}

/** The latest look that falls due after one instant and not after another; `undefined` where none does. */
export function dueLookMs(
  status: Status,
  sentAtMs: number,
  window: { afterMs: number; throughMs: number },
): number | undefined {
  return lookAgesMs(status)
    .map((ageMs) => sentAtMs + ageMs)
    .findLast((lookMs) => lookMs > window.afterMs && lookMs <= window.throughMs)
}

/** Whether the provider can no longer tell what became of a message sent then. */
export function isOutOfReach(sentAtMs: number, nowMs: number): boolean {
  return nowMs >= sentAtMs + reachMs
}

/** Whether no sender retries any more, so that a soft bounce is the end of it. */
export function isPastRetries(sentAtMs: number, nowMs: number): boolean {
  return nowMs >= sentAtMs + longestRetryLifetimeMs
}
