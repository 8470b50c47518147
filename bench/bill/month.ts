/** List prices on demand in us-east-1, 2026-11, in dollars. What AWS gives free of charge is not subtracted. */
const prices = {
  millionWrites: 0.625,
  millionReads: 0.125,
  /** 0.25 stored, and 0.20 for point-in-time recovery. */
  gigabyteOfTable: 0.45,
  gigabyteSecond: 0.0000133334,
  millionRequests: 0.2,
  gigabyteOfLog: 0.5,
  customMetric: 0.3,
  alarmMetric: 0.1,
  dashboard: 3,
}

/** A mail that is recorded when it is sent, delivered, and opened once. */
const mail = {
  requests: 3,
  /** Row, `byMessage` and `pending` when it is recorded, row and `pending` when it is delivered, row when it is opened. */
  writes: 6,
  bytes: 700,
  days: 400,
}

/** Of the ingest function: 1,024 MB for as long as one call to DynamoDB takes, by what `npm run bench:answers` reckons with. */
const secondsOfRequest = 0.025
/** A line of ours, and three of Lambda's own. */
const bytesOfLog = 1_100

/** A run each five minutes, of some two seconds when there is little to ask, in 512 MB. */
const runs = 288
const secondsOfRun = 2
/** Each date's list is read four times, a hundred mails to a call, at a call a second; each mail is read as well. */
const sweeps = 4

/** What there is with both providers and alarms: docs/runbook.md, "What watching costs". */
const watched = { customMetrics: 35, alarmMetrics: 20, dashboards: 1 }

const daysOfMonth = 30

interface Item {
  readonly name: string
  readonly dollars: number
}

/** What a month costs with so many mails a day, once as many days are stored as rows stay. */
export function itemsOfMonth(mailsOfDay: number): readonly Item[] {
  const mails = mailsOfDay * daysOfMonth
  const requests = mails * mail.requests
  const pollSeconds = daysOfMonth * (runs * secondsOfRun + (sweeps * mailsOfDay) / 100)
  const storedGigabytes = (mailsOfDay * mail.days * mail.bytes) / 1e9
  return [
    { name: 'writing rows and indexes', dollars: (mails * mail.writes * prices.millionWrites) / 1e6 },
    { name: 'storing 400 days, with recovery', dollars: storedGigabytes * prices.gigabyteOfTable },
    {
      name: 'the ingest function',
      dollars: requests * (secondsOfRequest * prices.gigabyteSecond + prices.millionRequests / 1e6),
    },
    {
      name: 'the poll, with its reads',
      dollars: (pollSeconds / 2) * prices.gigabyteSecond + (mails * sweeps * prices.millionReads) / 1e6,
    },
    { name: 'logs', dollars: ((requests * bytesOfLog) / 1e9) * prices.gigabyteOfLog },
    {
      name: 'alarms, dashboard and metrics',
      dollars:
        watched.customMetrics * prices.customMetric +
        watched.alarmMetrics * prices.alarmMetric +
        watched.dashboards * prices.dashboard,
    },
  ]
}

/** The bill as it is printed, a line each, the sum last. */
export function billOfMonth(mailsOfDay: number): readonly string[] {
  const items = itemsOfMonth(mailsOfDay)
  const sum = { name: 'together', dollars: items.reduce((total, { dollars }) => total + dollars, 0) }
  return [...items, sum].map(({ name, dollars }) => `${name.padEnd(32)} ${dollars.toFixed(2).padStart(8)}`)
}
