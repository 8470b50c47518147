import { nameOf, statusRanks, type Delivery, type Status } from '../../lib/core/delivery.ts'
import type { DeliveryReader } from '../../lib/ledger/ports.ts'
import { isRight, truthAt } from '../../local/truth.ts'
import { needOf } from './missed-facts.ts'
import type { PlayedMail } from './played-mail.ts'

/** How the table in the end compares with what happened. */
export interface FinalTable {
  readonly rows: number
  /** Rows that are missing or do not say what truly happened. */
  readonly wrong: number
  /** Rows whose status or kinds of engagement are not those that all callbacks would have left. */
  readonly otherThanWithoutLoss: number
}

const rowsAtOnce = 100

/** Compares the rows of these mails, of which everything has happened by the instant. */
export async function compareRows(
  mails: readonly PlayedMail[],
  deliveries: Pick<DeliveryReader, 'rowsOf'>,
  atMs: number,
): Promise<FinalTable> {
  const compared = { rows: mails.length, wrong: 0, otherThanWithoutLoss: 0 }
  for (let from = 0; from < mails.length; from += rowsAtOnce) {
    const some = mails.slice(from, from + rowsAtOnce)
    const rows = await deliveries.rowsOf(some.map(keyOf))
    const byName = new Map(rows.map((row) => [nameOf(row), row]))
    for (const mail of some) {
      const row = byName.get(nameOf(keyOf(mail)))
      const truth = truthAt(mail, atMs)
      if (!truth || !isRight(row, truth)) compared.wrong += 1
      if (!row || sayingOf(row) !== sayingWithoutLoss(mail)) compared.otherThanWithoutLoss += 1
    }
  }
  return compared
}

export function sumOf(one: FinalTable, other: FinalTable): FinalTable {
  return {
    rows: one.rows + other.rows,
    wrong: one.wrong + other.wrong,
    otherThanWithoutLoss: one.otherThanWithoutLoss + other.otherThanWithoutLoss,
  }
}

const engagementKinds = ['opened', 'clicked', 'complained', 'unsubscribed'] as const

/** Status and kinds of engagement. */
function sayingOf(row: Delivery): string {
  return [row.status, ...engagementKinds.filter((kind) => row.facts.has(kind))].join(' ')
}

/** What the row would say if every callback had arrived: the highest status of any, and each engagement. */
function sayingWithoutLoss({ timeline }: PlayedMail): string {
  const needs = timeline.map(needOf)
  const rank = Math.max(statusRanks.requested, ...needs.map((need) => ('rank' in need ? need.rank : 0)))
  const statuses = Object.keys(statusRanks) as Status[]
  const status = statuses.find((known) => statusRanks[known] === rank) ?? ''
  const kinds = engagementKinds.filter((kind) => needs.some((need) => 'kind' in need && need.kind === kind))
  return [status, ...kinds].join(' ')
}

function keyOf({ recipient, messageId }: PlayedMail) {
  return { recipient: recipient.toLowerCase(), message: messageId }
}
