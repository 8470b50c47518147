import { InvalidArgumentError, Option } from 'commander'

/** The option of every command that shows times to people. */
export interface TimeZoneOption {
  /** An IANA name, as `timeZoneIn` has it; absent: the zone of this machine. */
  readonly tz?: string | undefined
}

/** `--tz <zone>`; JSON and CSV are in UTC whatever it says. */
export function timeZoneOption(): Option {
  return new Option(
    '--tz <zone>',
    'show times in this zone, such as Asia/Shanghai (default: local)',
  ).argParser(timeZoneIn)
}

function timeZoneIn(text: string): string {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: text }).resolvedOptions().timeZone
  } catch {
    throw new InvalidArgumentError('Expected the name of a time zone, such as UTC or Asia/Shanghai.')
  }
}

export interface LocalTimes {
  /** As IANA names it. */
  readonly zone: string
  /** `2026-11-21 14:00:05`. */
  readonly time: (instantMs: number) => string
  /** The same of an instant as the tables have it; what is none stays as it is. */
  readonly timeOf: (instant: string) => string
}

/** How instants are shown to people in a zone. */
export function localTimes({ tz }: TimeZoneOption): LocalTimes {
  // Swedish has year, month and day in this order, and 24 hours.
  const format = new Intl.DateTimeFormat('sv-SE', {
    ...(tz !== undefined && { timeZone: tz }),
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  const time = (instantMs: number) => format.format(instantMs)
  return {
    zone: format.resolvedOptions().timeZone,
    time,
    timeOf(instant) {
      const instantMs = Date.parse(instant)
      return Number.isNaN(instantMs) ? instant : time(instantMs)
    },
  }
}
