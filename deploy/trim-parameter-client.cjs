'use strict'

// The functions use one operation of Systems Manager, and esbuild would keep 70 KB of what its client has for 150
// others: computed keys and registered errors count as side effects. If a later version is written differently, the
// bundle works, but is larger than test/proof/bundle.test.ts allows.

const { readFile } = require('node:fs/promises')

/** The same shapes, so that esbuild can drop those that nothing refers to. An error without a class of its own keeps its name. */
function droppable(schemas) {
  const texts = new Map(
    Array.from(schemas.matchAll(/^const (\w+) = ("\w+");$/gm), ([, name, text]) => [name, text]),
  )
  return schemas
    .replace(/\[(\w+)\]: /g, (key, name) => (texts.has(name) ? `${texts.get(name)}: ` : key))
    .replace(/^n0_registry\.registerError\(.+\);$/gm, '')
}

module.exports = [
  {
    name: 'trim-parameter-client',
    setup({ onLoad }) {
      onLoad({ filter: /[\\/]client-ssm[\\/]dist-es[\\/]schemas[\\/]schemas_0\.js$/ }, async ({ path }) => ({
        contents: droppable(await readFile(path, 'utf8')),
      }))
    },
  },
]
