import { access, readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// The client is packed with a manifest of its own. With this project's, an application would install what only the functions
// and the commands need, and a Node, which would take the place of its own in its scripts; and a `ledger` that is not packed.
// npm packs what stands in package.json between `prepack` (trim) and `postpack` (restore).

const root = fileURLToPath(new URL('..', import.meta.url))
const manifest = join(root, 'package.json')
const whole = join(root, 'package.whole.json')

const kept = ['name', 'version', 'description', 'license', 'private', 'type', 'engines', 'exports', 'files']
/** What the build leaves outside its bundles. */
const dependency = '@aws-sdk/client-dynamodb'
/** What an application installs itself where rows are in PostgreSQL. */
const optionalPeer = 'pg'

const task = process.argv[2]
if (task !== 'trim' && task !== 'restore') throw new Error('Expected trim or restore.')
await restore()
if (task === 'trim') await trim()

async function trim(): Promise<void> {
  const all = JSON.parse(await readFile(manifest, 'utf8')) as {
    readonly dependencies: Readonly<Record<string, string>>
  }
  const trimmed = {
    ...Object.fromEntries(Object.entries(all).filter(([field]) => kept.includes(field))),
    dependencies: { [dependency]: all.dependencies[dependency] },
    peerDependencies: { [optionalPeer]: `^${all.dependencies[optionalPeer] ?? ''}` },
    peerDependenciesMeta: { [optionalPeer]: { optional: true } },
  }
  await rename(manifest, whole)
  await writeFile(manifest, `${JSON.stringify(trimmed, undefined, 2)}\n`)
}

/** Also after a packing that was interrupted. */
async function restore(): Promise<void> {
  const isTrimmed = await access(whole).then(
    () => true,
    () => false,
  )
  if (isTrimmed) await rename(whole, manifest)
}
