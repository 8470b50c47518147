import type { Delivery } from '../../lib/core/delivery.ts'
import type { EventKind } from '../../lib/core/event.ts'
import { parseFact, type Fact } from '../../lib/core/fact.ts'

const startMs = Date.parse('2025-10-01T00:00:00Z')
const agents = [
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148',
  'Mozilla/5.0',
  'YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-for-desktop/SLN28749.html',
]

/** Every twentieth mail bounced; four of ten of the others were opened twice, one of ten was followed by a click. */
export function madeDelivery(index: number, rows: number): Delivery {
  const sentMs = startMs + Math.floor((index / rows) * 400) * 86_400_000
  const at = (seconds: number) => new Date(sentMs + seconds * 1_000).toISOString().replace('.000', '')
  const facts = new Map<EventKind, readonly Fact[]>()
  const put = (kind: EventKind, ...texts: readonly string[]) =>
    facts.set(
      kind,
      texts.map((text) => parseFact(kind, text)),
    )
  const isBounced = index % 20 === 0
  const agent = agents[index % agents.length] ?? ''
  if (isBounced) put('bounced', `${at(9)} hard 550 5.1.1 no such user ${index}`)
  else put('delivered', `${at(3 + (index % 290))} 250 ok`)
  if (!isBounced && index % 5 < 2) put('opened', `${at(400)} ${agent}`, `${at(4_000)} ${agent}`)
  if (!isBounced && index % 10 === 1) put('clicked', `${at(500)} https://example.com/${index % 7} ${agent}`)
  const digits = new Date(sentMs + 28_800_000).toISOString().replace(/\D/g, '').slice(0, 14)
  return {
    recipient: `recipient@domain-${index}.example`,
    message: `qcloudses-30-251200670-date-${digits}-${index}`,
    provider: 'tencent-ses',
    status: isBounced ? 'bounced' : 'delivered',
    spellings: [],
    emailIds: [],
    facts,
    columns: new Map([
      ['template', String(index % 50)],
      ['subject', `Order ${index} is on its way`],
      ['from', 'shop@example.org'],
    ]),
  }
}
