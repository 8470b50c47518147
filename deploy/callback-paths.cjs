'use strict'

const providers = ['tencent-ses', 'sendcloud', 'sent']

/** The callback URLs of a deployment, whole but for the token. */
module.exports = function callbackPaths(url, environment) {
  return providers.map((provider) => `${new URL(`${provider}/`, url)}${tokenOf(provider, environment)}`)
}

function tokenOf(provider, environment) {
  const own = environment[`CALLBACK_TOKEN_SHA256_${provider.toUpperCase().replaceAll('-', '_')}`]
  return own ? `<token for ${provider}>` : '<token>'
}
