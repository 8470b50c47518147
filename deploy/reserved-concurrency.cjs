'use strict'

// `--param=ingestConcurrency=none` reserves nothing: an account that may run ten functions at once can reserve none of them. So
// does what is no number, to leave the word to deploy/settings-check.cjs: serverless would stop first, and name no setting.

module.exports = async ({ resolveVariable }) => {
  const concurrency = Number(await resolveVariable('param:ingestConcurrency'))
  return Number.isInteger(concurrency) && concurrency > 0 ? concurrency : null
}
