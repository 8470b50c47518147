import { html } from 'hono/html'
import type { Html } from './html.ts'

type Tone = 'good' | 'bad' | 'warn' | 'plain'

const tones = new Map<string, Tone>([
  ['delivered', 'good'],
  ['bounced', 'bad'],
  ['dropped', 'bad'],
  ['complained', 'bad'],
  ['soft-bounced', 'warn'],
  ['deferred', 'warn'],
  ['unsubscribed', 'warn'],
])

/** How a status or a kind of event is colored. */
export function toneOf(name: string): Tone {
  return tones.get(name) ?? 'plain'
}

/** A status or a kind of event in its color. */
export function badge(name: string, shown: string): Html {
  return html`<span class="badge ${toneOf(name)}">${shown}</span>`
}
