import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from '@jest/globals'
import ts from 'typescript'

// docs/adr/0012: functions → wiring → use cases → providers → core; adapters implement the ports; nothing imports upward.

const root = fileURLToPath(new URL('..', import.meta.url))

const useCases = ['ingest', 'quarantine', 'suppressions', 'reconcile', 'erase', 'query']
const adapters = ['rows', 'table', 'postgres', 'parameters', 'status APIs']
const belowWiring = ['core', 'ports', 'providers', 'runtime', ...useCases, ...adapters]

/** Which layer a file belongs to, and which layers it may import from. */
const layers: readonly { name: string; files: RegExp; mayImport: readonly string[] }[] = [
  { name: 'core', files: /^lib\/core\//, mayImport: ['core'] },
  { name: 'ports', files: /^lib\/[a-z]+\/ports\.ts$/, mayImport: ['core', 'ports'] },
  { name: 'providers', files: /^lib\/providers\//, mayImport: ['core', 'providers'] },
  {
    name: 'runtime',
    files: /^lib\/runtime\/(?!http\/|parameters\/|runtime\.ts)/,
    mayImport: ['core', 'ports', 'providers', 'runtime'],
  },
  {
    name: 'ingest',
    files: /^lib\/ingest\//,
    mayImport: ['core', 'ports', 'providers', 'runtime', 'ingest'],
  },
  {
    name: 'quarantine',
    files: /^lib\/quarantine\//,
    mayImport: ['core', 'ports', 'providers', 'runtime', 'ingest', 'reconcile', 'quarantine'],
  },
  {
    name: 'suppressions',
    files: /^lib\/suppressions\//,
    mayImport: ['core', 'ports', 'runtime', 'suppressions'],
  },
  {
    name: 'reconcile',
    files: /^lib\/reconcile\//,
    mayImport: ['core', 'ports', 'runtime', 'reconcile'],
  },
  {
    name: 'erase',
    files: /^lib\/erase\//,
    mayImport: ['core', 'ports', 'providers', 'runtime', 'erase'],
  },
  { name: 'query', files: /^lib\/query\//, mayImport: ['core', 'ports', 'providers', 'runtime', 'query'] },
  // What rows hold, whichever store keeps them.
  { name: 'rows', files: /^lib\/rows\//, mayImport: ['core', 'ports', 'rows'] },
  { name: 'table', files: /^lib\/table\//, mayImport: ['core', 'ports', 'rows', 'table'] },
  { name: 'postgres', files: /^lib\/postgres\//, mayImport: ['core', 'ports', 'rows', 'postgres'] },
  { name: 'parameters', files: /^lib\/runtime\/parameters\//, mayImport: ['core', 'ports', 'parameters'] },
  {
    name: 'status APIs',
    files: /^lib\/status-apis\//,
    mayImport: ['core', 'ports', 'providers', 'status APIs'],
  },
  { name: 'http', files: /^lib\/runtime\/http\//, mayImport: ['core', 'ports', 'ingest', 'http'] },
  {
    name: 'wiring',
    files: /^lib\/(?:wiring\/|runtime\/runtime\.ts$)/,
    mayImport: [...belowWiring, 'wiring'],
  },
  {
    name: 'client',
    files: /^lib\/client\//,
    mayImport: ['core', 'ports', 'providers', 'runtime', 'rows', 'table', 'postgres', 'client'],
  },
  { name: 'any cloud', files: /^functions\/any-cloud\//, mayImport: [...belowWiring, 'wiring', 'any cloud'] },
  {
    name: 'Tencent SCF',
    files: /^functions\/tencent\//,
    mayImport: [...belowWiring, 'wiring', 'http', 'any cloud', 'Tencent SCF'],
  },
  {
    name: 'server',
    files: /^functions\/server\//,
    mayImport: [...belowWiring, 'wiring', 'http', 'any cloud', 'server'],
  },
  {
    name: 'functions',
    files: /^functions\//,
    mayImport: [...belowWiring, 'wiring', 'http', 'any cloud'],
  },
  // The programs of the local stack, which show its console.
  {
    name: 'start',
    files: /^local\/start(?:-console)?\.ts$/,
    mayImport: [...belowWiring, 'wiring', 'http', 'functions', 'local', 'cli', 'start'],
  },
  { name: 'deploy', files: /^deploy\//, mayImport: [] },
  {
    name: 'local',
    files: /^local\//,
    mayImport: [...belowWiring, 'wiring', 'http', 'functions', 'deploy', 'local'],
  },
  {
    name: 'deployed functions',
    files: /^cli\/deployed-functions\.ts$/,
    mayImport: ['core', 'ports', 'runtime'],
  },
  { name: 'function logs', files: /^cli\/tail\/function-logs\.ts$/, mayImport: ['core', 'ports', 'runtime'] },
  {
    name: 'cli',
    files: /^cli\//,
    mayImport: [
      ...belowWiring,
      'wiring',
      'client',
      'any cloud',
      'local',
      'deployed functions',
      'function logs',
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
    [/^@aws-sdk\/(?!client-(?:ssm|lambda|cloudwatch))/, ['table', 'wiring']],
    // For the operator's commands alone: the functions are deployed without it.
    [/^@aws-sdk\/client-lambda/, ['deployed functions']],
    [/^@aws-sdk\/client-cloudwatch-logs/, ['function logs']],
    [/^@aws-sdk\/client-cloudwatch$/, ['cli']],
    [/^@aws-sdk\/client-ssm/, ['parameters']],
    [/^pg$/, ['postgres']],
    [/^tencentcloud/, ['postgres', 'status APIs']],
    [/^@middy\//, ['functions', 'http']],
    [/^(?:hono|@hono)/, ['cli', 'server']],
    // No function is deployed with them.
    [/^(?:isbot|csv-stringify|linkedom|@observablehq)/, ['cli']],
  ])('lead to the packages %s from %j only', (packages, expected) => {
    const users = imports.filter(({ file, to }) => packages.test(to) && !file.startsWith('local/'))
    expect([...new Set(users.map(({ file }) => layerOf(file).name))].sort()).toEqual(expected)
  })
})
