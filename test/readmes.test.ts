import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'

// README.md and README.zh-CN.md say the same: the same commands, output, figures and pages.

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const english = read('README.md')
const chinese = read('README.zh-CN.md')
const commandsPage = read('docs/commands.md')

const fence = /^```\w*\n[^]*?^```$/gm

function blocksOf(markdown: string): readonly string[] {
  return markdown.match(fence) ?? []
}

/** Without code, links' targets and names that have digits. */
function proseOf(markdown: string): string {
  return markdown.replaceAll(fence, '').replaceAll(/`[^`\n]+`|\]\([^)]+\)|srcset?="[^"]+"/g, '')
}

function figuresOf(markdown: string): readonly string[] {
  return [...new Set(proseOf(markdown).match(/\d+(?:[.,:]\d+)*/g))].sort()
}

/** The commands that stand within a sentence or a table. */
function namedCommandsOf(markdown: string): readonly string[] {
  return [...markdown.replaceAll(fence, '').matchAll(/`((?:npx|npm|curl|--)[^`]*)`/g)].map(
    ([, command]) => command!,
  )
}

function pagesOf(markdown: string): readonly string[] {
  const links = [...markdown.matchAll(/(?:\]\(|src(?:set)?=")([^)"]+)/g)].map(([, link]) => link!)
  return links.filter((link) => !link.startsWith('README'))
}

/** Question, command and answer of a table's row. */
function answersOf(markdown: string): readonly (readonly [command: string, line: string])[] {
  return [...markdown.matchAll(/^\| [^|`]+ \| `(npx [^`]+)` +\| `([^`]+)` +\|$/gm)].map(
    ([, command, line]) => [command!, line!],
  )
}

describe('the README', () => {
  it.each([
    ['English', english],
    ['Chinese', chinese],
  ])('has at most 150 lines in %s', (_, markdown) => {
    expect(markdown.split('\n').length - 1).toBeLessThanOrEqual(150)
  })

  it('has the same commands and output in both languages', () => {
    expect(blocksOf(english).length).toBeGreaterThanOrEqual(7)
    expect(blocksOf(chinese)).toEqual(blocksOf(english))
    expect(new Set(namedCommandsOf(chinese))).toEqual(new Set(namedCommandsOf(english)))
  })

  it('has the same figures', () => {
    expect(figuresOf(english)).toEqual(expect.arrayContaining(['10,000', '19', '400', '443', '20.19']))
    expect(figuresOf(chinese)).toEqual(figuresOf(english))
  })

  it('leads to the same pages, in the same order', () => {
    expect(pagesOf(chinese)).toEqual(pagesOf(english))
  })

  it('deploys in six commands to AWS, and in five lines to Tencent Cloud', () => {
    const [toAws = '', toTencent = ''] = blocksOf(english).slice(-2)
    expect(toAws).toContain('npx serverless deploy --stage prod')
    expect(toAws.split('\n').slice(1, -1)).toHaveLength(6)
    expect(toTencent).toContain('npx serverless deploy --config serverless.tencent.yml --stage prod')
    expect(toTencent.split('\n').slice(1, -1)).toHaveLength(5)
  })

  it('has six questions, and answers that docs/commands.md has, which a test runs', () => {
    const answers = answersOf(english)
    expect(answers).toHaveLength(4)
    for (const [command, line] of answers) {
      const shown = commandsPage.split(`\`\`\`sh\n${command}\n\`\`\`\n`)[1] ?? ''
      expect(/```\n[^]*?```/.exec(shown)?.[0]).toContain(line)
    }
    expect(answersOf(chinese)).toEqual(answers)
  })
})
