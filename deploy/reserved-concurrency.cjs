'use strict'

// `--param=ingestConcurrency=none` reserves nothing: an account that may run ten functions at once can reserve none of them.

module.exports = async ({ resolveVariable }) => {
  const concurrency = await resolveVariable('param:ingestConcurrency')
  return concurrency === 'none' ? null : concurrency
}
