/** What a month costs by AWS's list prices. `npm run bench:bill` (`MAILS=…` for another number of mails a day) */
import { billOfMonth } from './bill/month.ts'

const mails = Number(process.env.MAILS ?? 10_000)
process.stdout.write(`${mails.toLocaleString('en-US')} mails a day, dollars a month:\n`)
process.stdout.write(`${billOfMonth(mails).join('\n')}\n`)
