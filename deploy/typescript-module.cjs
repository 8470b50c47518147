'use strict'

const { join } = require('node:path')
const { buildSync } = require('esbuild')

/**
 * A module of this folder that is written in TypeScript: the Node that runs a plugin may know only JavaScript.
 * @param options - more for esbuild
 */
module.exports = function typeScriptModule(file, options = {}) {
  const { outputFiles } = buildSync({
    entryPoints: [join(__dirname, file)],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    ...options,
  })
  const module = { exports: {} }
  new Function('module', 'exports', 'require', outputFiles[0].text)(module, module.exports, require)
  return module.exports
}
