'use strict'

/** What `--param` sets: `retentionDays=90`, as often as it was said. */
module.exports = function commandLineParams(given = []) {
  const pairs = [given].flat().map((text) => /^([^=]+)=(.*)$/s.exec(text) ?? [])
  return Object.fromEntries(pairs.map(([, name, value]) => [name, value]))
}
