'use strict'

// Runs a function as SCF does, in a process of its own: `<file>.<function>` is required from the zip's root, and what it
// returns is written as JSON. Its clock can be set on, so that a month passes in seconds.

const { createRequire } = require('node:module')
const { join } = require('node:path')

const [, , folder, handler] = process.argv
const [file, name] = handler.split('.')

const RealDate = Date
let aheadMs = 0
globalThis.Date = class Date extends RealDate {
  constructor(...parts) {
    if (parts.length === 0) super(RealDate.now() + aheadMs)
    else super(...parts)
  }
  static now() {
    return RealDate.now() + aheadMs
  }
}

const main = createRequire(join(folder, 'index.js'))(`./${file}`)[name]

process.on('message', async ({ id, nowMs, event, context }) => {
  aheadMs = nowMs === undefined ? 0 : nowMs - RealDate.now()
  try {
    process.send({ id, returned: JSON.stringify(await main(event, context)) })
  } catch (error) {
    process.send({ id, thrown: { message: error.message, stack: error.stack } })
  }
})
process.send({ version: process.version })
