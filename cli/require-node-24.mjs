// Must stay plain JavaScript that runs on any Node: it detects an old one.
const major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  process.stderr.write(
    `delivery-ledger needs Node 24 and found ${process.versions.node}. On Linux (x64, arm64) 'npm install' brings it along, ` +
      `so run 'npm install' without --omit=optional; elsewhere install Node 24 yourself.\n`,
  )
  process.exit(1)
}
