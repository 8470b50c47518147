import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from '@jest/globals'
import type { Entry } from '../../bench/measure/tracer.ts'

interface Walked {
  readonly name: string
  readonly warm: readonly Entry[]
}

const program = `
  import { walkAll } from ${JSON.stringify(new URL('../../bench/measure/walks.ts', import.meta.url).href)}
  process.stdout.write(JSON.stringify(await walkAll()))
`

let walks: readonly Walked[]

beforeAll(async () => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--no-warnings', '-e', program],
    { maxBuffer: 10_000_000 },
  )
  walks = JSON.parse(stdout) as readonly Walked[]
})

function filesOf(name: string): ReadonlySet<string> {
  return new Set(entriesOf(name).map(({ file }) => file))
}

function entriesOf(name: string): readonly Entry[] {
  return walks.find((walk) => walk.name === name)?.warm ?? []
}

/** How often each of these functions is entered. */
function timesOf(name: string, functions: readonly string[]): readonly number[] {
  return functions.map(
    (one) => entriesOf(name).filter((entry) => `${entry.file} ${entry.name}` === one).length,
  )
}

const rules = ['lib/core/suppression-rules.ts', 'lib/core/judge-reply.ts']

describe('what speaks against no address', () => {
  it.each(['SendCloud: delivered', 'reconcile: one lost mail'])('passes none of the rules: %s', (name) => {
    expect(filesOf(name)).toContain('lib/table/delivery-writer.ts')
    expect(rules.filter((file) => filesOf(name).has(file))).toEqual([])
  })

  it.each(['SendCloud: invalid', 'Tencent SES: bounce'])('is no bounce, which passes them: %s', (name) => {
    expect(rules.filter((file) => filesOf(name).has(file))).toEqual(rules)
  })
})

describe('a body', () => {
  const steps = [
    'lib/providers/body/text.ts unpacked',
    'lib/providers/body/text.ts decodeText',
    'lib/providers/body/bounds.ts formBeyond',
  ]

  it.each(['SendCloud: delivered', 'SendCloud: invalid'])(
    'is unpacked, decoded and looked through once: %s',
    (name) => {
      expect(timesOf(name, steps)).toEqual([1, 1, 1])
    },
  )
})
