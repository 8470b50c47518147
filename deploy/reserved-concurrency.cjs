'use strict'

// `--param=ingestConcurrency=none` reserves nothing: an account that may run ten functions at once can reserve none of
// them. A value that is not a number does the same, so that deploy/settings-check.cjs reports it: serverless would stop
// first, without naming the setting.

const reservedBy =
  (setting) =>
  async ({ resolveVariable }) => {
    const concurrency = Number(await resolveVariable(`param:${setting}`))
    return Number.isInteger(concurrency) && concurrency > 0 ? concurrency : null
  }

module.exports = { ofIngest: reservedBy('ingestConcurrency'), ofQuery: reservedBy('queryConcurrency') }
