import { html } from 'hono/html'
import { heldOf } from '../change-suppression.ts'
import { nothing, path, type Html } from '../pages/html.ts'
import type { View } from './view.ts'

/** That nothing should be sent to an address, with a link to why; nothing where it is not on the list. */
export async function suppressionNotice({ words, ledger }: View, recipient: string): Promise<Html> {
  const row = await ledger.store.suppressionReader().ofRecipient(recipient)
  const held = heldOf(row, ledger)
  if (held.length === 0) return nothing
  // Who unsubscribed from one sender may still get the mails of another.
  const domains = held.flatMap(({ fromDomain }) => fromDomain ?? [])
  const isOfDomains = domains.length === held.length
  return html`<div class="notice ${isOfDomains ? 'warn' : 'bad'}">
    ${isOfDomains ? words.onTheListFrom(domains.join(', ')) : words.onTheList}
    <a href="${path('/suppressions', { q: recipient })}">${words.suppressionOf}</a>
  </div>`
}
