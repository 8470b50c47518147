import type { BounceVerdict } from '../verdict-words.ts'
import type { Words } from './words.ts'

/** How a bounce is judged, and by what source. */
export function judgedWords(
  {
    class: replyClass = 'unknown',
    rule,
    verdict,
    source,
  }: Pick<BounceVerdict, 'class' | 'rule' | 'verdict' | 'source'>,
  words: Words,
): string {
  const judged = words.judged(words.classes[replyClass], rule, words.verdicts[verdict])
  return `${judged} ${words.sourceOf(rule === 'no-rule' ? words.noRule : source)}`
}
