import { readFileSync } from 'node:fs'

/** What a receiving server said, and whether it means that no mail will ever arrive there. */
export interface LabelledReply {
  readonly class: string
  readonly isDead: boolean
  readonly reply: string
}

const folder = new URL('../../test/fixtures/replies/', import.meta.url)

/** Lines of a file of tab-separated columns, without comments. */
function linesOf(file: string): readonly (readonly string[])[] {
  return readFileSync(new URL(file, folder), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t'))
}

/** Replies on which good sources contradict each other are no measure. */
function labelled(lines: readonly (readonly string[])[]): readonly LabelledReply[] {
  return lines.flatMap(([replyClass = '', reply = '']) =>
    replyClass === 'conflict'
      ? []
      : [{ class: replyClass, isDead: replyClass === 'gone' || replyClass === 'closed', reply }],
  )
}

/** The sets of test/fixtures/replies, by what they are to the table. */
export function labelledReplies(): readonly (readonly [title: string, replies: readonly LabelledReply[]])[] {
  const developed = linesOf('developed-against.tsv').map(([replyClass = '', , reply = '']) => [
    replyClass,
    reply,
  ])
  const later = linesOf('collected-later.tsv')
  const part = (name: string) =>
    later.filter(([known]) => known === name).map(([, replyClass = '', , reply = '']) => [replyClass, reply])
  return [
    ['developed against', labelled(developed)],
    ['collected later, read while the table was mended', labelled(part('tuned'))],
    ['collected later, unread until its figure was taken', labelled(part('unread'))],
  ]
}
