import { styleText } from 'node:util'
import type { Status } from '../lib/core/delivery.ts'
import type { SuppressionReason } from '../lib/core/suppression.ts'

type Color = 'red' | 'yellow' | 'green' | 'dim'

const colors: Readonly<Record<Status | 'complained' | SuppressionReason, Color>> = {
  requested: 'dim',
  unknown: 'dim',
  deferred: 'yellow',
  'soft-bounced': 'yellow',
  dropped: 'red',
  delivered: 'green',
  bounced: 'red',
  complained: 'red',
  'hard-bounce': 'red',
  complaint: 'red',
  unsubscribe: 'yellow',
  blocklist: 'yellow',
  'by-hand': 'yellow',
}

/**
 * The text in the color of what it says; as it is where the output is no terminal, or `NO_COLOR` is set.
 * @param text - default: the word itself
 */
export function colored(word: keyof typeof colors, text: string = word): string {
  return styleText(colors[word], text)
}
