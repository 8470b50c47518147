'use strict'

const { existsSync, readFileSync } = require('node:fs')
const { join } = require('node:path')
const { parse } = require('yaml')

// settings.yml: the settings of one's own stages, in a file that no update of the project changes. They go before those that
// serverless.yml has for the same stage. Without the file nothing changes. For serverless.tencent.yml it is settings.tencent.yml.

/**
 * What settings.yml sets.
 * @param names - every setting that there is
 * @param file - default: settings.yml
 * @returns `set` has each setting of each stage; `problemsOf(stage)` says what is wrong with what that stage would use, a line each
 */
module.exports = function ownSettings(serviceDir, names, file = 'settings.yml') {
  const path = join(serviceDir, file)
  if (!existsSync(path)) return { set: [], problemsOf: () => [] }
  const { stages, problems } = stagesIn(readFileSync(path, 'utf8'), names, file)
  const all = stages.flatMap(([stage, settings]) =>
    Object.entries(settings).map(([name, value]) => ({
      stage,
      name,
      value,
      problem: problemOf(name, value, names),
    })),
  )
  return {
    set: all.filter(({ problem }) => problem === undefined),
    problemsOf: (stage) => [
      ...problems,
      ...all
        .filter((setting) => [stage, 'default'].includes(setting.stage) && setting.problem !== undefined)
        .map((setting) => `${file}, under ${setting.stage}: ${setting.problem}`),
    ],
  }
}

function stagesIn(text, names, file) {
  let content
  try {
    content = parse(text) ?? {}
  } catch (error) {
    return { stages: [], problems: [`${file} is no YAML: ${error.message.split('\n', 1)[0]}`] }
  }
  if (!isMapping(content)) return { stages: [], problems: [`${file}: expected ${shape}`] }
  const sections = Object.entries(content).filter(([, settings]) => settings !== null)
  const problems = sections
    .filter(([, settings]) => !isMapping(settings))
    .map(([name]) =>
      names.includes(name)
        ? `${file}: ${name} stands outside of any stage; expected ${shape}`
        : `${file}: expected settings under ${name}`,
    )
  return { stages: sections.filter(([, settings]) => isMapping(settings)), problems }
}

const shape = "a stage's name, such as prod:, and its settings indented below it"

function isMapping(value) {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function problemOf(name, value, names) {
  if (!names.includes(name)) return `there is no setting ${name}. There are: ${names.join(', ')}.`
  if (value === null) return `${name} has no value; write '' for none, or take the line out.`
  if (typeof value === 'object')
    return `${name} is a list or a mapping; expected text, a number, true or false.`
  return undefined
}
