'use strict'

// Prints the callback URLs whole, at the end of `serverless deploy` and `serverless info`, except for the token: only
// you and the provider may know that. And what the query API answers, where it is deployed; its token is in no URL.

const whatTokenIs =
  'the first line that `npx ledger token new` printed. `npx ledger --stage <stage> urls --with-token` asks for it and prints the URLs whole.'

const providers = ['tencent-ses', 'sendcloud', 'sent']
const questions = ['suppressions/<address>', 'deliveries?recipient=<address>', 'openapi.json']

module.exports = class CallbackUrls {
  constructor(serverless) {
    this.hooks = {
      'after:aws:info:displayEndpoints': () => {
        const { serviceOutputs, service } = serverless
        const url = urlOf('ingest', serviceOutputs)
        if (url === undefined) return
        const { environment } = service.functions.ingest
        const urls = providers.map(
          (provider) => `${new URL(`${provider}/`, url)}${tokenOf(provider, environment)}`,
        )
        serviceOutputs.set('callback URLs', urls)
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

function tokenOf(provider, environment) {
  const own = environment[`CALLBACK_TOKEN_SHA256_${provider.toUpperCase().replaceAll('-', '_')}`]
  return own ? `<token for ${provider}>` : '<token>'
}
