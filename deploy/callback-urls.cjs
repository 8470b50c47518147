'use strict'

// Prints the callback URLs whole, at the end of `serverless deploy` and `serverless info`, except for the token: only
// you and the provider may know that. And what the query API answers, where it is deployed; its token is in no URL.

const callbackPaths = require('./callback-paths.cjs')

const whatTokenIs =
  'the first line that `npx ledger token new` printed. `npx ledger --stage <stage> urls --with-token` asks for it and prints the URLs whole.'

const questions = ['suppressions/<address>', 'deliveries?recipient=<address>', 'openapi.json']

module.exports = class CallbackUrls {
  constructor(serverless) {
    this.hooks = {
      'after:aws:info:displayEndpoints': () => {
        const { serviceOutputs, service } = serverless
        const url = urlOf('ingest', serviceOutputs)
        if (url === undefined) return
        serviceOutputs.set('callback URLs', callbackPaths(url, service.functions.ingest.environment))
        serviceOutputs.set('<token>', whatTokenIs)
        const queryUrl = urlOf('query', serviceOutputs)
        if (queryUrl === undefined) return
        serviceOutputs.set(
          'query API',
          questions.map((question) => `${queryUrl}${question}`),
        )
      },
    }
  }
}

/** osls names the function of an endpoint only where there are several. */
function urlOf(name, serviceOutputs) {
  const only = name === 'ingest' ? serviceOutputs.get('endpoint') : undefined
  const named = (serviceOutputs.get('endpoints') ?? []).find((endpoint) => endpoint.startsWith(`${name}: `))
  return only ?? named?.slice(`${name}: `.length)
}
