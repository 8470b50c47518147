import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { projectRoot } from './running-command.ts'

// Every relative link of the README and the pages leads to a file that is there, and to a heading that it has.

const pages = [
  'README.md',
  'README.zh-CN.md',
  'CHANGELOG.md',
  ...readdirSync(join(projectRoot, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
]

const read = (file: string) => readFileSync(join(projectRoot, file), 'utf8')

function withoutCode(markdown: string): string {
  return markdown.replaceAll(/^ *```[^]*?^ *```$/gm, '').replaceAll(/`[^`\n]*`/g, '')
}

function linksOf(markdown: string): readonly string[] {
  const links = [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)|\bsrc(?:set)?="([^"]+)"/g)]
  return links
    .map(([, link, image]) => link ?? image ?? '')
    .filter((link) => !/^(?:https?|mailto):/.test(link))
}

/** As GitHub names headings: letters, digits, hyphens and underscores, in lower case; one that repeats gets a number. */
function anchorsOf(markdown: string): ReadonlySet<string> {
  const anchors = new Set<string>()
  for (const [, heading = ''] of markdown
    .replaceAll(/^ *```[^]*?^ *```$/gm, '')
    .matchAll(/^#{1,6} (.+)$/gm)) {
    const text = heading
      .replaceAll(/\]\([^)]*\)/g, '')
      .trim()
      .toLowerCase()
    const slug = text.replaceAll(/[^\p{L}\p{N} _-]/gu, '').replaceAll(' ', '-')
    let anchor = slug
    for (let count = 1; anchors.has(anchor); count += 1) anchor = `${slug}-${count}`
    anchors.add(anchor)
  }
  return anchors
}

function problemOf(page: string, link: string): string | undefined {
  const [path = '', anchor] = link.split('#')
  const file = path === '' ? page : normalize(join(dirname(page), path))
  if (!existsSync(join(projectRoot, file))) return `${page}: there is no ${file}`
  if (anchor === undefined || anchorsOf(read(file)).has(anchor)) return undefined
  return `${page}: ${file} has no heading #${anchor}`
}

describe('the links of the README and the pages', () => {
  it('lead to files and headings that are there', () => {
    const problems = pages.flatMap((page) => linksOf(read(page)).map((link) => problemOf(page, link)))
    expect(problems.length).toBeGreaterThan(100)
    expect(problems.filter((problem) => problem !== undefined)).toEqual([])
  })

  it('would be found dead', () => {
    expect(problemOf('README.md', 'docs/nowhere.md')).toBe('README.md: there is no docs/nowhere.md')
    expect(problemOf('docs/poll.md', '#nothing')).toBe('docs/poll.md: docs/poll.md has no heading #nothing')
    expect(problemOf('docs/poll.md', 'deploy.md#a-sub-account-of-tencent-cloud')).toBeUndefined()
    expect(linksOf('[a](b.md) `[c](d.md)` <img src="e.png">')).toEqual(['b.md', 'e.png'])
  })

  it('reach every page from the README', () => {
    const reached = new Set(['README.md'])
    for (const page of reached) {
      for (const link of linksOf(read(page))) {
        const file = normalize(join(dirname(page), link.split('#')[0] ?? ''))
        if (file.endsWith('.md') && existsSync(join(projectRoot, file))) reached.add(file)
      }
    }
    expect(pages.filter((page) => !reached.has(page))).toEqual([])
  })
})
