/** List price on demand in us-east-1, 2026-11, in dollars for a million. */
const writePrice = 0.625
const readPrice = 0.125

/** Of made rows, which are as large as usual ones: with keys, names and indexes' own copies. */
const bytesOfRow = 700
/** Keys, status and provider, and 100 bytes that DynamoDB counts for an entry of an index. */
const bytesOfPendingEntry = 350

/** A scan that may be a moment behind reads 8 KB for a unit. */
const bytesOfReadUnit = 8_192

/**
 * What a mail writes with sends recorded: row, `byMessage` and `pending` when its sending is recorded, row and `pending` when it
 * is delivered; of a bounce `problems` as well (`npm run bench:writes` counts the calls).
 */
const writesOfMail = 5

/** Lines about what reading and writing so many mails costs by list price. */
export function billOf(rows: number): readonly string[] {
  const dollars = (units: number, price: number) => `$${((units / 1_000_000) * price).toFixed(2)}`
  const line = (name: string, units: number, price: number) =>
    `  ${name.padEnd(40)} ${Math.ceil(units).toLocaleString('en-US')} units, ${dollars(units, price)}`
  return [
    line('to write them, two events each', rows * writesOfMail, writePrice),
    line('stats, export or recheck, once', (rows * bytesOfRow) / bytesOfReadUnit, readPrice),
    line('one survey with all of them pending', (rows * bytesOfPendingEntry) / bytesOfReadUnit, readPrice),
  ]
}
