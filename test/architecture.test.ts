import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'

// DESIGN: functions → use cases → providers → core; adapters implement lib/ports.ts; nothing imports upward.

const root = fileURLToPath(new URL('..', import.meta.url))

/** Which layer a file belongs to, and which layers it may import from. */
const layers: readonly { name: string; files: RegExp; mayImport: readonly string[] }[] = [
  { name: 'core', files: /^lib\/core\//, mayImport: ['core'] },
  { name: 'ports', files: /^lib\/ports\.ts$/, mayImport: ['core'] },
  { name: 'providers', files: /^lib\/providers\//, mayImport: ['core', 'providers'] },
  { name: 'table', files: /^lib\/table\//, mayImport: ['core', 'ports', 'table'] },
  { name: 'parameters', files: /^lib\/parameters\//, mayImport: ['core', 'ports', 'parameters'] },
  { name: 'ses', files: /^lib\/ses\//, mayImport: ['core', 'ports', 'ses'] },
  {
    name: 'surroundings',
    files: /^lib\/(?:surroundings|writers|poll-wiring|backfill-wiring|is-suppressed|record-send)\.ts$/,
    mayImport: ['core', 'ports', 'providers', 'use cases', 'table', 'ses', 'parameters', 'surroundings'],
  },
  { name: 'http', files: /^lib\/http\//, mayImport: ['core', 'ports', 'use cases', 'http'] },
  {
    name: 'use cases',
    files: /^lib\/(?:(?:reconcile|backfill)\/)?[^/]+\.ts$/,
    mayImport: ['core', 'ports', 'providers', 'use cases'],
  },
  {
    name: 'functions',
    files: /^functions\//,
    mayImport: ['core', 'ports', 'providers', 'use cases', 'table', 'ses', 'http', 'surroundings'],
  },
  {
    name: 'local',
    files: /^local\//,
    mayImport: ['core', 'ports', 'use cases', 'table', 'http', 'surroundings', 'functions', 'local'],
  },
  {
    name: 'deployed functions',
    files: /^cli\/deployed-functions\.ts$/,
    mayImport: ['core', 'ports', 'use cases'],
  },
  {
    name: 'cli',
    files: /^cli\//,
    mayImport: [
      'deployed functions',
      'core',
      'ports',
      'providers',
      'use cases',
      'table',
      'ses',
      'parameters',
      'surroundings',
      'functions',
      'local',
      'cli',
    ],
  },
]

function layerOf(file: string): (typeof layers)[number] {
  const layer = layers.find((known) => known.files.test(file))
  if (!layer) throw new Error(`${file} belongs to no layer: name one in this test.`)
  return layer
}

interface Import {
  /** A file of the project, or the name of a package. */
  readonly to: string
  readonly isOutside: boolean
}

/** Every import of every file, those of types included. */
function importsByFile(): ReadonlyMap<string, readonly Import[]> {
  const files = ['lib', 'functions', 'local', 'cli'].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))
      .map((file) => `${folder}/${file}`),
  )
  return new Map(files.map((file) => [file, importsOf(file)]))
}

function importsOf(file: string): readonly Import[] {
  return ts.preProcessFile(readFileSync(root + file, 'utf8')).importedFiles.map(({ fileName }) => {
    const isOutside = !fileName.startsWith('.')
    return { to: isOutside ? fileName : join(dirname(file), fileName), isOutside }
  })
}

describe('the arrows between layers', () => {
  const imports = [...importsByFile()].flatMap(([file, all]) => all.map((one) => ({ file, ...one })))

  it('never run back', () => {
    const arrowsBack = imports.filter(
      ({ file, to, isOutside }) => !isOutside && !layerOf(file).mayImport.includes(layerOf(to).name),
    )
    expect(arrowsBack.map(({ file, to }) => `${file} → ${to}`)).toEqual([])
  })

  it('leave the core to nothing outside it', () => {
    const outside = imports.filter(({ file, isOutside }) => isOutside && file.startsWith('lib/core/'))
    expect(outside.map(({ file, to }) => `${file} → ${to}`)).toEqual([])
  })

  it.each([
    [/^@aws-sdk\/(?!client-(?:ssm|lambda))/, ['surroundings', 'table']],
    // For the operator's commands alone: the functions are deployed without it.
    [/^@aws-sdk\/client-lambda/, ['deployed functions']],
    [/^@aws-sdk\/client-ssm/, ['parameters']],
    [/^tencentcloud/, ['ses']],
    [/^@middy\//, ['functions', 'http']],
  ])('lead to the packages %s from %j only', (packages, expected) => {
    const users = imports.filter(({ file, to }) => packages.test(to) && !file.startsWith('local/'))
    expect([...new Set(users.map(({ file }) => layerOf(file).name))].sort()).toEqual(expected)
  })
})
