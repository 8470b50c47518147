import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'

interface OwnSettings {
  readonly set: readonly { readonly stage: string; readonly name: string; readonly value: unknown }[]
  readonly problemsOf: (stage: string) => readonly string[]
}
const ownSettings = createRequire(import.meta.url)('../../deploy/own-settings.cjs') as (
  folder: string,
  names: readonly string[],
) => OwnSettings
const names = ['retentionDays', 'alarmEmail']

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'own-settings-'))
})
afterAll(() => {
  rmSync(folder, { recursive: true })
})

function read(text: string): OwnSettings {
  writeFileSync(join(folder, 'settings.yml'), text)
  return ownSettings(folder, names)
}

describe('settings.yml', () => {
  it('may be missing, empty, or have a stage with nothing below it', () => {
    expect(ownSettings(join(folder, 'nowhere'), names)).toMatchObject({ set: [] })
    expect(ownSettings(join(folder, 'nowhere'), names).problemsOf('prod')).toEqual([])
    for (const text of ['', '# nothing\n', 'prod:\n']) expect(read(text)).toMatchObject({ set: [] })
    for (const text of ['', 'prod:\n']) expect(read(text).problemsOf('prod')).toEqual([])
  })

  it('sets what stands under each stage', () => {
    const { set } = read("default:\n  alarmEmail: ''\nprod:\n  retentionDays: 90\n")
    expect(set.map(({ stage, name, value }) => [stage, name, value])).toEqual([
      ['default', 'alarmEmail', ''],
      ['prod', 'retentionDays', 90],
    ])
  })

  it('names a wrong key with its stage, and sets the right ones', () => {
    const settings = read('prod:\n  retentionDay: 90\n  alarmEmail: me@example.com\n')
    expect(settings.problemsOf('prod')).toEqual([
      'settings.yml, under prod: there is no setting retentionDay. There are: retentionDays, alarmEmail.',
    ])
    expect(settings.set).toHaveLength(1)
  })

  it('keeps one stage deployable whatever is wrong with another, and none where all are concerned', () => {
    expect(read('staging:\n  retentionDay: 90\n').problemsOf('prod')).toEqual([])
    expect(read('default:\n  retentionDay: 90\n').problemsOf('prod')).toHaveLength(1)
  })

  it.each([
    [
      'retentionDays: 90\n',
      /^settings\.yml: retentionDays stands outside of any stage; expected a stage's name/,
    ],
    ['prod: 90\n', /^settings\.yml: expected settings under prod$/],
    [
      '- prod\n',
      /^settings\.yml: expected a stage's name, such as prod:, and its settings indented below it$/,
    ],
    ['prod:\n\tretentionDays: 90\n', /^settings\.yml is no YAML: Tabs are not allowed/],
    ['prod:\n  alarmEmail:\n', /^settings\.yml, under prod: alarmEmail has no value; write '' for none/],
    ['prod:\n  alarmEmail: [a, b]\n', /^settings\.yml, under prod: alarmEmail is a list or a mapping/],
  ])('says what is wrong with %j', (text, problem) => {
    const settings = read(text)
    expect(settings.problemsOf('prod')).toEqual([expect.stringMatching(problem)])
    expect(settings.set).toEqual([])
  })
})
