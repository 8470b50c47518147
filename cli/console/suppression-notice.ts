import { html } from 'hono/html'
import { heldOf } from '../change-suppression.ts'
import { nothing, path, type Html } from '../pages/html.ts'
import type { View } from './view.ts'

/** That nothing should be sent to an address, with a link to why; nothing where it is not on the list. */
export async function suppressionNotice({ words, ledger }: View, recipient: string): Promise<Html> {
  const row = await ledger.store.suppressionReader().ofRecipient(recipient)
  if (heldOf(row, ledger).length === 0) return nothing
  return html`<div class="notice bad">
    ${words.onTheList} <a href="${path('/suppressions', { q: recipient })}">${words.suppressionOf}</a>
  </div>`
}
